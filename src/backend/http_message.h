// Request and Reply: an HTTP message as the service sees it, whole and free of the HTTP library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace users {

struct Field {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;   // "GET"
  std::string version;  // "1.1"
  std::string path;     // as received, without the query
  std::string query;    // without the question mark
  std::vector<Field> fields;
  std::string body;

  // First field of that name (lower case), or empty.
  std::string_view field(std::string_view lowered) const noexcept {
    for (const Field& field : fields) {
      if (holdfast::equals_lower(field.name, lowered)) return field.value;
    }
    return {};
  }

  // What the proxy in front calls this request; bounded, because it goes into log lines.
  std::string_view request_id() const noexcept { return field("x-request-id").substr(0, max_request_id); }
  static constexpr std::size_t max_request_id = 128;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<Field> fields;
};

}  // namespace users
