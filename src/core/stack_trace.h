// stack_trace: where the caller is, as text that a dying process can still write.
//
// A frame is written as file and offset, `users-service+0x1a2b`, for `addr2line -e FILE 0x1a2b`. Safe in a signal
// handler once `prepare_stack_trace` ran.
#pragma once

#include <cstddef>
#include <span>

namespace holdfast {

// Loads what the first trace of a process would load, which a signal handler must not.
void prepare_stack_trace() noexcept;

// JSON strings with commas between: `"users-service+0x1a2b","libc.so.6+0x2c3d"`. Leaves out the `skip` innermost frames
// and what does not fit; returns the size.
std::size_t write_stack_trace(std::span<char> out, int skip) noexcept;

}  // namespace holdfast
