// binding: listening sockets for configured addresses, or a sentence that says why there are none.
#pragma once

#include <string>
#include <string_view>

#include "config/address.h"
#include "core/result.h"
#include "net/listener.h"

namespace holdfast::proxy {

// `name` is what the address is called in the sentence: `telemetry`.
Result<net::BoundSockets, std::string> bind_address(const config::Address& address, std::size_t count,
                                                    std::string_view name);

}  // namespace holdfast::proxy
