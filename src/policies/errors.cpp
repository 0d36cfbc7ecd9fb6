// errors: what a client may read when something went wrong. Data for the engine, which replaces bodies and strips
// fields.
//
// The cause of an app's 5xx goes to the log and never to the client.
#include "policies/catalog_line.h"

namespace holdfast::policies {
namespace {

using literals::operator""_B;
using literals::operator""_KiB;

struct Errors {
  bool replace_5xx = true;
  std::string message = "internal error";
  ByteCount keep_cause = 2_KiB;
  http::ReplyFormat format = http::ReplyFormat::simple;
  bool proxy_status = false;
  std::vector<std::string> strip{"server", "x-powered-by"};
};

void plan_errors(const PolicySettings& settings, Plan& plan) {
  const bool strips = settings.enforced() && !settings.service<Errors>().strip.empty();
  if (strips) {
    for (const std::string& name : settings.service<Errors>().strip) plan.names.mark(name, http::mark_strip);
  }
  for (RoutePlan& out : plan.routes) {
    const auto& errors = settings.on_route<Errors>(out.index);
    out.replace_5xx = settings.enforced() && errors.replace_5xx;
    out.replace_5xx_report = settings.reported() && errors.replace_5xx;
    out.replace_5xx_rule = plan.rule("errors", "replace5xx", out.index);
    out.message = errors.message;
    out.keep_cause = errors.keep_cause.bytes;
    out.format = errors.format;
    out.proxy_status = errors.proxy_status;
    out.strip = strips;
  }
}

}  // namespace

CatalogLine errors() {
  using config::routable;
  static const auto section =
      config::Section<Errors>("errors", "What a client may read when something went wrong.", config::Modes::with_report)
          .flag("replace5xx", &Errors::replace_5xx,
                "Puts a body of our own in the place of the app's 5xx body; the status stays.", routable)
          .text("message", &Errors::message, config::check_message, "All that a 5xx says.", routable)
          .size("keepCause", &Errors::keep_cause, {0_B, 8_KiB},
                "How much of a replaced body goes into the log line, redacted.", routable)
          .choice("format", &Errors::format,
                  {{"simple", http::ReplyFormat::simple}, {"problem", http::ReplyFormat::problem}},
                  "Content of our own errors: application/json, or application/problem+json (RFC 9457).", routable)
          .flag("proxyStatus", &Errors::proxy_status, "Adds Proxy-Status (RFC 9209) to our own errors.", routable)
          .words("strip", &Errors::strip, config::check_header_name,
                 "Fields removed from every response and its trailers.");
  return {.section = &section, .plan = plan_errors};
}

}  // namespace holdfast::policies
