#include "fuzz/field_rules.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <set>

#include "fuzz/pieces.h"

namespace holdfast::fuzz {
namespace {

using Names = std::set<std::string, std::less<>>;

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return out;
}

std::vector<std::string> members(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view member = list.substr(0, comma);
    const std::size_t first = member.find_first_not_of(" \t");
    if (first != std::string_view::npos) {
      out.push_back(folded(member.substr(first, member.find_last_not_of(" \t") + 1 - first)));
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return out;
}

Names nominated(const Fields& fields) {
  Names names;
  for (const NamedValue& f : fields) {
    if (folded(f.name) != "connection") continue;
    for (std::string& name : members(f.value)) names.insert(std::move(name));
  }
  return names;
}

// Of one hop, or written anew on each: never passed on as received.
const Names& of_the_hop() {
  static const Names names{"close", "connection",        "content-length", "keep-alive", "proxy-connection",
                           "te",    "transfer-encoding", "upgrade"};
  return names;
}

Fields without(const Fields& fields, const Names& names) {
  Fields left;
  for (const NamedValue& f : fields) {
    if (!names.contains(folded(f.name))) left.push_back(f);
  }
  return left;
}

// Nominated names go, but for those that say what the message means or who sent it.
Names dropped(const Fields& in, std::initializer_list<const char*> kept, std::initializer_list<std::string_view> more) {
  Names names = nominated(in);
  for (const char* name : kept) names.erase(name);
  names.erase(std::string(request_id));
  names.insert(of_the_hop().begin(), of_the_hop().end());
  for (const std::string_view name : more) {
    if (!name.empty()) names.emplace(name);
  }
  return names;
}

void same_fields(const Fields& expected, const Fields& seen) {
  if (expected.size() != seen.size()) {
    for (const NamedValue& f : expected) std::fprintf(stderr, "expected %s: %s\n", f.name.c_str(), f.value.c_str());
    for (const NamedValue& f : seen) std::fprintf(stderr, "sent %s: %s\n", f.name.c_str(), f.value.c_str());
  }
  require(expected.size() == seen.size(), "every field that may go on does, and no other");
  for (std::size_t i = 0; i < seen.size(); ++i) {
    require(expected[i].name == seen[i].name && expected[i].value == seen[i].value, "as received, in the same order");
  }
}

std::vector<std::string> values_of(const Fields& fields, std::string_view name) {
  std::vector<std::string> values;
  for (const NamedValue& f : fields) {
    if (folded(f.name) == name) values.push_back(f.value);
  }
  return values;
}

// What we say of the connection to the app, and nothing the client said of its own.
void check_connection(const Fields& out, const RequestRule& rule) {
  const auto connection = values_of(out, "connection");
  require(connection.size() <= 1, "one Connection field");
  require(connection.empty() != (rule.upgrade || rule.te_trailers), "Connection for the fields of this hop");
  require(values_of(out, "upgrade").size() == (rule.upgrade ? 1 : 0), "Upgrade when the client may");
  require(values_of(out, "te").size() == (rule.te_trailers && !rule.upgrade ? 1 : 0), "TE for trailers");
}

// The last member of X-Forwarded-For is who we see, and without trust it is the only one.
void check_client(const Fields& in, const Fields& out, const RequestRule& rule) {
  const auto before = values_of(in, "x-forwarded-for");
  const auto after = values_of(out, "x-forwarded-for");
  const std::string peer(rule.peer);
  require(!after.empty(), "who the client is");
  if (!rule.trusts) {
    require(after.size() == 1 && after[0] == peer, "the client's claim is not passed on");
    require(values_of(out, "x-forwarded-proto") == std::vector<std::string>{"http"}, "the protocol is ours to say");
    require(values_of(out, "x-forwarded-host").size() <= 1, "one host");
    const auto forwarded = values_of(out, "forwarded");
    require(forwarded.size() == 1 && forwarded[0].starts_with("for=\"[" + peer + "]\""), "Forwarded is ours to say");
    return;
  }
  require(after.size() == std::max<std::size_t>(before.size(), 1), "the chain goes on");
  for (std::size_t i = 0; i + 1 < before.size(); ++i) require(after[i] == before[i], "the chain as received");
  const std::string last = before.empty() || before.back().empty() ? peer : before.back() + ", " + peer;
  require(after.back() == last, "who we see is the last member");
}

bool drops_expect(const Fields& in, const RequestRule& rule) {
  if (rule.expect_continue) return false;
  const auto values = values_of(in, "expect");
  if (rule.http10 || values.size() > 1) return true;
  return std::any_of(values.begin(), values.end(), [](const std::string& value) {
    const auto all = members(value);
    return std::find(all.begin(), all.end(), "100-continue") != all.end();
  });
}

}  // namespace

void check_request_fields(const Fields& in, const Fields& out, const RequestRule& rule) {
  Names gone = dropped(
      in, {"authorization", "cookie", "host", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"},
      {never_sent, "x-forwarded-for", "forwarded", rule.replaces_id ? request_id : "",
       drops_expect(in, rule) ? "expect" : "", rule.options ? "max-forwards" : ""});
  Names ours{"connection", "content-length", "forwarded", "te", "transfer-encoding", "upgrade", "x-forwarded-for"};
  if (rule.options) ours.emplace("max-forwards");
  if (!rule.trusts) {
    for (const char* name : {"x-forwarded-host", "x-forwarded-proto"}) {
      gone.emplace(name);
      ours.emplace(name);
    }
  }
  if (rule.replaces_id) ours.emplace(request_id);
  Fields passed = without(out, ours);
  require(!passed.empty() && folded(passed.back().name) == "via", "Via is the last field that looks received");
  passed.pop_back();
  if (values_of(in, "host").empty()) {
    require(!passed.empty() && folded(passed.front().name) == "host", "a Host for HTTP/1.0");
    passed.erase(passed.begin());
  }
  same_fields(without(in, gone), passed);
  require(values_of(out, "host").size() == 1, "one Host");
  check_connection(out, rule);
  check_client(in, out, rule);
  if (rule.replaces_id) require(values_of(out, request_id).size() == 1, "one request id");
}

void check_response_fields(const Fields& in, const Fields& out, const ResponseRule& rule) {
  const Names gone = dropped(
      in,
      {"content-encoding", "content-length", "content-range", "content-type", "date", "set-cookie", "www-authenticate"},
      {never_sent, rule.strips ? stripped : "", rule.chunked ? "" : "trailer"});
  Fields passed = without(out, {"connection", "content-length", "keep-alive", "transfer-encoding"});
  if (!rule.interim && values_of(in, "date").empty()) {
    require(values_of(out, "date").size() == 1, "a Date");
    passed = without(passed, {"date"});
  }
  same_fields(without(in, gone), passed);
  const auto connection = values_of(out, "connection");
  const bool closes = rule.closes && !rule.interim;
  require(connection.size() == (closes ? 1 : 0), "Connection is ours to say");
  if (closes) require(connection[0] == "close", "and says close only");
}

void check_trailer_name(std::string_view name, bool strip) {
  static const Names framing_and_more{"accept",
                                      "authorization",
                                      "cache-control",
                                      "connection",
                                      "content-encoding",
                                      "content-length",
                                      "content-range",
                                      "content-type",
                                      "cookie",
                                      "expect",
                                      "forwarded",
                                      "host",
                                      "keep-alive",
                                      "max-forwards",
                                      "pragma",
                                      "proxy-connection",
                                      "range",
                                      "set-cookie",
                                      "te",
                                      "trailer",
                                      "transfer-encoding",
                                      "upgrade",
                                      "via",
                                      "vary",
                                      "x-forwarded-for",
                                      "x-forwarded-host",
                                      "x-forwarded-proto",
                                      "proxy-authorization",
                                      "www-authenticate"};
  const std::string lower = folded(name);
  require(!framing_and_more.contains(lower), "no trailer that frames, routes or authenticates");
  require(lower != never_sent && lower != request_id && !(strip && lower == stripped), "no marked trailer");
}

}  // namespace holdfast::fuzz
