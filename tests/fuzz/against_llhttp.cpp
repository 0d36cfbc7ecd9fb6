// What our parser accepts, llhttp in its strict mode must accept too and read in the same way: fields, framing,
// keep-alive.
//
// The other direction does not hold and need not: llhttp lets through obs-fold, two Hosts, no Host and more. It knows a
// fixed list of methods and leaves them out of the comparison.
#include <llhttp.h>

#include <string>
#include <vector>

#include "core/bytes.h"
#include "fuzz/pieces.h"
#include "http/h1_parser.h"

namespace {

using namespace holdfast;
using namespace holdfast::http;
using fuzz::require;

struct Seen {
  std::vector<std::string> names, values;
  std::string target;
  bool complete = false;
  bool in_value = false;
};

Seen& seen_by(llhttp_t* parser) { return *static_cast<Seen*>(parser->data); }

int on_name(llhttp_t* parser, const char* at, std::size_t size) {
  Seen& s = seen_by(parser);
  if (s.in_value || s.names.empty()) {
    s.names.emplace_back();
    s.values.emplace_back();
  }
  s.in_value = false;
  s.names.back().append(at, size);
  return 0;
}
int on_value(llhttp_t* parser, const char* at, std::size_t size) {
  Seen& s = seen_by(parser);
  s.in_value = true;
  if (!s.values.empty()) s.values.back().append(at, size);
  return 0;
}
int on_value_complete(llhttp_t* parser) {
  seen_by(parser).in_value = true;
  return 0;
}
int on_target(llhttp_t* parser, const char* at, std::size_t size) {
  seen_by(parser).target.append(at, size);
  return 0;
}
int on_complete(llhttp_t* parser) {
  seen_by(parser).complete = true;
  return HPE_PAUSED;
}

void same(const RequestHead& head, const llhttp_t& parser, const Seen& s) {
  require(s.complete, "llhttp sees the end of the head");
  require(s.names.size() == head.fields.size(), "same number of fields");
  for (std::size_t i = 0; i < s.names.size(); ++i) {
    require(s.names[i] == head.name(head.fields[i]), "same name");
    std::string value = s.values[i];
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.pop_back();
    require(value == head.value(head.fields[i]), "same value");
  }
  require(s.target == head.text(head.target), "same target");
  require(((parser.flags & F_CHUNKED) != 0) == (head.framing == Framing::chunked), "same coding");
  require(((parser.flags & F_CONTENT_LENGTH) != 0) == (head.framing == Framing::length), "same presence of a length");
  if (head.framing == Framing::length) require(parser.content_length == head.content_length, "same length");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes = fuzz::text_of(data + 2, size - 2);
  const FieldNames names;
  const HeadLimits limits{4096, 100, 2048};
  RequestParser ours;
  RequestHead head;
  ours.start(limits, names);
  if (ours.parse(bytes.data(), bytes.size(), head) != Progress::done) return 0;

  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_header_field = on_name;
  settings.on_header_value = on_value;
  settings.on_header_value_complete = on_value_complete;
  settings.on_url = on_target;
  settings.on_headers_complete = on_complete;
  llhttp_t theirs;
  llhttp_init(&theirs, HTTP_REQUEST, &settings);
  Seen seen;
  theirs.data = &seen;
  const llhttp_errno_t error = llhttp_execute(&theirs, bytes.data(), head.size);
  if (error == HPE_INVALID_METHOD || head.method == Method::other) return 0;
  if (!seen.complete)
    std::fprintf(stderr, "llhttp: %s %s\n", llhttp_errno_name(error), llhttp_get_error_reason(&theirs));
  same(head, theirs, seen);
  return 0;
}
