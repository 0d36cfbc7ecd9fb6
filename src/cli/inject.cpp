// `holdfast inject` and `holdfast uninject`: files, flags and messages around src/kubernetes.
#include "cli/inject.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "core/fd.h"
#include "kubernetes/diff.h"
#include "kubernetes/inject.h"
#include "policies/catalog.h"

namespace holdfast::cli {
namespace {

using kubernetes::Source;

constexpr std::size_t largest = (16U << 20U) + 1;  // one byte more than is accepted, so that the excess is seen
constexpr std::array inject_flags{FlagSpec{"-f"},
                                  FlagSpec{"-o"},
                                  FlagSpec{"--image"},
                                  FlagSpec{"--policy"},
                                  FlagSpec{"--native"},
                                  FlagSpec{"--kube-version"},
                                  FlagSpec{"--namespace"},
                                  FlagSpec{"--drain-token"},
                                  FlagSpec{"--drain-key-file"},
                                  FlagSpec{"--labelled-only", false}};
constexpr std::array uninject_flags{FlagSpec{"-f"}, FlagSpec{"-o"}};

config::FileText unreadable(const std::string& name) {
  return config::Fault{{name, 0, 0},
                       "unreadable-file",
                       "cannot read it: " + std::generic_category().message(errno),
                       {},
                       "correct the path or its permissions",
                       false};
}

config::FileText read_source(const std::string& name, std::string_view path) {
  Fd file;
  if (path != "-") {
    file = Fd(::open(std::string(path).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return unreadable(name);
  }
  std::string text;
  std::array<char, 65536> chunk{};
  while (text.size() < largest) {
    const ssize_t n = ::read(file ? file.get() : STDIN_FILENO, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(name);
    if (n == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  return text;
}

// The files named, or standard input. Faults are appended.
std::vector<Source> read_sources(const Arguments& arguments, std::vector<config::Fault>& faults) {
  std::vector<std::string_view> paths = arguments.rest;
  if (const auto file = arguments.value("-f")) paths.insert(paths.begin(), *file);
  if (paths.empty()) paths.emplace_back("-");
  std::vector<Source> sources;
  for (const std::string_view path : paths) {
    const std::string name = path == "-" ? "<stdin>" : std::string(path);
    auto text = read_source(name, path);
    if (text) {
      sources.push_back({name, std::move(text).value()});
    } else {
      faults.push_back(text.error());
    }
  }
  return sources;
}

// Several files become one stream.
void print_texts(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    if (!all.empty() && !all.ends_with('\n')) all += '\n';
    if (!all.empty() && !text.empty() && !text.starts_with("---")) all += "---\n";
    all += text;
  }
  print(Stream::out, all);
}

void print_diffs(const std::vector<Source>& sources, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    print(Stream::out, kubernetes::unified_diff(sources[i].name, sources[i].text, texts[i]));
  }
}

// What both commands do around their function.
template <class Function>
int edit_manifests(const Arguments& arguments, std::string_view help, Function edit) {
  const std::string_view format = arguments.value("-o").value_or("yaml");
  if (format != "yaml" && format != "diff") return usage_error("-o needs yaml or diff", "", help);
  std::vector<config::Fault> faults;
  const std::vector<Source> sources = read_sources(arguments, faults);
  if (!faults.empty()) {
    print_faults(Stream::error, faults);
    return to_int(ExitCode::configuration);
  }
  kubernetes::Outcome outcome = edit(sources);
  config::sort_faults(outcome.faults);
  print_faults(Stream::error, outcome.faults);
  if (outcome.has_errors()) return to_int(ExitCode::configuration);
  if (format == "diff") {
    print_diffs(sources, outcome.texts);
  } else {
    print_texts(outcome.texts);
  }
  return to_int(ExitCode::ok);
}

std::string value_or_empty(const Arguments& arguments, std::string_view flag) {
  return std::string(arguments.value(flag).value_or(std::string_view()));
}

kubernetes::InjectFlags flags_of(const Arguments& arguments) {
  kubernetes::InjectFlags flags;
  flags.image = value_or_empty(arguments, "--image");
  flags.version = version_number();
  flags.drain_token = value_or_empty(arguments, "--drain-token");
  flags.policy = value_or_empty(arguments, "--policy");
  flags.namespace_name = value_or_empty(arguments, "--namespace");
  flags.native = value_or_empty(arguments, "--native");
  flags.kube_version = value_or_empty(arguments, "--kube-version");
  flags.labelled_only = arguments.has("--labelled-only");
  return flags;
}

// What `holdfast run` in the sidecar would say of it.
std::vector<config::Fault> policy_faults(const std::string& text, std::uint64_t memory_bytes) {
  config::Sources sources;
  sources.policy_alone = "policy.yaml";
  sources.read = [&text](const std::string&) { return config::FileText(text); };
  config::Environment environment = this_machine();
  environment.descriptor_limit = 0;  // this machine is not where it will be used
  environment.memory_limit = ByteCount{memory_bytes};
  const auto loaded = config::load(sources, {policies::sections(), policies::cross_rules()}, environment);
  return loaded ? loaded.value().warnings : loaded.error();
}

}  // namespace

int run_inject(std::span<const std::string_view> args) {
  constexpr std::string_view help = "holdfast inject --help";
  const auto arguments = parse_arguments(args, inject_flags);
  if (!arguments) return usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  kubernetes::InjectFlags flags = flags_of(arguments.value());
  flags.check_policy = policy_faults;
  if (const auto wrong = kubernetes::wrong_flag(flags)) return usage_error(*wrong, "", help);
  if (const auto path = arguments.value().value("--drain-key-file")) {
    const auto key = config::read_file(std::string(*path));
    if (!key) {
      print_faults(Stream::error, std::vector{key.error()});
      return to_int(ExitCode::configuration);
    }
    if (key.value().empty()) return usage_error("the file of --drain-key-file is empty", "", help);
    flags.drain_key = key.value();
  }
  return edit_manifests(arguments.value(), help,
                        [&flags](const std::vector<Source>& sources) { return kubernetes::inject(sources, flags); });
}

int run_uninject(std::span<const std::string_view> args) {
  constexpr std::string_view help = "holdfast uninject --help";
  const auto arguments = parse_arguments(args, uninject_flags);
  if (!arguments) return usage_error(arguments.error().sentence, arguments.error().did_you_mean, help);
  return edit_manifests(arguments.value(), help,
                        [](const std::vector<Source>& sources) { return kubernetes::uninject(sources); });
}

}  // namespace holdfast::cli
