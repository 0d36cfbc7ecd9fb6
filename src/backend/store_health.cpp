#include "backend/store_health.h"

#include <chrono>

#include "backend/users.h"

namespace users {
namespace {

constexpr std::chrono::milliseconds period{500};
constexpr holdfast::Duration answer_holds = store_call_bound + 2 * period;

}  // namespace

StoreHealth::StoreHealth(Store& store, Log& log) : store_(store), log_(log) {
  ask();
  thread_ = std::jthread([this](const std::stop_token& stop) { ask_until_stopped(stop); });
}

bool StoreHealth::answers() const noexcept { return holdfast::steady_now() < good_until_.load(); }

void StoreHealth::ask() {
  const auto answer = store_.ping(holdfast::steady_now() + store_call_bound);
  good_until_.store(answer ? holdfast::steady_now() + answer_holds : holdfast::TimePoint{});
  if (answer.has_value() != down_) return;
  down_ = !down_;
  if (answer) return log_.write(Level::info, "the store answers again");
  log_.write(Level::error, "the store does not answer", {{"cause", std::string_view(describe(answer.error()))}});
}

void StoreHealth::ask_until_stopped(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock guard(lock_);
      wake_.wait_for(guard, stop, period, [] { return false; });
    }
    if (!stop.stop_requested()) ask();
  }
}

}  // namespace users
