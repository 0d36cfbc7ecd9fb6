// Any bytes as platform or policy file become a configuration that can be used and shown, or faults with a place in the
// file and a fix; the same ones every time, in time that grows with the size and no faster.
//
// The first byte says which file it is and, for one value, that the text is repeated: an input of 3,000 bytes
// then stands for one of 96,000.
#include <algorithm>
#include <ctime>
#include <string>

#include "config/describe.h"
#include "config/loader.h"
#include "fuzz/pieces.h"
#include "policies/catalog.h"

namespace {

using namespace holdfast;
using namespace holdfast::config;
using fuzz::require;

using Loaded = Result<Configuration, std::vector<Fault>>;

constexpr std::string_view good_policy = "version: 1\nprofile: standard@1\nroutes: []\n";

Loaded load_as(bool policy, const std::string& text) {
  Sources sources;
  (policy ? sources.policy_alone : sources.platform_file) = "file";
  sources.read = [&text](const std::string& path) -> FileText {
    return path == "file" ? text : std::string(good_policy);
  };
  Environment machine;
  machine.descriptor_limit = 65536;
  machine.today = std::chrono::year(2026) / 11 / 22;
  return load(sources, {policies::sections(), policies::cross_rules()}, machine);
}

// CR, LF and CRLF all end a line.
std::size_t lines_of(const std::string& text) {
  std::size_t lines = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))) ++lines;
  }
  return lines;
}

void check_place(const Place& place, const std::string& text, std::size_t lines) {
  require(!place.file.empty(), "a fault names its file");
  if (place.file != "file" || place.line == 0) return;
  require(place.line >= 1 && static_cast<std::size_t>(place.line) <= lines, "a line of the file");
  require(place.column >= 1 && static_cast<std::size_t>(place.column) <= text.size() + 2, "a column of the file");
}

void check_faults(const std::vector<Fault>& faults, const std::string& text, bool refused) {
  bool error = false;
  const std::size_t lines = lines_of(text);
  for (const Fault& fault : faults) {
    error = error || !fault.warning;
    require(!fault.code.empty() && !fault.sentence.empty(), "a fault says what it is");
    check_place(fault.place, text, lines);
    require(to_text(fault).find('\n') == std::string::npos, "a fault is one line");
  }
  require(error == refused, "an error refuses the file, a warning does not");
}

const std::vector<Fault>& faults_of(const Loaded& loaded) { return loaded ? loaded.value().warnings : loaded.error(); }

void same(const Loaded& a, const Loaded& b) {
  require(a.has_value() == b.has_value(), "the same outcome every time");
  const auto equal = [](const Fault& x, const Fault& y) { return to_text(x) == to_text(y); };
  require(std::equal(faults_of(a).begin(), faults_of(a).end(), faults_of(b).begin(), faults_of(b).end(), equal),
          "the same faults every time");
  if (a) require(a.value().hash == b.value().hash, "the same hash every time");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool policy = (data[0] & 1U) != 0;
  const std::size_t times = data[0] >> 1U == 7 ? 32 : 1;
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += fuzz::text_of(data + 1, size - 1);

  const std::clock_t begin = std::clock();
  const Loaded loaded = load_as(policy, text);
  const auto took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  // Measured under ASan: 1 to 3 µs for each byte, however bad the text.
  require(took < 0.2 + 20e-6 * static_cast<double>(text.size()), "time grows with the size and no faster");

  check_faults(faults_of(loaded), text, !loaded.has_value());
  if (times == 1) same(loaded, load_as(policy, text));
  if (!loaded) return 0;
  const Configuration& configuration = loaded.value();
  require(policies::build_plan(configuration) != nullptr, "a configuration can be used");
  require(effective_text(configuration).ends_with('\n'), "and shown");
  require(configuration.hash.size() == 16, "and named");
  return 0;
}
