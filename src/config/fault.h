// A fault in a configuration: where it is, what it is, and what to do about it.
//
// Codes are stable words, listed in codes.h. A fault with `warning` set is printed and counted, and stops nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// 1-based. A flag has its name as `file` and line 0; a whole file has line 0 too.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

struct Fault {
  Place place;
  std::string code;
  std::string sentence;
  std::string did_you_mean;  // empty: nothing is near
  std::string fix;
  bool warning = false;
};

std::string to_text(const Place& place);  // `file:line:col`, or `file` alone

// `file:line:col: error[CODE]: sentence; did you mean …; fix: …`
std::string to_text(const Fault& fault);

// Orders faults by file (in order of first appearance), line and column, and drops doubles.
void sort_faults(std::vector<Fault>& faults);

}  // namespace holdfast::config
