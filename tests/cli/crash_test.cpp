// What a dying process says: the line names the request and the policy that the failing thread was working on.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include "cli/crash.h"
#include "core/death.h"
#include "core/fd.h"
#include "policies/in_progress.h"
#include "telemetry/log_writer.h"

namespace holdfast::cli {
namespace {

struct Death {
  int signal = 0;  // that the process died of
  std::string said;
};

// Runs `work` in a process of its own, with the handlers that `holdfast run` has, amid a request and a policy.
template <class Work>
Death dies_of(const Work& work) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const SignalStack signal_stack;
    telemetry::LogOptions options;
    options.sink = writing.get();
    options.service = "users";
    options.producers = 1;
    telemetry::LogWriter writer(options);
    handle_fatal_signals(writer);
    policies::Exchange x;
    constexpr std::string_view id = "r-17";
    id.copy(x.request_id.data(), id.size());
    x.request_id_size = static_cast<std::uint8_t>(id.size());
    const policies::InProgressScope scope(x);
    policies::in_progress.policy = "limits";
    work();
    ::_exit(0);
  }
  writing.reset();
  Death death;
  std::array<char, 4096> bytes{};
  for (ssize_t n = 0; (n = ::read(reading.get(), bytes.data(), bytes.size())) > 0;) {
    death.said.append(bytes.data(), static_cast<std::size_t>(n));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  death.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return death;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t fill_stack(std::size_t depth) {  // NOLINT(misc-no-recursion): it is to run out
  std::array<char, 4096> frame{};
  volatile char* end = frame.data() + depth % frame.size();
  *end = 'x';
  if (depth == SIZE_MAX) return depth;
  return fill_stack(depth + 1) + static_cast<std::size_t>(*end);
}

void fail() { throw std::runtime_error("a broken invariant"); }

}  // namespace

TEST_CASE("crash: a fatal signal amid a request leaves one line that names the request, the policy and the stack") {
  const Death death = dies_of([] { std::raise(SIGSEGV); });
  CHECK(death.signal == SIGSEGV);
  CHECK(std::count(death.said.begin(), death.said.end(), '\n') == 1);
  CHECK(contains(death.said, R"("msg":"fatal signal")"));
  CHECK(contains(death.said, R"("name":"SIGSEGV")"));
  CHECK(contains(death.said, R"("request_id":"r-17")"));
  CHECK(contains(death.said, R"("policy":"limits")"));
  CHECK(contains(death.said, R"("stack":[")"));
}

TEST_CASE("crash: an exception that nobody catches is named, and the process aborts") {
  // NOLINTNEXTLINE(bugprone-exception-escape): that is the case
  const Death death = dies_of([]() noexcept { fail(); });
  CHECK(death.signal == SIGABRT);
  CHECK(std::count(death.said.begin(), death.said.end(), '\n') == 1);
  CHECK(contains(death.said, R"("cause":"a broken invariant")"));
  CHECK(contains(death.said, R"("request_id":"r-17")"));
}

TEST_CASE("crash: a thread whose stack has run out still says so") {
  const Death death = dies_of([] {
    std::thread worker([] {
      const SignalStack signal_stack;
      ::_exit(fill_stack(1) == 0 ? 1 : 2);
    });
    worker.join();
  });
  CHECK(death.signal == SIGSEGV);
  CHECK(contains(death.said, R"("name":"SIGSEGV")"));
}

TEST_CASE("crash: two threads that die at once leave one whole line") {
  for (int i = 0; i < 20; ++i) {
    const Death death = dies_of([] {
      std::thread other([] { std::raise(SIGSEGV); });
      std::raise(SIGSEGV);
      other.join();
    });
    CHECK(death.signal == SIGSEGV);
    CHECK(std::count(death.said.begin(), death.said.end(), '\n') == 1);
    CHECK(death.said.ends_with("]}\n"));
  }
}

}  // namespace holdfast::cli
