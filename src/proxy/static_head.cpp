#include "proxy/static_head.h"

#include "core/check.h"
#include "http/h1_parser.h"

namespace holdfast::proxy {

void static_head(http::ResponseHead& head, std::string_view text) {
  const http::HeadLimits limits{.head_bytes = 64U << 10U, .fields = 100, .target_bytes = 0};
  const http::FieldNames names;
  http::ResponseParser parser;
  head.clear();
  parser.start(limits, names, {});
  const http::Progress progress = parser.parse(text.data(), text.size(), head);
  HOLDFAST_CHECK(progress == http::Progress::done);
}

}  // namespace holdfast::proxy
