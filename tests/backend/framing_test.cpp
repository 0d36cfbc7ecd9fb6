// Framing: which requests evhttp and a proxy in front could see end at different places.
#include "backend/framing.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace users;

Framing framing(std::vector<Field> fields, std::string method = "POST", std::string version = "1.1") {
  return framing_of({std::move(method), std::move(version), "/users", "", std::move(fields), ""});
}

}  // namespace

TEST_CASE("framing: one length or one chunked coding is clear") {
  CHECK(framing({}) == Framing::clear);
  CHECK(framing({{"Content-Length", "14"}, {"Content-Type", "application/json"}}) == Framing::clear);
  CHECK(framing({{"content-length", "0"}}, "HEAD") == Framing::clear);
  CHECK(framing({{"Transfer-Encoding", "Chunked"}}) == Framing::clear);
  CHECK(framing({{"Content-Length", "14"}}, "POST", "1.0") == Framing::clear);
}

TEST_CASE("framing: content of HEAD is left unread") {
  CHECK(framing({{"Content-Length", "14"}}, "HEAD") == Framing::unread);
  CHECK(framing({{"Transfer-Encoding", "chunked"}}, "HEAD") == Framing::unread);
}

TEST_CASE("framing: what can be read in two ways is doubtful") {
  const std::vector<std::vector<Field>> cases{
      {{"Content-Length", "14"}, {"Content-Length", "14"}},
      {{"Content-Length", "14"}, {"content-length", "40"}},
      {{"Content-Length", "14"}, {"Transfer-Encoding", "chunked"}},
      {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}},
      {{"Transfer-Encoding", "gzip, chunked"}},
      {{"Transfer-Encoding",
        "\x0b"
        "chunked"}},
      {{"Transfer-Encoding", ""}},
      {{"Content-Length", "+14"}},
      {{"Content-Length", "\t14"}},
      {{"Content-Length", "14, 14"}},
      {{"Content-Length", ""}},
      {{"Content-Length ", "14"}},
      {{"Transfer-Encoding\t", "chunked"}},
  };
  for (const auto& fields : cases) {
    CAPTURE(fields.front().name);
    CAPTURE(fields.front().value);
    CHECK(framing(fields) == Framing::doubtful);
  }
  CHECK(framing({{"Transfer-Encoding", "chunked"}}, "POST", "1.0") == Framing::doubtful);
}
