// redaction: secrets have no way into a line, whatever the mode of anything else.
//
// It has no hooks. Field names are marked while a head is parsed; whoever prints a query or a cause asks the plan for
// its names. It cannot be disabled, and a list that loses a default name needs `because:`.
#include "policies/catalog_line.h"

namespace holdfast::policies {
namespace {

struct Redaction {
  std::vector<std::string> headers{"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"};
  std::vector<std::string> query{"token", "access_token", "code", "sig", "signature", "key", "password"};
  std::vector<std::string> json{"password", "secret", "token"};
};

void plan_redaction(const PolicySettings& settings, Plan& plan) {
  const auto& redaction = settings.service<Redaction>();
  for (const std::string& name : redaction.headers) plan.names.mark(name, http::mark_redact);
  plan.redact_query = telemetry::NameSet(redaction.query);
  plan.redact_json = telemetry::NameSet(redaction.json);
}

}  // namespace

CatalogLine redaction() {
  using config::Words;
  static const auto section =
      config::Section<Redaction>("redaction",
                                 "Keeps secrets out of every log line: names stay, values become [redacted].",
                                 config::Modes::always)
          .words("headers", &Redaction::headers, config::check_header_name, "Fields whose values are never printed.",
                 Words::keep_defaults)
          .words(
              "query", &Redaction::query, config::check_word,
              "Query parameters whose values are never printed; percent-decoded and compared without regard to case.",
              Words::keep_defaults)
          .words("json", &Redaction::json, config::check_word,
                 "Members of JSON objects whose values are never printed, at any depth, in a kept cause.",
                 Words::keep_defaults);
  return {.section = &section, .plan = plan_redaction};
}

}  // namespace holdfast::policies
