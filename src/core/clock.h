// The only clocks of the process. Everything that waits uses the steady clock; wall time is for `Date` and log lines.
#pragma once

#include <chrono>

namespace holdfast {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

// The calls below read the kernel's clock (vDSO, about 25 ns): once per loop turn, not per event.
inline TimePoint steady_now() noexcept { return std::chrono::steady_clock::now(); }
inline WallTime wall_now() noexcept { return std::chrono::system_clock::now(); }

}  // namespace holdfast
