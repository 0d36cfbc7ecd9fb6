#include "differential/comparison.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"
#include "differential/forwarded.h"
#include "differential/llhttp_stream.h"
#include "differential/reasons.h"

namespace holdfast::differential {
namespace {

using testing::SeenMessage;
using testing::SeenStream;
using testing::StreamEnd;

// llhttp knows a list of methods, some of them of other protocols; to us a method is any token (RFC 9110 9.1).
constexpr std::array<std::string_view, 6> plain_methods{"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"};

bool is_plain(std::string_view method) noexcept {
  return std::find(plain_methods.begin(), plain_methods.end(), method) != plain_methods.end();
}

// The bytes for llhttp: other methods become POST, in `ours` as well.
std::string with_plain_methods(std::string_view bytes, SeenStream& ours) {
  std::string out(bytes);
  for (auto m = ours.messages.rbegin(); m != ours.messages.rend(); ++m) {
    if (is_plain(m->method)) continue;
    out.replace(m->begin, m->method.size(), "POST");
    m->method = "POST";
  }
  return out;
}

const char* unlike(const SeenMessage& ours, const SeenMessage& theirs) {
  if (ours.method != theirs.method) return "method";
  if (ours.target != theirs.target) return "target";
  if (ours.status != theirs.status) return "status";
  if (ours.fields != theirs.fields) return "fields";
  if (!ours.complete) return nullptr;
  if (ours.content != theirs.content) return "content";
  if (ours.trailers != theirs.trailers) return "trailers";
  return nullptr;
}

Difference looser(const SeenStream& ours, std::size_t i, const SeenStream& theirs) {
  const std::string their = theirs.end == StreamEnd::closed ? "HPE_CLOSED_CONNECTION" : theirs.reason;
  const std::string_view argument = argument_for(ours, i, theirs);
  if (!argument.empty()) return {Verdict::argued, std::string(argument)};
  return {Verdict::looser, "llhttp: " + their};
}

// Of a message that both have begun. Nothing to say: `same`.
Difference compare_message(const SeenStream& ours, std::size_t i, const SeenStream& theirs) {
  const SeenMessage& m = ours.messages[i];
  const SeenMessage& n = theirs.messages[i];
  if (m.complete && !n.complete && theirs.end == StreamEnd::refused) return looser(ours, i, theirs);
  if (const char* what = unlike(m, n)) return {Verdict::framing, what};
  if (m.complete) return {n.complete ? Verdict::same : Verdict::framing, "end"};
  const bool alike = n.content.starts_with(m.content) || m.content.starts_with(n.content);
  if (!alike) return {Verdict::framing, "content"};
  if (ours.end == StreamEnd::refused && n.complete) return {Verdict::stricter, ours.reason};
  if (n.complete) return {Verdict::framing, "llhttp ends a message that we wait for"};
  return {Verdict::neither, {}};
}

Difference compare_ends(const SeenStream& ours, const SeenStream& theirs) {
  const bool more = theirs.messages.size() > ours.messages.size();
  switch (ours.end) {
    case StreamEnd::refused:
      return more ? Difference{Verdict::stricter, ours.reason} : Difference{Verdict::neither, {}};
    case StreamEnd::closed: return {more ? Verdict::closes : Verdict::same, {}};
    case StreamEnd::tunnel: return more ? Difference{Verdict::argued, std::string(tunnel_argument)} : Difference{};
    case StreamEnd::clean:
    case StreamEnd::incomplete:
      if (more) return {Verdict::framing, "llhttp reads one more message"};
      return {ours.end == theirs.end ? Verdict::same : Verdict::neither, {}};
  }
  return {};
}

Difference compare(const SeenStream& ours, const SeenStream& theirs) {
  for (std::size_t i = 0; i < ours.messages.size(); ++i) {
    if (i >= theirs.messages.size()) {
      const bool ended = theirs.end == StreamEnd::refused || theirs.end == StreamEnd::closed;
      if (ended) return looser(ours, i, theirs);
      if (theirs.end == StreamEnd::tunnel) return {Verdict::framing, "llhttp sees a tunnel"};
      return {Verdict::framing, "llhttp reads fewer messages"};
    }
    Difference difference = compare_message(ours, i, theirs);
    difference.alike = i;
    if (difference.verdict != Verdict::same) return difference;
  }
  Difference difference = compare_ends(ours, theirs);
  difference.alike = ours.messages.size();
  return difference;
}

Difference compare_readings(Kind kind, std::string_view bytes) {
  if (kind == Kind::request) {
    SeenStream ours = testing::read_requests(bytes);
    const std::string plain = with_plain_methods(bytes, ours);
    return compare(ours, llhttp_requests(plain));
  }
  const bool head = kind == Kind::response_to_head;
  return compare(testing::read_responses(bytes, {head, true}), llhttp_responses(bytes, head));
}

// Without tabs at the end of the lines whose values llhttp looks into.
std::string without_tabs(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find("\r\n"), bytes.size());
    std::string_view line = bytes.substr(0, end);
    const std::string_view name = line.substr(0, line.find(':'));
    const bool looked_at = equals_lower(name, "content-length") || equals_lower(name, "transfer-encoding") ||
                           equals_lower(name, "connection");
    if (looked_at) line = line.substr(0, line.find_last_not_of(" \t") + 1);
    out += line;
    if (end < bytes.size()) out += "\r\n";
    bytes.remove_prefix(std::min(end + 2, bytes.size()));
  }
  return out;
}

}  // namespace

std::string_view word(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::neither: return "neither";
    case Verdict::stricter: return "stricter";
    case Verdict::closes: return "closes";
    case Verdict::argued: return "argued";
    case Verdict::looser: return "LOOSER";
    case Verdict::framing: return "FRAMING";
  }
  return "?";
}

Difference compare(Kind kind, std::string_view bytes) {
  Difference difference = compare_readings(kind, bytes);
  if (difference.verdict != Verdict::looser && difference.verdict != Verdict::framing) return difference;
  const std::string trimmed = without_tabs(bytes);
  if (trimmed.size() == bytes.size()) return difference;
  const Verdict without = compare_readings(kind, trimmed).verdict;
  if (without == Verdict::looser || without == Verdict::framing) return difference;
  return {Verdict::argued, std::string(tab_argument)};
}

Difference compare_forwarded(Kind kind, std::string_view bytes) {
  const Forwarded sent = kind == Kind::request ? forward_requests(bytes)
                                               : forward_responses(bytes, {kind == Kind::response_to_head, true});
  if (sent.contents.empty()) return {};
  const bool head = kind == Kind::response_to_head;
  const std::string plain = [&] {
    if (kind != Kind::request) return sent.bytes;
    SeenStream again = testing::read_requests(sent.bytes, sent.limits);
    return with_plain_methods(sent.bytes, again);
  }();
  const SeenStream theirs = kind == Kind::request ? llhttp_requests(plain) : llhttp_responses(plain, head);
  if (theirs.end == StreamEnd::refused) return {Verdict::looser, "what we send, llhttp: " + theirs.reason};
  if (theirs.messages.size() != sent.contents.size()) return {Verdict::framing, "what we send: number of messages"};
  for (std::size_t i = 0; i < sent.contents.size(); ++i) {
    if (!theirs.messages[i].complete) return {Verdict::framing, "what we send: end"};
    if (theirs.messages[i].content != sent.contents[i]) return {Verdict::framing, "what we send: content"};
  }
  return {Verdict::same, {}, sent.contents.size()};
}

}  // namespace holdfast::differential
