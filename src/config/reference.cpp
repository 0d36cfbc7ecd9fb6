// Writes one table per section.
#include "config/reference.h"

#include "config/codes.h"
#include "config/field_schema.h"
#include "config/platform.h"

namespace holdfast::config {
namespace {

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code_cell(const std::string& text) { return text.empty() ? "–" : "`" + cell(text) + "`"; }

void write_fields(std::string& page, const AnySection& section, bool in_routes) {
  const AnySettings defaults = section.standard();
  page += in_routes ? "| Setting | Standard | Accepts | In a route | Meaning |\n|---|---|---|---|---|\n"
                    : "| Setting | Default | Accepts | Flag | Meaning |\n|---|---|---|---|---|\n";
  for (const Field& field : section.fields()) {
    const std::string_view flag = flag_of(field.key);
    const std::string fourth = in_routes ? (field.is_routable ? "yes" : "no") : code_cell(std::string(flag));
    page += "| `" + field.key + "` | " + code_cell(field.show(defaults)) + " | " + cell(accepted_text(field)) + " | " +
            fourth + " | " + cell(field.sentence) + " |\n";
  }
  page += "\n";
}

std::string modes_text(const AnySection& section) {
  std::string text;
  for (const Mode mode : {Mode::enforce, Mode::report, Mode::disabled}) {
    if (allows(section.modes(), mode)) text += (text.empty() ? "`" : ", `") + std::string(to_text(mode)) + "`";
  }
  return "Modes: " + text + "; standard: `" + std::string(to_text(section.standard_mode())) + "`.";
}

}  // namespace

std::string reference_page(std::span<const AnySection* const> sections) {
  const Section<Platform> platform = platform_section();
  std::string page =
      "# Settings\n\nGenerated from the declarations in the code: `holdfast schema reference`.\n\n## Platform "
      "file\n\n" +
      platform.sentence() + "\n\n";
  write_fields(page, platform, false);
  page += "## Policy file\n\n";
  for (const AnySection* section : sections) {
    page += "### " + section->name() + "\n\n" + section->sentence() + " " + modes_text(*section) + "\n\n";
    write_fields(page, *section, true);
  }
  page += "## Codes of faults\n\n| Code | Means |\n|---|---|\n";
  for (const Code& one : code_table) page += "| `" + std::string(one.word) + "` | " + cell(one.meaning) + " |\n";
  return page;
}

}  // namespace holdfast::config
