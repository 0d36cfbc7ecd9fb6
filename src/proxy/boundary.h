// boundary: the one catch, where an event enters an exchange or a connection.
//
// What escapes costs that exchange: it becomes `internal` and its connections close. Nothing passes through libevent's
// frames.
#pragma once

#include <exception>

#include "policies/in_progress.h"
#include "proxy/exchange.h"

namespace holdfast::proxy {

template <class Work>
void guarded(Exchange& exchange, const Work& work) noexcept {
  const policies::InProgressScope scope(exchange.x());
  try {
    work();
  } catch (const std::exception& escaped) {
    exchange.on_exception(escaped.what());
  } catch (...) {
    exchange.on_exception("not a std::exception");
  }
}

}  // namespace holdfast::proxy
