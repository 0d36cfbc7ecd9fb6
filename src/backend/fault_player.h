// fault_player: carries out a Fault on an exchange. Loop thread; waits are timers, so no other request is held up.
#pragma once

#include "backend/exchange.h"
#include "backend/faults.h"

namespace users {

void play(const Fault& fault, Exchange& exchange);

}  // namespace users
