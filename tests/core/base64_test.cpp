// RFC 4648, both ways, and strictly.
#include "core/base64.h"

#include <doctest/doctest.h>

namespace holdfast {

TEST_CASE("base64: the examples of RFC 4648 10, both ways") {
  constexpr std::pair<std::string_view, std::string_view> examples[] = {{"", ""},
                                                                        {"f", "Zg=="},
                                                                        {"fo", "Zm8="},
                                                                        {"foo", "Zm9v"},
                                                                        {"foob", "Zm9vYg=="},
                                                                        {"fooba", "Zm9vYmE="},
                                                                        {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
  }
  CHECK(to_base64("\xff\xfe\xfd") == "//79");
  CHECK(from_base64("//79") == "\xff\xfe\xfd");
}

TEST_CASE("base64: what to_base64() does not write is not read") {
  for (const std::string_view text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9", "Zm9v=", "Zg==Zg=="}) {
    CAPTURE(text);
    CHECK(!from_base64(text));
  }
}

}  // namespace holdfast
