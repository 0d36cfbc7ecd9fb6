// options: the command line of users-service.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backend/listen_socket.h"
#include "backend/store_place.h"
#include "core/clock.h"
#include "core/result.h"

namespace users {

struct Options {
  Address listen;
  StorePlace store;
  holdfast::Duration stop_delay{};
  bool faults = false;
  bool help = false;
};

extern const std::string_view help_text;

// `arguments` without the program's name. The error is one sentence.
holdfast::Result<Options, std::string> parse_options(const std::vector<std::string_view>& arguments);

}  // namespace users
