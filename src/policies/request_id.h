// request_id: where the engine gets the id of an exchange from, at its first byte.
#pragma once

#include "policies/exchange.h"
#include "policies/random_bits.h"

namespace holdfast::policies {

// Makes UUIDs of version 4 (RFC 9562 5.4) in text. One per worker.
class RequestIdSource {
 public:
  RequestIdSource(std::uint64_t seed_hi, std::uint64_t seed_lo) noexcept : bits_(seed_hi, seed_lo) {}
  void make(Exchange& x) noexcept;

 private:
  RandomBits bits_;
};

}  // namespace holdfast::policies
