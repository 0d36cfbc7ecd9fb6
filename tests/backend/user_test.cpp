// The values of the domain: what is accepted, and the reason for what is not.
#include "backend/user.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace users;

template <class Value>
std::string reason_against(const holdfast::Result<Value, Invalid>& made) {
  return made ? "" : made.error().reason;
}

}  // namespace

TEST_CASE("user: a name is kept as it was given") {
  const auto name = UserName::from(" Ada Lovelace ");
  REQUIRE(name.has_value());
  CHECK(name.value().text() == " Ada Lovelace ");
  CHECK(reason_against(UserName::from("\xc3\xa9")) == "");
  CHECK(reason_against(UserName::from(std::string(256, 'a'))) == "");
}

TEST_CASE("user: a name that is blank, too long or has control characters is refused by the name the client gave it") {
  for (const std::string_view blank : {"", " ", "\t\r\n "}) {
    CHECK(reason_against(UserName::from(blank)) == "name must not be empty");
  }
  CHECK(reason_against(UserName::from("", "username")) == "username must not be empty");
  CHECK(reason_against(UserName::from(std::string(257, 'a'))) == "name must not be longer than 256 bytes");
  CHECK(reason_against(UserName::from("a\nb")) == "name must not contain control characters");
  CHECK(reason_against(UserName::from(std::string_view("a\0b", 3))) == "name must not contain control characters");
}

TEST_CASE("user: an email address is what people have as one") {
  for (const std::string_view good : {"a@b.org", "ada.lovelace+news@mail.example.co.uk", "o'neil@example.org",
                                      "x_y-z@a-b.example", "1@2.3", "!#$%&'*+-/=?^_`{|}~@example.org"}) {
    CAPTURE(good);
    CHECK(reason_against(EmailAddress::from(good)) == "");
  }
  const std::string long_local = std::string(65, 'a') + "@example.org";
  const std::string long_label = "a@" + std::string(64, 'b') + ".org";
  const std::vector<std::string_view> refused{"nobody",
                                              "@example.org",
                                              "a@",
                                              "a@b",
                                              "a@b.",
                                              "a@.b",
                                              "a@b..org",
                                              ".a@b.org",
                                              "a.@b.org",
                                              "a..b@c.org",
                                              "a@-b.org",
                                              "a@b-.org",
                                              "a b@c.org",
                                              "a@b c.org",
                                              "a@b@c.org",
                                              "a@[127.0.0.1]",
                                              "\"a\"@b.org",
                                              "a@b.org\n",
                                              "\xc3\xa9@b.org",
                                              std::string_view(long_local),
                                              std::string_view(long_label)};
  for (const std::string_view bad : refused) {
    CAPTURE(bad);
    CHECK(reason_against(EmailAddress::from(bad)) == "invalid email: must look like ada@example.org");
  }
  CHECK(reason_against(EmailAddress::from("")) == "invalid email: must not be empty");
  CHECK(reason_against(EmailAddress::from("a@" + std::string(253, 'b'))) ==
        "invalid email: must not be longer than 254 bytes");
}

TEST_CASE("user: two email addresses that differ in case have one key and keep their text") {
  const auto email = EmailAddress::from("Ada@EXAMPLE.org");
  REQUIRE(email.has_value());
  CHECK(email.value().text() == "Ada@EXAMPLE.org");
  CHECK(email.value().key() == "ada@example.org");
}

TEST_CASE("user: an age is 13 to 150") {
  CHECK(reason_against(Age::from(13)) == "");
  CHECK(reason_against(Age::from(150)) == "");
  CHECK(reason_against(Age::from(12)) == "age must be at least 13");
  CHECK(reason_against(Age::from(INT64_MIN)) == "age must be at least 13");
  CHECK(reason_against(Age::from(INT64_MAX)) == "age must be at most 150");
}

TEST_CASE("user: a password is counted in characters, and what is guessed first is weak") {
  CHECK(reason_against(Password::from("correct horse")) == "");
  CHECK(reason_against(Password::from("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f")) == "");
  CHECK(reason_against(Password::from("")) == "weak password: at least 8 characters are needed");
  CHECK(reason_against(Password::from("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f")) ==
        "weak password: at least 8 characters are needed");
  for (const std::string_view weak : {"password", "PassWord1", "12345678", "aaaaaaaaaaaa", "ääääääää"}) {
    CHECK(reason_against(Password::from(weak)) == "weak password: it is one of those that are guessed first");
  }
  CHECK(reason_against(Password::from(std::string(257, 'x'))) == "password must not be longer than 256 bytes");
  CHECK(reason_against(Password::from("correct\nhorse")) == "password must not contain control characters");
}

TEST_CASE("user: a secret that is moved from holds nothing") {
  Secret one("correct horse");
  const Secret other(std::move(one));
  CHECK(other.view() == "correct horse");
  CHECK(one.view().empty());  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move): the question
}
