// who_runs: whether this thread is in the proxy's code or in the test's, so that a test can count, or refuse, what the
// proxy alone asks for.
#pragma once

namespace holdfast::testing {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the allocator of a test program has no other way
// to it
inline constinit thread_local bool proxy_runs = false;

// Says so for the length of a scope; scopes nest.
class WhoRuns {
 public:
  static WhoRuns proxy() noexcept { return WhoRuns(true); }
  static WhoRuns test() noexcept { return WhoRuns(false); }
  WhoRuns(const WhoRuns&) = delete;
  WhoRuns& operator=(const WhoRuns&) = delete;
  ~WhoRuns() { proxy_runs = before_; }

 private:
  explicit WhoRuns(bool proxy) noexcept : before_(proxy_runs) { proxy_runs = proxy; }

  bool before_;
};

}  // namespace holdfast::testing
