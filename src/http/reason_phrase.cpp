// reason_phrase: the words of RFC 9110 15 (and RFC 6585, 7725, 8470) for a status. Declared in forwarding.h.
#include <algorithm>
#include <array>

#include "http/forwarding.h"

namespace holdfast::http {
namespace {

struct Phrase {
  std::uint16_t status;
  std::string_view text;
};

constexpr std::array phrases{
    Phrase{200, "OK"},
    Phrase{204, "No Content"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{408, "Request Timeout"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{426, "Upgrade Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
    Phrase{507, "Insufficient Storage"},
    Phrase{508, "Loop Detected"},
    Phrase{511, "Network Authentication Required"},
};
static_assert(std::is_sorted(phrases.begin(), phrases.end(), [](Phrase a, Phrase b) { return a.status < b.status; }));

}  // namespace

std::string_view reason_phrase(std::uint16_t status) noexcept {
  const auto at =
      std::lower_bound(phrases.begin(), phrases.end(), status, [](Phrase p, std::uint16_t s) { return p.status < s; });
  return at != phrases.end() && at->status == status ? at->text : std::string_view();
}

}  // namespace holdfast::http
