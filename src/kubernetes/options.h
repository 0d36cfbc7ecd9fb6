// From the flags of a command line to the options of decide().
#pragma once

#include "kubernetes/decide.h"
#include "kubernetes/inject.h"

namespace holdfast::kubernetes {

// Flags that wrong_flag() accepts.
InjectOptions options_of(const InjectFlags& flags);

}  // namespace holdfast::kubernetes
