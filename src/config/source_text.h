// SourceText: the bytes of a file, checked and made safe for the YAML library before it sees them.
//
// Finds what yaml-cpp accepts silently: NUL and other controls, bad UTF-8, tabs, a quote that swallows the rest of the
// file. Where it can it repairs the text, so that the rest of the file is still read and all of its faults are found at
// once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fault.h"

namespace holdfast::config {

class SourceText {
 public:
  SourceText(std::string_view file, std::string_view bytes, std::vector<Fault>& faults);

  // What to parse: no BOM, line ends are LF, no tabs, quotes closed.
  const std::string& text() const noexcept { return text_; }
  bool is_usable() const noexcept { return usable_; }      // false: not text at all, do not parse
  bool is_repaired() const noexcept { return repaired_; }  // later syntax faults follow from one already reported
  // The place of a 0-based line and byte column of text(), in characters, as an editor counts.
  Place place(int line, int column) const;
  // The byte there, or NUL.
  char at(int line, int column) const;
  bool line_has_marker(int line) const;                  // `---` there, or `...` above
  bool is_closed_by_repair(int line, int column) const;  // a quote opened there and nobody closed it

 private:
  void split(std::string_view bytes);
  void check_bytes(std::vector<Fault>& faults);
  void replace_tabs(std::vector<Fault>& faults);
  void check_directives(std::vector<Fault>& faults);
  void close_quotes(std::vector<Fault>& faults);
  void join();

  std::string file_;
  std::vector<std::string> lines_;
  std::vector<std::pair<int, int>> closed_;
  std::vector<int> shift_;  // by line: bytes that a repair added in front
  std::string text_;
  bool usable_ = true;
  bool repaired_ = false;
};

}  // namespace holdfast::config
