// comparison: two readings of the same bytes, ours and llhttp's, and what follows from how they differ.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/http_stream.h"

namespace holdfast::differential {

enum class Kind : std::uint8_t { request, response, response_to_head };

enum class Verdict : std::uint8_t {
  same,      // read alike to the end
  neither,   // read alike up to where both refuse, or wait
  stricter,  // we refuse what llhttp takes: `what` is our reason
  closes,    // we end a connection that llhttp would go on with
  argued,    // we take what llhttp refuses, and the RFC is on our side: `what` is the argument
  looser,    // a finding: we forward what llhttp refuses
  framing,   // a finding: both take it and read different messages
};
inline constexpr std::size_t verdicts = 7;
std::string_view word(Verdict verdict) noexcept;

struct Difference {
  Verdict verdict = Verdict::same;
  std::string what;
  std::size_t alike = 0;  // complete messages that both read alike, up to the difference
};

// Reads `bytes` with both parsers, as the bytes of one connection.
Difference compare(Kind kind, std::string_view bytes);

// The same of what we send on for the complete messages in `bytes`: there nothing is argued, and llhttp must read the
// messages and the content that we have read.
Difference compare_forwarded(Kind kind, std::string_view bytes);

}  // namespace holdfast::differential
