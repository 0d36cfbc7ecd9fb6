// Wall time as text.
#include "http/date.h"

#include <doctest/doctest.h>

namespace holdfast::http {

TEST_CASE("dates are IMF-fixdate and RFC 3339 with microseconds") {
  using namespace std::chrono_literals;
  DateText text;
  const WallTime at{784111777s + 123us};
  CHECK(text.http_date(at) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(text.timestamp(at) == "1994-11-06T08:49:37.000123Z");
  CHECK(text.timestamp(at + 999ms) == "1994-11-06T08:49:37.999123Z");
  CHECK(text.timestamp(at + 1s) == "1994-11-06T08:49:38.000123Z");
  CHECK(text.http_date(at + 1s) == "Sun, 06 Nov 1994 08:49:38 GMT");
  CHECK(text.http_date(WallTime{951782400s}) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(text.timestamp(WallTime{0s}) == "1970-01-01T00:00:00.000000Z");
  CHECK(text.http_date(WallTime{4102444799s}) == "Thu, 31 Dec 2099 23:59:59 GMT");
}

}  // namespace holdfast::http
