// judge: what the app saw are requests that a client made, whole and in order; what a client saw are responses that the
// app or the proxy made, and never a part of one that looks whole.
//
// Both sides' bytes are read in one piece by our own parser, with wide limits: that the parser is right is the business
// of other targets, that no piece, reset or wait changes the outcome is the business of this one.
#include <algorithm>

#include "fuzz/conversation.h"
#include "fuzz/pieces.h"
#include "support/http_stream.h"

namespace holdfast::fuzz {
namespace {

using namespace testing;

constexpr http::HeadLimits wide{1U << 17U, 1000, 1U << 16U};

struct Made {
  std::vector<SeenMessage> requests;   // by clients
  std::vector<SeenMessage> responses;  // by the app
};

struct Answers {
  std::vector<SeenMessage> final;  // one for each request, as far as they came
  bool refused = false;            // what follows them is no response
};

// Whether a response has content depends on its request.
Answers answers_to(const std::vector<SeenMessage>& requests, std::string_view bytes, bool eof) {
  Answers answers;
  while (!bytes.empty()) {
    const std::size_t i = answers.final.size();
    const bool head = i < requests.size() && requests[i].method == "HEAD";
    SeenStream seen = read_responses(bytes, {head, true}, eof);
    const auto last = std::find_if(seen.messages.begin(), seen.messages.end(),
                                   [](const SeenMessage& m) { return m.status >= 200 || m.status == 101; });
    const bool ends = last == seen.messages.end() || !last->complete || last + 1 == seen.messages.end();
    answers.refused = ends && seen.end == StreamEnd::refused;
    if (last != seen.messages.end()) answers.final.push_back(*last);
    if (ends || last->status == 101) return answers;
    bytes.remove_prefix((last + 1)->begin);
  }
  return answers;
}

Made made_by(Conversation& conversation) {
  Made made;
  for (const Speaker& one : conversation.clients()) {
    for (SeenMessage& m : read_requests(one.said, wide).messages) made.requests.push_back(std::move(m));
  }
  for (const Speaker& one : conversation.apps()) {
    const SeenStream asked = read_requests(one.peer->received(), wide);
    for (SeenMessage& m : answers_to(asked.messages, one.said, one.finished).final) {
      made.responses.push_back(std::move(m));
    }
  }
  return made;
}

bool follows(const SeenMessage& seen, const SeenMessage& made) {
  if (seen.method != made.method || seen.path != made.path) return false;
  if (seen.complete) return made.complete && seen.content == made.content;
  return made.content.starts_with(seen.content);
}

void check_app(const std::string& received, const Made& made, const Bounds& bounds) {
  const SeenStream seen = read_requests(received, wide);
  for (const SeenMessage& m : seen.messages) {
    const bool known = std::any_of(made.requests.begin(), made.requests.end(),
                                   [&](const SeenMessage& one) { return follows(m, one); });
    if (!known)
      std::fprintf(stderr, "the app saw %s %s with %zu bytes\n", m.method.c_str(), m.path.c_str(), m.content.size());
    require(known, "the app sees what a client asked");
    require(m.content.size() <= bounds.body, "no more content than the limit");
    if (m.upgrade) return;  // what follows may be a tunnel's
  }
  if (seen.end == StreamEnd::refused) std::fprintf(stderr, "the app saw: %s\n", seen.reason.c_str());
  require(seen.end != StreamEnd::refused, "the app sees requests only");
}

// `received` may stop anywhere, but not with something else than a response.
void check_client(const Speaker& who, const std::string& received, const Made& made) {
  const Answers answers = answers_to(read_requests(who.said, wide).messages, received, false);
  for (const SeenMessage& m : answers.final) {
    const bool framed = m.framing == http::Framing::length || m.framing == http::Framing::chunked;
    if (!framed || !m.complete || m.status >= 300) continue;
    const bool whole = std::any_of(made.responses.begin(), made.responses.end(), [&](const SeenMessage& one) {
      return one.complete && one.status == m.status && one.content == m.content;
    });
    if (!whole) std::fprintf(stderr, "a client saw %d with %zu bytes\n", m.status, m.content.size());
    require(whole, "what looks whole is whole");
  }
  require(!answers.refused, "a client sees responses only");
}

}  // namespace

void judge(Conversation& conversation) {
  const Made made = made_by(conversation);
  for (const Speaker& one : conversation.apps()) check_app(one.peer->received(), made, conversation.bounds());
  for (const Speaker& one : conversation.clients()) check_client(one, one.peer->received(), made);
}

}  // namespace holdfast::fuzz
