// HOLDFAST_CHECK: an invariant that traffic cannot break unless the program is wrong.
//
// On the data path a broken invariant costs one exchange: it throws, and the one catch where an event enters an
// exchange or connection turns it into `internal`. Never use it for what traffic, files, peers or the kernel can cause.
#pragma once

#include <stdexcept>

namespace holdfast {

class BrokenInvariant final : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace holdfast

#define HOLDFAST_CHECK(condition)                                                         \
  do {                                                                                    \
    if (!(condition)) throw ::holdfast::BrokenInvariant("broken invariant: " #condition); \
  } while (false)
