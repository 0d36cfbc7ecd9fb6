// How faults are printed and ordered.
#include "config/fault.h"

#include <algorithm>

namespace holdfast::config {

std::string to_text(const Place& place) {
  if (place.line == 0) return place.file;
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string to_text(const Fault& fault) {
  std::string text = to_text(fault.place);
  text += fault.warning ? ": warning[" : ": error[";
  text += fault.code + "]: " + fault.sentence;
  if (!fault.did_you_mean.empty()) text += "; did you mean " + fault.did_you_mean;
  if (!fault.fix.empty()) text += "; fix: " + fault.fix;
  std::replace(text.begin(), text.end(), '\n', ' ');  // keys and values that are quoted may have several lines
  return text;
}

void sort_faults(std::vector<Fault>& faults) {
  std::vector<std::string> files;
  for (const Fault& fault : faults) {
    if (std::find(files.begin(), files.end(), fault.place.file) == files.end()) files.push_back(fault.place.file);
  }
  const auto rank = [&files](const Fault& fault) {
    return std::find(files.begin(), files.end(), fault.place.file) - files.begin();
  };
  std::stable_sort(faults.begin(), faults.end(), [&rank](const Fault& a, const Fault& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    if (a.place.line != b.place.line) return a.place.line < b.place.line;
    return a.place.column < b.place.column;
  });
  const auto same = [](const Fault& a, const Fault& b) {
    return a.place == b.place && a.code == b.code && a.sentence == b.sentence;
  };
  faults.erase(std::unique(faults.begin(), faults.end(), same), faults.end());
}

}  // namespace holdfast::config
