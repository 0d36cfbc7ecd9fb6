// A small catalog with every kind of field, and files in memory, for the tests of this folder.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.h"

namespace holdfast::config::sample {

enum class Format : std::uint8_t { simple, problem };

struct Timeouts {
  Duration connect = std::chrono::seconds(1);
  Duration first_byte = std::chrono::seconds(10);
  std::optional<Duration> request = std::chrono::seconds(15);
  std::uint16_t expired_status = 504;
};
struct Limits {
  ByteCount body{1U << 20U};
  std::optional<std::uint32_t> connections_per_client;
  std::uint32_t queue = 64;
};
struct Redaction {
  std::vector<std::string> headers{"authorization", "cookie"};
};
struct Errors {
  bool replace5xx = true;
  std::string message = "internal error";
  Format format = Format::simple;
  Share sample{1'000'000};
  Rate rate{50'000};
  CountRange accept_length{8, 128};
};

const Catalog& catalog();

using Files = std::map<std::string, std::string>;

// Today is 2026-11-22.
Environment environment();

// Loads from memory; `platform_file` may be empty.
Result<Configuration, std::vector<Fault>> load_from(const Files& files, const std::string& platform_file,
                                                    std::vector<FlagValue> flags = {});
// Checks `text` alone, as file `p` of its kind.
Result<Configuration, std::vector<Fault>> load_policy(const std::string& text);
Result<Configuration, std::vector<Fault>> load_platform(const std::string& text, std::vector<FlagValue> flags = {});

// `3:5 unknown-key`, one per fault or warning, in their order.
std::vector<std::string> places(const Result<Configuration, std::vector<Fault>>& loaded);
// Joined by commas, so that a failing test shows both.
std::string listed(const std::vector<std::string>& places);
// All faults as printed, one per line.
std::string printed(const Result<Configuration, std::vector<Fault>>& loaded);

}  // namespace holdfast::config::sample
