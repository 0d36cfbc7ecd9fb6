// Owners of what libevent hands out, and its form of a duration.
#pragma once

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <sys/time.h>

#include <chrono>
#include <memory>

#include "core/clock.h"

namespace users {

struct FreeHandle {
  void operator()(event_base* base) const noexcept { event_base_free(base); }
  void operator()(event* event) const noexcept { event_free(event); }
  void operator()(evbuffer* buffer) const noexcept { evbuffer_free(buffer); }
  void operator()(evhttp* http) const noexcept { evhttp_free(http); }
};

using EventBase = std::unique_ptr<event_base, FreeHandle>;
using Event = std::unique_ptr<event, FreeHandle>;
using Buffer = std::unique_ptr<evbuffer, FreeHandle>;
using Http = std::unique_ptr<evhttp, FreeHandle>;

inline timeval to_timeval(holdfast::Duration duration) noexcept {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return {static_cast<time_t>(micros / 1'000'000), static_cast<suseconds_t>(micros % 1'000'000)};
}

}  // namespace users
