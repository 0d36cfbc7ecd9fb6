#include "message.h"

#include <charconv>
#include <optional>

#include "core/bytes.h"

namespace holdfast::conformance {
namespace {

constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!is_alpha(c) && !is_digit(c) && token_marks.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f') return true;
  }
  return false;
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

class Reader {
 public:
  Reader(std::string_view bytes, Message& message) : left_(bytes), message_(message) {}

  void fault(std::string_view text) {
    if (message_.fault.empty()) message_.fault = text;
  }

  // Up to the next CRLF; nothing when there is none.
  std::optional<std::string> line() {
    const std::size_t end = left_.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(left_.substr(0, end));
    left_.remove_prefix(end + 2);
    if (has_control(text)) fault("a control character in the line " + text);
    return text;
  }

  // Field lines up to the empty line. False when that does not come.
  bool section(std::vector<std::pair<std::string, std::string>>& into) {
    for (std::optional<std::string> text = line(); text; text = line()) {
      if (text->empty()) return true;
      const std::size_t colon = text->find(':');
      if (colon == std::string::npos || !is_token(text->substr(0, colon))) fault("no field line: " + *text);
      into.emplace_back(text->substr(0, colon), colon == std::string::npos ? "" : trimmed(text->substr(colon + 1)));
    }
    return false;
  }

  void sized(std::uint64_t length) {
    message_.content = left_.substr(0, length);
    message_.complete = left_.size() >= length;
    left_.remove_prefix(message_.content.size());
  }

  void in_chunks() {
    message_.chunked = true;
    for (std::optional<std::string> text = line(); text; text = line()) {
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), size, 16);
      if (error != std::errc() || end != text->data() + text->size()) return fault("chunk size " + *text);
      if (size == 0) {
        message_.complete = section(message_.trailers);
        return;
      }
      message_.content += left_.substr(0, size);
      if (left_.size() < size + 2) return;
      if (left_.substr(size, 2) != "\r\n") return fault("a chunk that does not end with its line");
      left_.remove_prefix(size + 2);
    }
  }

  void all(bool ended) {
    message_.content = left_;
    message_.complete = ended;
    left_ = {};
  }

  // By Content-Length and Transfer-Encoding alone. False when there are neither.
  bool framed() {
    const auto lengths = values_of(message_.fields, "content-length");
    const auto codings = values_of(message_.fields, "transfer-encoding");
    if (lengths.size() + codings.size() > 1) fault("more than one framing field");
    if (!codings.empty()) {
      if (codings[0] != "chunked") fault("transfer-encoding " + codings[0]);
      in_chunks();
      return true;
    }
    if (lengths.empty()) return false;
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(lengths[0].data(), lengths[0].data() + lengths[0].size(), length);
    if (error != std::errc() || end != lengths[0].data() + lengths[0].size()) fault("content-length " + lengths[0]);
    sized(length);
    return true;
  }

  std::string_view left() const { return left_; }

 private:
  std::string_view left_;
  Message& message_;
};

void check_request(const Message& message, Reader& reader) {
  const std::size_t first = message.start.find(' ');
  const std::size_t last = message.start.rfind(' ');
  const bool shaped = first != std::string::npos && last > first && message.start.substr(last) == " HTTP/1.1" &&
                      is_token(message.start.substr(0, first)) && message.start.find(' ', first + 1) == last;
  if (!shaped) reader.fault("request line " + message.start);
  if (values_of(message.fields, "host").size() != 1) reader.fault("not one Host");
}

void check_response(Message& message, Reader& reader) {
  const std::string_view start = message.start;
  if (!start.starts_with("HTTP/1.1 ") || start.size() < 13 || start[12] != ' ') reader.fault("status line");
  if (start.size() >= 12) std::from_chars(start.data() + 9, start.data() + 12, message.status);
  if (message.status < 100 || message.status > 599) reader.fault("status code");
}

}  // namespace

std::vector<std::string> values_of(const std::vector<std::pair<std::string, std::string>>& fields,
                                   std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [field, value] : fields) {
    if (same_name(field, name)) values.push_back(value);
  }
  return values;
}

Message read_request(std::string_view bytes) {
  Message message;
  Reader reader(bytes, message);
  message.start = reader.line().value_or("");
  if (!reader.section(message.fields)) reader.fault("the head is not complete");
  if (message.fault.empty()) check_request(message, reader);
  if (message.fault.empty() && !reader.framed()) message.complete = true;
  message.rest = reader.left();
  return message;
}

Message read_response(std::string_view bytes, bool head_request, bool ended) {
  Message message;
  Reader reader(bytes, message);
  message.start = reader.line().value_or("");
  if (!reader.section(message.fields)) reader.fault("the head is not complete");
  if (message.fault.empty()) check_response(message, reader);
  const bool interim = message.status < 200;
  const bool no_framing = interim || message.status == 204;
  const bool told =
      !values_of(message.fields, "content-length").empty() || !values_of(message.fields, "transfer-encoding").empty();
  if (no_framing && told) reader.fault("framing in a " + std::to_string(message.status));
  if (head_request || no_framing || message.status == 304) {
    message.complete = true;
  } else if (message.fault.empty() && !reader.framed()) {
    reader.all(ended);
  }
  message.rest = reader.left();
  return message;
}

}  // namespace holdfast::conformance
