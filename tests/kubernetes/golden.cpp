#include "golden.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace holdfast::kubernetes::testing {
namespace {

constexpr std::string_view folder = "tests/kubernetes/golden";  // tests run in the project's folder

std::string text_of(const std::filesystem::path& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::filesystem::path place(const Golden& golden, const std::string& part) {
  return std::filesystem::path(folder) / (golden.name + part);
}

void write_or_remove(const std::filesystem::path& path, const std::string& text) {
  if (text.empty()) {
    std::filesystem::remove(path);
  } else {
    std::ofstream(path, std::ios::binary) << text;
  }
}

}  // namespace

std::vector<Golden> all_goldens() {
  std::vector<Golden> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    const std::size_t middle = file.find(".in.");
    if (middle == std::string::npos) continue;
    Golden golden{file.substr(0, middle), file.substr(middle + 4), text_of(entry.path()), {}, {}};
    golden.output = text_of(place(golden, ".out." + golden.ending));
    golden.said = text_of(place(golden, ".txt"));
    all.push_back(std::move(golden));
  }
  std::sort(all.begin(), all.end(), [](const Golden& a, const Golden& b) { return a.name < b.name; });
  return all;
}

void write(const Golden& golden) {
  write_or_remove(place(golden, ".out." + golden.ending), golden.output);
  write_or_remove(place(golden, ".txt"), golden.said);
}

InjectFlags flags_of(const std::string& name) {
  InjectFlags flags;
  flags.image = "registry.example/holdfast:1.0.0";
  flags.version = "1.0.0";
  flags.drain_key = "golden";
  const std::array plain{"job_container", "container_mode", "default_container_named", "json_container_mode"};
  if (std::find(plain.begin(), plain.end(), name) != plain.end()) flags.kube_version = "1.28";
  if (name == "old_cluster_native_wanted") flags.kube_version = "1.28";
  if (name.starts_with("labelled_")) flags.labelled_only = true;
  if (name == "daemon_set") flags.policy = "platform-policy";
  if (name == "replica_set") flags.drain_token = "a-token-of-the-caller";
  return flags;
}

Golden played(const Golden& golden) {
  const Outcome outcome = inject_text(golden.input, flags_of(golden.name), golden.name + "." + golden.ending);
  Golden now{golden.name, golden.ending, golden.input, {}, {}};
  if (!outcome.has_errors()) now.output = outcome.texts.front();
  for (const config::Fault& fault : outcome.faults) now.said += config::to_text(fault) + "\n";
  return now;
}

Outcome inject_text(const std::string& text, const InjectFlags& flags, const std::string& name) {
  return inject({Source{name, text}}, flags);
}

Outcome uninject_text(const std::string& text) { return uninject({Source{"manifest", text}}); }

}  // namespace holdfast::kubernetes::testing
