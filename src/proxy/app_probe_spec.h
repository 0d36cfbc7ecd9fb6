// An original probe of the app, as an injection fixed it at start.
#pragma once

#include <string>

#include "core/clock.h"

namespace holdfast::proxy {

struct AppProbeSpec {
  std::string name;  // `api/readiness`: container and kind, the path behind /app-probe/
  std::string head;  // the whole request; empty: a TCP connect
  Duration within = std::chrono::seconds(1);
};

}  // namespace holdfast::proxy
