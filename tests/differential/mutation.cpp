#include "differential/mutation.h"

#include <array>
#include <vector>

namespace holdfast::differential {
namespace {

using namespace std::string_view_literals;

constexpr std::array bytes_that_matter{
    "\0"sv,     "\t"sv,   "\n"sv,   "\v"sv,   "\f"sv,   "\r"sv, " "sv, "\r\n"sv, "\r\n "sv, "\n\n"sv,
    "\r\r\n"sv, "\x7f"sv, "\x80"sv, "\xa0"sv, "\xff"sv, ":"sv,  ";"sv, ","sv,    "\""sv,    "\\"sv,
    "+"sv,      "-"sv,    "_"sv,    "0"sv,    "9"sv,    "a"sv,  "F"sv, "0x"sv,   "%"sv,     "%0d%0a"sv,
    "#"sv,      "?"sv,    "/"sv,    "//"sv,   "@"sv,    "["sv,  "]"sv, "*"sv,    "="sv,     "\r\n\r\n"sv};

constexpr std::array lines{"Content-Length: 0"sv,
                           "Content-Length: 5"sv,
                           "Content-Length: +5"sv,
                           "Content-Length: 5, 5"sv,
                           "Content-Length:"sv,
                           "Content-Length : 5"sv,
                           "Content-Length: 0x5"sv,
                           "Content-Length: 18446744073709551616"sv,
                           "Transfer-Encoding: chunked"sv,
                           "Transfer-Encoding: identity"sv,
                           "Transfer-Encoding: gzip, chunked"sv,
                           "Transfer-Encoding: chunked, chunked"sv,
                           "Transfer-Encoding:\tchunked"sv,
                           "Transfer-Encoding: Chunked "sv,
                           "Transfer-Encoding: xchunked"sv,
                           "Transfer-Encoding: chunked;a=b"sv,
                           "Transfer-Encoding:"sv,
                           "Host: other"sv,
                           "Host:"sv,
                           "Connection: close"sv,
                           "Connection: keep-alive"sv,
                           "Connection: Content-Length, Host"sv,
                           "Connection: Upgrade"sv,
                           "Upgrade: websocket"sv,
                           "Upgrade: h2c"sv,
                           "Expect: 100-continue"sv,
                           "TE: trailers"sv,
                           "Keep-Alive: timeout=5"sv,
                           "Proxy-Connection: keep-alive"sv,
                           " folded: 1"sv,
                           "NoColon"sv,
                           ": empty"sv,
                           "X-T: 1"sv};

// Swapped for one another wherever they stand.
constexpr std::array tokens{"HTTP/1.1"sv,
                            "HTTP/1.0"sv,
                            "HTTP/2.0"sv,
                            "HTTP/0.9"sv,
                            "HTTP/1.2"sv,
                            "http/1.1"sv,
                            "GET"sv,
                            "HEAD"sv,
                            "POST"sv,
                            "OPTIONS"sv,
                            "CONNECT"sv,
                            "chunked"sv,
                            "close"sv,
                            "keep-alive"sv,
                            "Host"sv,
                            "Content-Length"sv,
                            "Transfer-Encoding"sv,
                            "Connection"sv,
                            "200"sv,
                            "204"sv,
                            "304"sv,
                            "100"sv,
                            "101"sv,
                            "\r\n"sv,
                            "5"sv};

template <class List>
std::string_view one_of(const List& list, Draw& draw) {
  return list[draw.below(list.size())];
}

std::vector<std::size_t> line_ends(std::string_view message) {
  std::vector<std::size_t> ends;
  for (std::size_t at = message.find("\r\n"); at != std::string_view::npos; at = message.find("\r\n", at + 2)) {
    ends.push_back(at);
  }
  return ends;
}

void change_byte(std::string& m, Draw& draw) {
  const std::size_t at = draw.below(m.size());
  switch (draw.below(4)) {
    case 0: m[at] = static_cast<char>(m[at] ^ (1 << draw.below(8))); break;
    case 1: m[at] = static_cast<char>(draw.below(256)); break;
    case 2: m.erase(at, 1 + draw.below(3)); break;
    case 3: m.insert(at, one_of(bytes_that_matter, draw)); break;
  }
}

void change_line(std::string& m, Draw& draw) {
  const auto ends = line_ends(m);
  if (ends.empty()) return;
  const std::size_t n = draw.below(ends.size());
  const std::size_t begin = n == 0 ? 0 : ends[n - 1] + 2;
  const std::string line = m.substr(begin, ends[n] + 2 - begin);
  switch (draw.below(5)) {
    case 0: m.insert(begin, line); break;
    case 1: m.erase(begin, line.size()); break;
    case 2: m.insert(ends[n] + 2, std::string(one_of(lines, draw)) + "\r\n"); break;
    case 3: m.insert(begin + draw.below(line.size()), one_of(bytes_that_matter, draw)); break;
    case 4: m.insert(ends[draw.below(ends.size())] + 2, line); break;
  }
}

void change_line_end(std::string& m, Draw& draw) {
  static constexpr std::array other_ends{"\n"sv,    "\r"sv,     "\r\r\n"sv, "\n\r\n"sv,  ""sv,
                                         " \r\n"sv, "\t\r\n"sv, "\0\r\n"sv, "\r\n\r\n"sv};
  const auto ends = line_ends(m);
  if (!ends.empty()) m.replace(ends[draw.below(ends.size())], 2, one_of(other_ends, draw));
}

void swap_token(std::string& m, Draw& draw) {
  const std::size_t first = draw.below(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view token = tokens[(first + i) % tokens.size()];
    const std::size_t at = m.find(token, draw.below(m.size()));
    if (at == std::string::npos) continue;
    m.replace(at, token.size(), one_of(tokens, draw));
    return;
  }
}

// A number becomes another one; sizes and lengths are what framing hangs on.
void change_number(std::string& m, Draw& draw) {
  static constexpr std::array numbers{"0"sv,
                                      "1"sv,
                                      "4"sv,
                                      "5"sv,
                                      "6"sv,
                                      "00005"sv,
                                      "0000000000000000000005"sv,
                                      "5;"sv,
                                      "5 "sv,
                                      "05"sv,
                                      "ffffffffffffffff"sv,
                                      "7fffffffffffffff"sv,
                                      "10000000000000005"sv,
                                      "9223372036854775807"sv,
                                      "9223372036854775808"sv,
                                      "5,5"sv,
                                      "-0"sv,
                                      "5.0"sv};
  std::size_t at = m.find_first_of("0123456789", draw.below(m.size()));
  if (at == std::string::npos) at = m.find_first_of("0123456789");
  if (at == std::string::npos) return;
  const std::size_t end = m.find_first_not_of("0123456789abcdefABCDEF", at);
  m.replace(at, (end == std::string::npos ? m.size() : end) - at, one_of(numbers, draw));
}

void splice(std::string& m, std::string_view other, Draw& draw) {
  if (other.empty()) return;
  const std::size_t at = draw.below(m.size());
  const std::size_t from = draw.below(other.size());
  switch (draw.below(3)) {
    case 0: m = m.substr(0, at) + std::string(other.substr(from)); break;
    case 1: m.insert(at, other.substr(from, 1 + draw.below(40))); break;
    case 2: m += other; break;
  }
}

}  // namespace

std::string mutated(std::string_view message, std::string_view other, Draw& draw) {
  std::string m(message);
  const std::size_t changes = 1 + draw.below(6) / 4 + draw.below(8) / 6;
  for (std::size_t i = 0; i < changes && !m.empty(); ++i) {
    switch (draw.below(8)) {
      case 0:
      case 1: change_byte(m, draw); break;
      case 2:
      case 3: change_line(m, draw); break;
      case 4: change_line_end(m, draw); break;
      case 5: swap_token(m, draw); break;
      case 6: change_number(m, draw); break;
      case 7: splice(m, other, draw); break;
    }
  }
  return m;
}

}  // namespace holdfast::differential
