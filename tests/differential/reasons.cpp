#include "differential/reasons.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"

namespace holdfast::differential {
namespace {

using testing::SeenField;
using testing::SeenMessage;
using testing::SeenStream;
using testing::StreamEnd;

// In the order of the grammar. "9112" and "9110" are RFCs.
constexpr std::array known{
    // Request line.
    Strictness{"bare LF", "9112 2.2: a recipient may take LF for CRLF; the next one may not"},
    Strictness{"bare CR", "9112 2.2: a bare CR is invalid"},
    Strictness{"control character", "9110 5.5: CTLs are no part of a value"},
    Strictness{"character in the method", "9110 9.1: a method is a token"},
    Strictness{"method too long", "9112 3: longer than any method; 501"},
    Strictness{"method_refused", "9110 9.3.6 and 9.3.8: CONNECT and TRACE are not for an app behind a proxy"},
    Strictness{"request line without a version", "9112 3: HTTP/0.9"},
    Strictness{"empty request target", "9112 3: a second space is a target without a character"},
    Strictness{"character in the request target", "9112 3.2, RFC 3986 2: visible ASCII without '#'"},
    Strictness{"form of the target", "9112 3.2: origin, absolute or asterisk form"},
    Strictness{"asterisk target without OPTIONS", "9112 3.2.4"},
    Strictness{"authority of the target", "9110 4.2.1, 4.2.4: a host, no userinfo"},
    Strictness{"target is no authority", "9112 3.2.3: of CONNECT"},
    Strictness{"uri_too_long", "9112 3: limits.uri"},
    Strictness{"HTTP version", "9112 2.3: HTTP/ digit . digit, then CRLF"},
    Strictness{"unsupported_version", "9110 2.5: another major version; 505"},
    // Fields.
    Strictness{"white space at the start of a field line", "9112 5.2: obs-fold"},
    Strictness{"white space before the colon", "9112 5.1"},
    Strictness{"empty field name", "9112 5.1"},
    Strictness{"field line without a colon", "9112 5"},
    Strictness{"character in a field name", "9110 5.1: a name is a token"},
    Strictness{"headers_too_large", "9110 5.4: limits.headers"},
    Strictness{"too many fields", "9110 5.4: limits.headerCount"},
    Strictness{"too many connection options", "9110 7.6.1: more than 32 names to remove"},
    Strictness{"no host", "9112 3.2"},
    Strictness{"more than one host", "9112 3.2"},
    Strictness{"host is no authority", "9112 3.2, 9110 7.2"},
    // Framing.
    Strictness{"more than one content-length", "9110 8.6: also when they are equal"},
    Strictness{"content-length is not one number", "9110 8.6: digits, below 2^63"},
    Strictness{"more than one transfer-encoding", "9112 6.1"},
    Strictness{"transfer-encoding is not exactly chunked", "9112 6.1: the only coding we know"},
    Strictness{"content-length and transfer-encoding together", "9112 6.3 (3)"},
    Strictness{"transfer-encoding in HTTP/1.0", "9112 6.1"},
    // Chunked content.
    Strictness{"chunk without a size", "9112 7.1"},
    Strictness{"chunk size too large", "9112 7.1: below 2^63, at most 16 digits"},
    Strictness{"character in a chunk size", "9112 7.1"},
    Strictness{"chunk without its line end", "9112 7.1"},
    Strictness{"control character in a chunk extension", "9112 7.1.1"},
    Strictness{"character in a chunk extension", "9112 7.1.1: ;name, ;name=token or ;name=\"text\""},
    Strictness{"chunk extensions too large", "9112 7.1.1: 4 KiB in a line, 64 KiB in a message"},
    Strictness{"bare LF in chunked content", "9112 2.2, 7.1"},
    Strictness{"bare CR in chunked content", "9112 2.2, 7.1"},
    Strictness{"bare LF in the trailers", "9112 2.2"},
    Strictness{"bare CR in the trailers", "9112 2.2"},
    Strictness{"control character in the trailers", "9110 5.5"},
    Strictness{"character in a field name in the trailers", "9110 5.1; white space at the start is obs-fold, 9112 5.2"},
    Strictness{"white space before the colon in the trailers", "9112 5.1"},
    Strictness{"empty field name in the trailers", "9112 5.1"},
    Strictness{"trailer line without a colon", "9112 5"},
    Strictness{"trailers too large", "9110 6.5: 16 KiB"},
    // Responses.
    Strictness{"status line", "9112 4"},
    Strictness{"status code", "9110 15: 100 to 599"},
    Strictness{"framing in an interim response", "9110 8.6, 9112 6.1: a 1xx has no content to frame"},
    Strictness{"upgrade that was not asked for", "9110 7.8"},
    Strictness{"app_headers_too_large", "9110 5.4"},
};

constexpr std::string_view framing_trailer =
    "Content-Length or Transfer-Encoding in the trailers: left out (RFC 9110 6.5.1, RFC 9112 7.1.2)";

bool has(const std::vector<SeenField>& fields, std::string_view name) noexcept {
  return std::any_of(fields.begin(), fields.end(), [&](const SeenField& f) { return equals_lower(f.name, name); });
}

}  // namespace

std::span<const Strictness> strictnesses() noexcept { return known; }

std::string_view why_refused(std::string_view reason) noexcept {
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const Strictness& one) { return one.reason == reason; });
  return found == known.end() ? std::string_view() : found->why;
}

std::string_view argument_for(const SeenStream& ours, std::size_t i, const SeenStream& theirs) {
  const bool begun = i < theirs.messages.size();  // its head was read alike
  if (theirs.end == StreamEnd::closed) {
    if (begun || i == 0) return {};
    const SeenMessage& before = theirs.messages[i - 1];
    if (before.status != 0 && before.status < 200)
      return "close or HTTP/1.0 in an interim response: the connection ends with the final one (RFC 9112 9.6)";
    if (has(before.trailers, "transfer-encoding")) return framing_trailer;
    if (has(before.trailers, "connection") || has(before.trailers, "proxy-connection"))
      return "Connection in the trailers: left out, it says nothing of the connection (RFC 9110 6.5.1)";
    if (has(before.fields, "proxy-connection"))
      return "Proxy-Connection: of no standard, ignored and left out (RFC 9112 C.2.2)";
    return {};
  }
  if (!begun || ours.messages[i].framing != http::Framing::chunked) return {};
  const SeenMessage& m = theirs.messages[i];
  if (!m.trailers.empty()) {
    const bool frames = has(m.trailers, "content-length") || has(m.trailers, "transfer-encoding");
    return frames && m.content == ours.messages[i].content ? framing_trailer : std::string_view();
  }
  const bool in_size_line = theirs.reason == "HPE_INVALID_CHUNK_SIZE: Invalid character in chunk size" ||
                            theirs.reason.starts_with("HPE_STRICT: Invalid character in chunk extensions");
  if (in_size_line && ours.messages[i].content.starts_with(m.content))
    return "chunk extensions with white space, an escape or another behind: in the grammar (RFC 9112 7.1.1)";
  return {};
}

}  // namespace holdfast::differential
