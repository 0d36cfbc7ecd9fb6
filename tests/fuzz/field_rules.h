// field_rules: which received fields go on (RFC 9110 7.6), said a second time: slowly, over plain lists of text.
//
// Nothing of src/http is used, so that a mistake there is not repeated here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::fuzz {

struct NamedValue {
  std::string name;
  std::string value;
};
using Fields = std::vector<NamedValue>;

// Names that the target's configuration marks.
inline constexpr std::string_view request_id = "x-request-id";
inline constexpr std::string_view stripped = "x-powered-by";
inline constexpr std::string_view never_sent = "x-secret";

struct RequestRule {
  bool trusts = false;       // one hop in front of us is believed
  bool replaces_id = false;  // the request id is ours
  bool upgrade = false;
  bool te_trailers = false;
  bool http10 = false;
  bool options = false;
  bool expect_continue = false;
  std::string_view peer;
};
void check_request_fields(const Fields& in, const Fields& out, const RequestRule& rule);

struct ResponseRule {
  bool strips = false;
  bool chunked = false;
  bool interim = false;
  bool closes = false;
};
void check_response_fields(const Fields& in, const Fields& out, const ResponseRule& rule);

void check_trailer_name(std::string_view name, bool strip);

}  // namespace holdfast::fuzz
