#include "failing_memory.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "support/who_runs.h"

namespace holdfast::testing {
namespace {

struct Demand {
  bool watched = false;
  bool lasting = false;
  std::size_t nth = 0;
  std::size_t seen = 0;
};

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new has no other way to it
constinit thread_local Demand demand;

bool fails_now() noexcept {
  if (!demand.watched || !proxy_runs) return false;
  ++demand.seen;
  return demand.nth != 0 && (demand.seen == demand.nth || (demand.lasting && demand.seen > demand.nth));
}

void* take(std::size_t size, std::size_t alignment) noexcept {
  if (fails_now()) return nullptr;
  const std::size_t whole = (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, whole);
}

void* take_or_throw(std::size_t size, std::size_t alignment) {
  void* memory = take(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

constexpr std::size_t usual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

FailingMemory::FailingMemory(std::size_t nth, Lasts lasts) noexcept : nth_(nth) {
  demand = {.watched = true, .lasting = lasts == Lasts::on, .nth = nth};
}
FailingMemory::~FailingMemory() { demand = {}; }
std::size_t FailingMemory::allocations() const noexcept { return demand.seen; }

}  // namespace holdfast::testing

using holdfast::testing::take;
using holdfast::testing::take_or_throw;
using holdfast::testing::usual;
using std::align_val_t;
using std::nothrow_t;

// Every form, so that a sanitizer's own allocator is met by none of them.
void* operator new(std::size_t n) { return take_or_throw(n, usual); }
void* operator new[](std::size_t n) { return take_or_throw(n, usual); }
void* operator new(std::size_t n, align_val_t a) { return take_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, align_val_t a) { return take_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new(std::size_t n, const nothrow_t&) noexcept { return take(n, usual); }
void* operator new[](std::size_t n, const nothrow_t&) noexcept { return take(n, usual); }
void* operator new(std::size_t n, align_val_t a, const nothrow_t&) noexcept {
  return take(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, align_val_t a, const nothrow_t&) noexcept {
  return take(n, static_cast<std::size_t>(a));
}
// NOLINTBEGIN(cppcoreguidelines-no-malloc): this is what manages memory in this program
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, align_val_t) noexcept { std::free(p); }
void operator delete(void* p, const nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const nothrow_t&) noexcept { std::free(p); }
void operator delete(void* p, align_val_t, const nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, align_val_t, const nothrow_t&) noexcept { std::free(p); }
// NOLINTEND(cppcoreguidelines-no-malloc)
