#include "differential/llhttp_stream.h"

#include <llhttp.h>

namespace holdfast::differential {
namespace {

using testing::SeenField;
using testing::SeenMessage;
using testing::SeenStream;
using testing::StreamEnd;

struct Reading {
  SeenStream stream;
  SeenMessage message;  // whose head is being read
  bool head_request = false;
  bool in_head = true;
  bool in_value = true;
};

Reading& reading_of(llhttp_t* parser) { return *static_cast<Reading*>(parser->data); }

std::vector<SeenField>& fields_now(Reading& r) {
  return r.in_head ? r.message.fields : r.stream.messages.back().trailers;
}

int on_begin(llhttp_t* parser) {
  Reading& r = reading_of(parser);
  r.message = {};
  r.in_head = r.in_value = true;
  return 0;
}
int on_method(llhttp_t* parser, const char* at, std::size_t size) {
  reading_of(parser).message.method.append(at, size);
  return 0;
}
int on_target(llhttp_t* parser, const char* at, std::size_t size) {
  reading_of(parser).message.target.append(at, size);
  return 0;
}
int on_name(llhttp_t* parser, const char* at, std::size_t size) {
  Reading& r = reading_of(parser);
  if (r.in_value) fields_now(r).emplace_back();
  r.in_value = false;
  fields_now(r).back().name.append(at, size);
  return 0;
}
int on_value(llhttp_t* parser, const char* at, std::size_t size) {
  Reading& r = reading_of(parser);
  r.in_value = true;
  if (!fields_now(r).empty()) fields_now(r).back().value.append(at, size);
  return 0;
}
int on_value_complete(llhttp_t* parser) {
  Reading& r = reading_of(parser);
  r.in_value = true;
  if (fields_now(r).empty()) return 0;
  std::string& value = fields_now(r).back().value;
  value.resize(value.find_last_not_of(" \t") + 1);
  return 0;
}
int on_head(llhttp_t* parser) {
  Reading& r = reading_of(parser);
  r.in_head = false;
  r.in_value = true;
  r.message.status = parser->type == HTTP_RESPONSE ? parser->status_code : 0;
  r.stream.messages.push_back(std::move(r.message));
  r.message = {};
  if (parser->type == HTTP_REQUEST || parser->status_code == 101) return 0;
  const bool none =
      r.head_request || parser->status_code < 200 || parser->status_code == 204 || parser->status_code == 304;
  return none ? 1 : 0;
}
int on_content(llhttp_t* parser, const char* at, std::size_t size) {
  reading_of(parser).stream.messages.back().content.append(at, size);
  return 0;
}
int on_complete(llhttp_t* parser) {
  SeenMessage& m = reading_of(parser).stream.messages.back();
  m.complete = true;
  m.keep_alive = llhttp_should_keep_alive(parser) != 0;
  return 0;
}

llhttp_settings_t callbacks() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_message_begin = on_begin;
  settings.on_method = on_method;
  settings.on_url = on_target;
  settings.on_header_field = on_name;
  settings.on_header_value = on_value;
  settings.on_header_value_complete = on_value_complete;
  settings.on_headers_complete = on_head;
  settings.on_body = on_content;
  settings.on_message_complete = on_complete;
  return settings;
}

void note_end(llhttp_t& parser, llhttp_errno_t error, SeenStream& s) {
  if (error == HPE_OK) error = llhttp_finish(&parser);
  const bool whole = s.messages.empty() || s.messages.back().complete;
  switch (error) {
    case HPE_OK: s.end = !whole ? StreamEnd::incomplete : StreamEnd::clean; break;
    case HPE_INVALID_EOF_STATE: s.end = StreamEnd::incomplete; break;
    case HPE_CLOSED_CONNECTION: s.end = StreamEnd::closed; break;
    default: s.end = StreamEnd::refused; break;
  }
  if (s.end == StreamEnd::clean && !s.messages.empty() && !s.messages.back().keep_alive) s.end = StreamEnd::closed;
  if (s.end == StreamEnd::refused) {
    s.reason = llhttp_errno_name(error);
    if (const char* more = llhttp_get_error_reason(&parser)) s.reason.append(": ").append(more);
  }
}

SeenStream read(llhttp_type_t type, std::string_view bytes, bool head_request) {
  const llhttp_settings_t settings = callbacks();
  llhttp_t parser;
  llhttp_init(&parser, type, &settings);
  Reading r;
  r.head_request = head_request;
  parser.data = &r;
  llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  while (error == HPE_PAUSED_UPGRADE) {
    if (type == HTTP_RESPONSE) {
      r.stream.end = StreamEnd::tunnel;
      return std::move(r.stream);
    }
    const auto taken = static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data());
    bytes.remove_prefix(taken);
    llhttp_resume_after_upgrade(&parser);
    error = bytes.empty() ? HPE_OK : llhttp_execute(&parser, bytes.data(), bytes.size());
  }
  note_end(parser, error, r.stream);
  return std::move(r.stream);
}

}  // namespace

SeenStream llhttp_requests(std::string_view bytes) { return read(HTTP_REQUEST, bytes, false); }
SeenStream llhttp_responses(std::string_view bytes, bool head_request) {
  return read(HTTP_RESPONSE, bytes, head_request);
}

}  // namespace holdfast::differential
