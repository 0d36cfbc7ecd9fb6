// The command line and addresses: what is taken, and the sentence for what is not.
#include "backend/options.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace users;
using Arguments = std::vector<std::string_view>;

std::string refused(const Arguments& arguments) {
  const auto options = parse_options(arguments);
  return options ? "accepted" : options.error();
}

}  // namespace

TEST_CASE("options: both spellings of a value and every flag are taken") {
  const auto options =
      parse_options({"--listen=127.0.0.1:0", "--store", "sqlite:a/users.db", "--stop-delay", "1s500ms", "--faults"});
  REQUIRE(options.has_value());
  CHECK(to_text(options.value().listen) == "127.0.0.1:0");
  CHECK(printable(options.value().store) == "sqlite:a/users.db");
  CHECK(options.value().stop_delay == std::chrono::milliseconds(1500));
  CHECK(options.value().faults);
  const auto memory = parse_options({"--listen", "127.0.0.1:0", "--store", "sqlite::memory:"});
  REQUIRE(memory.has_value());
  CHECK(printable(memory.value().store) == "sqlite::memory:");
}

TEST_CASE("options: each fault is one sentence that says what to write") {
  struct Row {
    Arguments arguments;
    std::string_view sentence;
  };
  const std::vector<Row> rows{
      {{}, "--listen is missing; for example --listen 127.0.0.1:3000"},
      {{"--listen", "127.0.0.1:1"}, "--store is missing; for example --store sqlite:users.db"},
      {{"--listen"}, "--listen needs a value"},
      {{"--listen", "3000"}, "--listen \"3000\" is no address; write it as 127.0.0.1:3000"},
      {{"--store", "mysql:x"},
       "--store is no store; write it as sqlite:users.db, sqlite::memory: or "
       "postgres://user@host/database"},
      {{"--store", "sqlite:"},
       "--store is no store; write it as sqlite:users.db, sqlite::memory: or "
       "postgres://user@host/database"},
      {{"--store", "postgres://ada:p%zz@db/users"},
       "--store is no URL of PostgreSQL; write it as postgres://user@host:5432/database, with % and two hexadecimal "
       "digits for special characters"},
      {{"--stop-delay", "5"}, "--stop-delay \"5\" is no duration; write it as 5s or 500ms"},
      {{"--fault"}, "unknown argument \"--fault\"; see users-service --help"},
      {{"--faults=1"}, "unknown argument \"--faults=1\"; see users-service --help"},
      {{"--stroe=postgres://ada:secret@db"}, "unknown argument \"--stroe=postgres://…\"; see users-service --help"},
      {{"postgres://ada:secret@db"}, "unknown argument \"postgres://…\"; see users-service --help"},
  };
  for (const Row& row : rows) CHECK(refused(row.arguments) == row.sentence);
  for (const std::string_view store :
       {"mysql://ada:secret@db", "POSTGRES://ada:secret@db", "password=secret host=db"}) {
    CHECK(refused({"--store", store}).find("secret") == std::string::npos);
    CHECK(refused({"--listen", "postgres://ada:secret@db"}).find("secret") == std::string::npos);
  }
}

TEST_CASE("options: a URL of PostgreSQL is taken, and shown without its password and parameters") {
  struct Row {
    std::string_view url;
    std::string_view shown;
  };
  for (const Row row : {Row{"postgres://ada:secret@db.example:5433/users?sslpassword=hidden&sslmode=disable",
                            "postgres://ada@db.example:5433/users"},
                        Row{"postgresql://db.example/users", "postgres://db.example/users"},
                        Row{"postgres://ada:s%40cret@[::1]/users", "postgres://ada@::1/users"},
                        Row{"postgres://", "postgres://"}, Row{"postgres://a,b:1/x", "postgres://a,b:,1/x"}}) {
    const auto options = parse_options({"--listen", "127.0.0.1:0", "--store", row.url});
    REQUIRE(options.has_value());
    CHECK(printable(options.value().store) == row.shown);
  }
  CHECK(refused({"--store", "postgres://h/d?colour=blue"}).starts_with("--store is no URL"));
  CHECK(refused({"--store", "postgres://ada:secret@[::1/users"}).find("secret") == std::string::npos);
}

TEST_CASE("options: --help needs nothing else") {
  const auto options = parse_options({"--help"});
  REQUIRE(options.has_value());
  CHECK(options.value().help);
  CHECK(help_text.find("Example:") != std::string_view::npos);
}

TEST_CASE("addresses: IPv4, IPv6 in brackets, localhost and an empty host are addresses") {
  struct Row {
    std::string_view text;
    std::string_view shown;
  };
  for (const Row row : {Row{"127.0.0.1:3000", "127.0.0.1:3000"}, Row{"[::1]:80", "[::1]:80"},
                        Row{"localhost:1", "127.0.0.1:1"}, Row{":8080", "0.0.0.0:8080"}}) {
    const auto address = parse_address(row.text);
    REQUIRE(address.has_value());
    CHECK(to_text(*address) == row.shown);
  }
  for (const std::string_view text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "host:80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_address(text).has_value());
  }
}

TEST_CASE("addresses: a port that is taken is refused with a sentence that names it") {
  const auto any = parse_address("127.0.0.1:0");
  REQUIRE(any.has_value());
  const auto first = open_listen_socket(*any);
  REQUIRE(first.has_value());
  const auto taken = parse_address(first.value().address);
  REQUIRE(taken.has_value());
  const auto second = open_listen_socket(*taken);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error() == "cannot listen on " + first.value().address + ": Address already in use");
}
