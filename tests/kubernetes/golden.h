// The golden manifests: golden/NAME.in.yaml or .in.json, the output expected of it (NAME.out.*, absent when it is
// denied) and what is said about it (NAME.txt, absent when nothing is).
#pragma once

#include <string>
#include <vector>

#include "kubernetes/inject.h"

namespace holdfast::kubernetes::testing {

struct Golden {
  std::string name;    // deployment_minimal
  std::string ending;  // yaml or json
  std::string input;
  std::string output;  // empty: denied
  std::string said;
};

std::vector<Golden> all_goldens();
void write(const Golden& golden);
InjectFlags flags_of(const std::string& name);

// What happens now.
Golden played(const Golden& golden);

Outcome inject_text(const std::string& text, const InjectFlags& flags, const std::string& name = "manifest");
Outcome uninject_text(const std::string& text);

}  // namespace holdfast::kubernetes::testing
