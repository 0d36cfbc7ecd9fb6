#include "core/stack_trace.h"

#include <dlfcn.h>
#include <errno.h>  // program_invocation_short_name
#include <execinfo.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "core/bytes.h"

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the linker chose it
extern "C" const char __executable_start;

namespace holdfast {
namespace {

constexpr int max_frames = 48;
constexpr std::size_t max_frame_text = 96;

std::string_view file_name(const char* path) noexcept {
  const std::string_view text = path == nullptr ? "" : path;
  return text.substr(text.rfind('/') + 1);
}

// Room for `max_frame_text`; returns the end.
char* write_frame(char* out, const void* frame) noexcept {
  Dl_info info{};
  const bool known = dladdr(frame, &info) != 0;
  const bool own = !known || info.dli_fbase == &__executable_start;
  const void* base = own ? &__executable_start : info.dli_fbase;
  *out++ = '"';
  const std::string_view file = file_name(own ? program_invocation_short_name : info.dli_fname);
  out = write_text(out, file.substr(0, max_frame_text / 2));
  out = write_text(out, "+0x");
  out = write_hex(out, reinterpret_cast<std::uintptr_t>(frame) - reinterpret_cast<std::uintptr_t>(base));
  *out++ = '"';
  return out;
}

}  // namespace

void prepare_stack_trace() noexcept {
  std::array<void*, 1> frame{};
  backtrace(frame.data(), 1);
}

std::size_t write_stack_trace(std::span<char> out, int skip) noexcept {
  std::array<void*, max_frames> frames{};
  const int found = backtrace(frames.data(), max_frames);
  char* at = out.data();
  for (int i = skip + 1; i < found; ++i) {  // the first is this function
    if (static_cast<std::size_t>(out.data() + out.size() - at) < max_frame_text + 1) break;
    if (at != out.data()) *at++ = ',';
    at = write_frame(at, frames[static_cast<std::size_t>(i)]);
  }
  return static_cast<std::size_t>(at - out.data());
}

}  // namespace holdfast
