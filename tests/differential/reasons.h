// reasons: why we refuse what llhttp takes, and why we take what it refuses; each with its section of an RFC.
#pragma once

#include <span>
#include <string_view>

#include "support/http_stream.h"

namespace holdfast::differential {

struct Strictness {
  std::string_view reason;  // as our parser says it
  std::string_view why;
};

// Every reason that may appear in the table; another one is a finding.
std::span<const Strictness> strictnesses() noexcept;
// "" when it is not among them.
std::string_view why_refused(std::string_view reason) noexcept;

// Why message `i` of ours is right though llhttp ends there with an error; "" when there is no argument.
std::string_view argument_for(const testing::SeenStream& ours, std::size_t i, const testing::SeenStream& theirs);

inline constexpr std::string_view tunnel_argument =
    "101 without Connection: upgrade: what follows a 101 is not HTTP all the same (RFC 9110 15.2.2)";
inline constexpr std::string_view tab_argument =
    "a tab behind Content-Length, Transfer-Encoding or Connection: white space like any (RFC 9110 5.6.3)";

}  // namespace holdfast::differential
