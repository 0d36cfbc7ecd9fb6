// Addresses of clients: what X-Forwarded-For may say, and which part of an address is one client.
#include "core/client_address.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>

namespace holdfast {

TEST_CASE("client address: IPv4 and IPv6 are read with and without a port, and shown in their short form") {
  struct Row {
    std::string_view text;
    std::string_view shown;
    int family;
  };
  constexpr std::array rows{
      Row{"192.0.2.1", "192.0.2.1", 4},
      Row{"192.0.2.1:443", "192.0.2.1", 4},
      Row{"255.255.255.255", "255.255.255.255", 4},
      Row{"2001:db8::1", "2001:db8::1", 6},
      Row{"2001:0DB8:0:0:0:0:0:1", "2001:db8::1", 6},
      Row{"[2001:db8::1]", "2001:db8::1", 6},
      Row{"[2001:db8::1]:8080", "2001:db8::1", 6},
      Row{"::1", "::1", 6},
      Row{"::", "::", 6},
      Row{"::ffff:192.0.2.1", "192.0.2.1", 4},
      Row{"[::ffff:c000:201]:99", "192.0.2.1", 4},
      Row{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const ClientAddress address = parse_client_address(row.text);
    CHECK(address.family == row.family);
    CHECK(address.view() == row.shown);
    CHECK(parse_client_address(address.view()).bytes == address.bytes);
  }
}

TEST_CASE("client address: anything else is none") {
  constexpr std::array<std::string_view, 17> bad{"",
                                                 " ",
                                                 "unknown",
                                                 "_hidden",
                                                 "unix",
                                                 "example.com",
                                                 "192.0.2",
                                                 "192.0.2.256",
                                                 "192.0.2.1 ",
                                                 "192.0.2.01",
                                                 ":80",
                                                 "[2001:db8::1",
                                                 "[]",
                                                 "]",
                                                 "2001:db8::1::2",
                                                 "fe80::1%eth0",
                                                 "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"};
  for (const std::string_view text : bad) {
    CAPTURE(text);
    const ClientAddress address = parse_client_address(text);
    CHECK(address.family == 0);
    CHECK(address.view().empty());
  }
  CHECK(parse_client_address(std::string_view("192.0.2.1\0x", 11)).family == 0);
}

TEST_CASE("client address: an IPv4 address is one client, and so is the /64 of an IPv6 one") {
  const auto same = [](std::string_view a, std::string_view b) {
    return parse_client_address(a).identity() == parse_client_address(b).identity();
  };
  CHECK(same("192.0.2.1", "192.0.2.1:5"));
  CHECK(same("192.0.2.1", "::ffff:192.0.2.1"));
  CHECK(!same("192.0.2.1", "192.0.2.2"));
  CHECK(same("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff"));
  CHECK(!same("2001:db8:0:1::1", "2001:db8:0:2::1"));
  CHECK(parse_client_address("192.0.2.1").identity().size() == 4);
  CHECK(parse_client_address("2001:db8::1").identity().size() == 8);
  CHECK(ClientAddress{}.identity() == "unix");
}

TEST_CASE("client address: what accept() gives is the same client as its text") {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(4711);
  REQUIRE(inet_pton(AF_INET, "192.0.2.9", &v4.sin_addr) == 1);
  CHECK(client_address_from(&v4).view() == "192.0.2.9");
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, "2001:db8::9", &v6.sin6_addr) == 1);
  CHECK(client_address_from(&v6).view() == "2001:db8::9");
  CHECK(client_address_from(&v6).identity() == parse_client_address("2001:db8::1").identity());
  REQUIRE(inet_pton(AF_INET6, "::ffff:192.0.2.9", &v6.sin6_addr) == 1);  // of a dual-stack listener
  CHECK(client_address_from(&v6).family == 4);
  CHECK(client_address_from(&v6).identity() == client_address_from(&v4).identity());
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  CHECK(client_address_from(&local).view() == "unix");
  CHECK(client_address_from(&local).family == 0);
}

}  // namespace holdfast
