// Waivers: all four keys are required, so that each has an owner, a reason and an end.
#include "config/waiver_reader.h"

#include <array>

#include "config/codes.h"
#include "config/nearest.h"
#include "config/values.h"

namespace holdfast::config {
namespace {

const std::array<std::string, 4> waiver_keys{"check", "until", "owner", "because"};

std::string two_digits(unsigned n) { return n < 10 ? "0" + std::to_string(n) : std::to_string(n); }

class WaiverReader {
 public:
  WaiverReader(Reader& reader, std::span<const AnySection* const> sections, std::chrono::year_month_day today)
      : reader_(reader), sections_(sections), today_(today) {}

  Waiver read(const Node& node) {
    Waiver waiver;
    waiver.place = node.place;
    for (const std::string& key : waiver_keys) {
      if (node.find(key) == nullptr)
        reader_.fault(node.place, code::missing_key, "the waiver has no '" + key + "'", "add " + key + ": …");
    }
    for (const Entry& entry : node.entries) {
      if (entry.key == "check") {
        read_check(entry, waiver);
      } else if (entry.key == "until") {
        read_until(entry, waiver);
      } else if (entry.key == "owner") {
        waiver.owner = reader_.read_text(entry, check_message);
      } else if (entry.key == "because") {
        waiver.because = reader_.read_text(entry, check_message);
      } else {
        reader_.unknown_key(entry, waiver_keys);
      }
    }
    return waiver;
  }

 private:
  // A check is a policy and a word: `rateLimit.enforced`.
  void read_check(const Entry& entry, Waiver& waiver) {
    waiver.check = reader_.read_text(entry, check_word);
    if (waiver.check.empty()) return;
    std::vector<std::string> names;
    const std::string policy = waiver.check.substr(0, waiver.check.find('.'));
    for (const AnySection* section : sections_) {
      if (section->name() == policy && waiver.check.size() > policy.size() + 1) return;
      names.push_back(section->name());
    }
    std::string near = nearest(policy, names);
    if (near == policy) near.clear();
    reader_.fault(entry.value.place, code::bad_text, "'" + waiver.check + "' names no check",
                  "write POLICY.CHECK, such as rateLimit.enforced", std::move(near));
  }

  void read_until(const Entry& entry, Waiver& waiver) {
    const std::string text = reader_.read_text(entry, check_word);
    if (text.empty()) return;
    const auto date = parse_date(text);
    if (!date) {
      reader_.fault(entry.value.place, code::bad_date, "'" + text + "' is no date",
                    "write year, month and day: 2026-12-31");
      return;
    }
    waiver.until = *date;
    waiver.expired = today_.ok() && *date < today_;
    if (waiver.expired) {
      reader_.warn(entry.value.place, code::expired_waiver, "the waiver ended on " + text,
                   "fix what it waives, or agree on a new date with its owner");
    }
  }

  Reader& reader_;
  std::span<const AnySection* const> sections_;
  std::chrono::year_month_day today_;
};

}  // namespace

std::optional<std::chrono::year_month_day> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_count(text.substr(0, 4));
  const auto month = parse_count(text.substr(5, 2));
  const auto day = parse_count(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return date;
}

std::string to_text(std::chrono::year_month_day date) {
  return std::to_string(static_cast<int>(date.year())) + "-" + two_digits(static_cast<unsigned>(date.month())) + "-" +
         two_digits(static_cast<unsigned>(date.day()));
}

void read_waivers(Reader& reader, const Entry& entry, std::span<const AnySection* const> sections,
                  std::chrono::year_month_day today, std::vector<Waiver>& waivers) {
  if (!reader.is_list(entry, "a list of waivers")) return;
  WaiverReader one(reader, sections, today);
  for (const Node& node : entry.value.items) {
    if (reader.is_mapping(node, "{check: …, until: …, owner: …, because: …}")) waivers.push_back(one.read(node));
  }
}

}  // namespace holdfast::config
