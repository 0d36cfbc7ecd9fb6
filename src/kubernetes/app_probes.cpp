#include "kubernetes/app_probes.h"

#include <algorithm>

#include "core/bytes.h"
#include "kubernetes/strict_json.h"

namespace holdfast::kubernetes {
namespace {

using proxy::AppProbeSpec;
using Head = Result<std::string, BadProbes>;

constexpr std::size_t most_probes = 64;
constexpr long longest_seconds = 3600;

bool is_token(std::string_view text) {
  constexpr std::string_view also = "!#$%&'*+-.^_`|~";  // RFC 9110 5.6.2
  return !text.empty() && std::all_of(text.begin(), text.end(), [also](char c) {
    return is_alpha(c) || is_digit(c) || also.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20U && c != '\x7f'); });
}

// What a URL cannot hold is percent-encoded, as the kubelet does; a fragment is not sent.
std::string target_of(std::string_view path) {
  std::string target = path.starts_with('/') ? "" : "/";
  for (const char c : path.substr(0, path.find('#'))) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20U && byte < 0x7FU && c != '"' && c != '<' && c != '>') {
      target += c;
    } else {
      target += {'%', hex_digits[byte >> 4U], hex_digits[byte & 15U]};
    }
  }
  return target;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

Head head_of(const Json& get, const std::string& authority) {
  std::string host = authority;
  std::string agent = "kube-probe/holdfast";
  std::string fields;
  const Json* headers = look(get, {"httpHeaders"});
  if (headers != nullptr && !headers->is_array()) return BadProbes{"httpHeaders is no list"};
  for (std::size_t i = 0; headers != nullptr && i < headers->size(); ++i) {
    const std::string name(text_of(look((*headers)[i], {"name"})));
    const std::string value(text_of(look((*headers)[i], {"value"})));
    if (!is_token(name) || !is_field_value(value)) return BadProbes{"a field that HTTP does not have"};
    if (same_name(name, "host")) {
      host = value;
    } else if (same_name(name, "user-agent")) {
      agent = value;
    } else if (!same_name(name, "connection") && !same_name(name, "content-length") &&
               !same_name(name, "transfer-encoding")) {
      fields.append(name).append(": ").append(value).append("\r\n");
    }
  }
  return "GET " + target_of(text_of(look(get, {"path"}))) + " HTTP/1.1\r\nhost: " + host + "\r\nuser-agent: " + agent +
         "\r\naccept: */*\r\nconnection: close\r\n" + fields + "\r\n";
}

}  // namespace

Result<std::vector<AppProbeSpec>, BadProbes> parse_app_probes(std::string_view text, const std::string& authority) {
  const auto read = read_json(text);
  if (!read) return BadProbes{"it " + read.error()};
  const Json& all = read.value();
  if (!all.is_object() || all.size() > most_probes) return BadProbes{"it is no JSON object of at most 64 probes"};
  std::vector<AppProbeSpec> specs;
  for (const auto& one : all.items()) {
    AppProbeSpec spec;
    spec.name = one.key();
    const Json* get = look(one.value(), {"httpGet"});
    const bool known = get != nullptr ? get->is_object() : look(one.value(), {"tcpSocket"}) != nullptr;
    if (!known) return BadProbes{spec.name + " has neither httpGet nor tcpSocket"};
    const long seconds = number_of(look(one.value(), {"timeoutSeconds"})).value_or(1);
    spec.within = std::chrono::seconds(std::clamp(seconds, 1L, longest_seconds));
    if (get != nullptr) {
      auto head = head_of(*get, authority);
      if (!head) return BadProbes{spec.name + ": " + head.error().sentence};
      spec.head = std::move(head).value();
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace holdfast::kubernetes
