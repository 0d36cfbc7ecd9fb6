// Takes injections back out of one document.
#pragma once

#include "kubernetes/manifest.h"

namespace holdfast::kubernetes {

struct Restored {
  std::string text;
  std::size_t objects = 0;
};
Result<Restored, Trouble> restore(const Document& document);

}  // namespace holdfast::kubernetes
