#include "proxy/memory_watch.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

namespace holdfast::proxy {
namespace {

using telemetry::Area;
using telemetry::Level;

constexpr Duration look_every = std::chrono::milliseconds(200);
constexpr Duration trim_every = std::chrono::seconds(2);      // it takes the allocator's locks for a moment
constexpr std::size_t peak_over = 1U << 20U;                  // bytes kept by the allocator that are worth the trouble
constexpr Duration short_at_least = std::chrono::seconds(1);  // bounds the lines, too
constexpr Duration calm_after = std::chrono::seconds(10);     // what stays in use between the bounds is no shortage
constexpr unsigned begin_above = 90;                          // per cent of the limit
constexpr unsigned end_below = 85;

// What a small kernel file says now; a file of /proc is made anew for each read from its beginning.
std::string_view read_again(const Fd& file, std::span<char> room) noexcept {
  const ssize_t n = file ? ::pread(file.get(), room.data(), room.size(), 0) : 0;
  return {room.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

std::uint64_t number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Fd open_file(const std::string& path) noexcept { return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

// The value in the line that begins with `name` and a space.
std::uint64_t value_of(std::string_view lines, std::string_view name) noexcept {
  for (std::size_t at = lines.find(name); at != std::string_view::npos; at = lines.find(name, at + 1)) {
    const std::string_view rest = lines.substr(at + name.size());
    if ((at == 0 || lines[at - 1] == '\n') && rest.starts_with(' ')) return number(rest.substr(1));
  }
  return 0;
}

}  // namespace

KernelMemory::KernelMemory(const std::string& cgroup) : resident_(open_file("/proc/self/statm")) {
  if (cgroup.empty()) return;
  charged_ = open_file(cgroup + "/memory.current");
  if (!charged_) charged_ = open_file(cgroup + "/memory.usage_in_bytes");  // cgroups v1
  details_ = open_file(cgroup + "/memory.stat");
}

std::uint64_t KernelMemory::used() noexcept {
  std::array<char, 8192> room{};
  const std::string_view pages = read_again(resident_, room);
  const std::size_t second = pages.find(' ') + 1;
  const std::uint64_t resident = number(pages.substr(second)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (!charged_) return resident;
  const std::uint64_t charged = number(read_again(charged_, room));
  const std::string_view details = read_again(details_, room);
  const std::uint64_t in_all = value_of(details, "total_inactive_file");  // v1: with the groups below
  const std::uint64_t reclaimable = in_all != 0 ? in_all : value_of(details, "inactive_file");
  return std::max(resident, charged - std::min(charged, reclaimable));
}

MemoryWatch::MemoryWatch(WorkerContext& context, MemoryGauge& gauge, telemetry::Loggers& loggers)
    : context_(context), gauge_(gauge), loggers_(loggers), next_(&MemoryWatch::look_due, this) {}

void MemoryWatch::set_limit(std::optional<ByteCount> limit, ByteCount blocks) {
  limit_ = limit ? limit->bytes : 0;
  blocks_ = blocks.bytes;
  if (limit_ != 0 || !next_.armed()) look_again();
  if (limit_ != 0) return set_block_budget(gauge_.used());
  context_.shared.block_bytes_max.store(blocks_, std::memory_order_relaxed);
  if (short_) end(gauge_.used());
}

// Workers compare with this at each request, so what comes between two looks is bounded, too. A block counts whole from
// its first byte on: `used` less all blocks would be too little, and the least that was ever used is not blocks.
void MemoryWatch::set_block_budget(std::uint64_t used) noexcept {
  const std::uint64_t blocks = context_.shared.block_bytes.load(std::memory_order_relaxed);
  least_used_ = std::min(least_used_, used);
  const std::uint64_t beside = std::max(least_used_, used - std::min(used, blocks));
  const std::uint64_t bound = limit_ / 100 * begin_above;
  const std::uint64_t left = std::max(bound - std::min(bound, beside), limit_ / 16);
  context_.shared.block_bytes_max.store(std::min(blocks_, left), std::memory_order_relaxed);
}

bool MemoryWatch::above(unsigned per_cent, std::uint64_t used) const noexcept {
  const std::uint64_t blocks = context_.shared.block_bytes.load(std::memory_order_relaxed);
  const std::uint64_t blocks_max = context_.shared.block_bytes_max.load(std::memory_order_relaxed);
  const bool blocks_full = per_cent == begin_above ? blocks > blocks_max : blocks > blocks_max / 100 * 95;
  return blocks_full || used > limit_ / 100 * per_cent;
}

void MemoryWatch::trim() noexcept {
  trimmed_ = context_.now;
  ::malloc_trim(0);
  kept_ = ::mallinfo2().fordblks;  // still counts what has just lost its pages
}

// What was in use at a peak lies between what stays, so the allocator alone would keep it for ever.
void MemoryWatch::give_back_peak() noexcept {
  if (context_.now - asked_ < trim_every) return;
  asked_ = context_.now;
  const std::size_t kept = ::mallinfo2().fordblks;
  kept_ = std::min(kept_, kept);
  if (kept - kept_ >= peak_over) trim();
}

void MemoryWatch::look_again() { context_.deadlines.arm(next_, context_.now, limit_ != 0 ? look_every : trim_every); }

void MemoryWatch::look() {
  look_again();
  give_back_peak();
  if (limit_ == 0) return;
  std::uint64_t used = gauge_.used();
  const unsigned bound = short_ ? end_below : begin_above;
  if (above(bound, used) && context_.now - trimmed_ >= trim_every) {
    trim();
    used = gauge_.used();
  }
  set_block_budget(used);
  if (above(begin_above, used)) {
    above_at_ = context_.now;
    if (!short_) return begin(used);
  }
  const bool over = !above(end_below, used) || context_.now - above_at_ >= calm_after;
  if (short_ && over && context_.now - since_ >= short_at_least) end(used);
}

void MemoryWatch::begin(std::uint64_t used) {
  short_ = true;
  since_ = context_.now;
  context_.shared.memory_short.store(true, std::memory_order_relaxed);
  loggers_.write(
      Area::lifecycle, Level::warn, "memory is short: new requests are shed",
      {{"used", used}, {"limit", limit_}, {"blocks", context_.shared.block_bytes.load(std::memory_order_relaxed)}});
}

void MemoryWatch::end(std::uint64_t used) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(context_.now - since_).count();
  short_ = false;
  context_.shared.memory_short.store(false, std::memory_order_relaxed);
  loggers_.write(Area::lifecycle, Level::info, "memory suffices again",
                 {{"used", used}, {"limit", limit_}, {"ms", static_cast<std::uint64_t>(ms)}});
}

}  // namespace holdfast::proxy
