// Reader: takes values out of a document and reports what is wrong with them, with place and fix.
//
// Shared by the readers of both files. It knows how a value is refused, not which keys there are.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/field.h"
#include "config/origin.h"

namespace holdfast::config {

class Reader {
 public:
  Reader(std::vector<Fault>& faults, Origins& origins) : faults_(faults), origins_(origins) {}

  void fault(const Place& place, std::string_view code, std::string sentence, std::string fix,
             std::string did_you_mean = {});
  void warn(const Place& place, std::string_view code, std::string sentence, std::string fix);
  std::size_t fault_count() const noexcept { return faults_.size(); }
  Origins& origins() noexcept { return origins_; }

  // Each is false, with a fault unless there is one already, when the node has another shape. `what` names the expected
  // thing.
  bool is_mapping(const Entry& entry, std::string_view what);
  bool is_mapping(const Node& node, std::string_view what);
  bool is_list(const Entry& entry, std::string_view what);

  // Reads `entry` as `field` into `settings`, and notes the origin under `key` (`timeouts.firstByte`). `flag` is the
  // one that sets the same value, "" where none does. False when the value was refused.
  bool read_field(const Field& field, const Entry& entry, bool because, std::string_view key, std::string_view flag,
                  AnySettings& settings);

  // A text value outside any section: a route's name, a waiver's owner. "" when it was refused.
  std::string read_text(const Entry& entry, TextCheck check);

  // Reports a key that is none of `known`; `hint` replaces the usual fix where it is not empty.
  void unknown_key(const Entry& entry, std::span<const std::string> known, std::string hint = {});
  // `version: 1`; reports a missing one where the file was read to its end.
  void check_version(const Document& document);

 private:
  bool refuses_substitution(const Node& node, std::string_view flag);
  Given given(const Node& node, bool because) const;

  std::vector<Fault>& faults_;
  Origins& origins_;
};

// Whether the mapping has `because:`; a bad one is reported, once. The text goes to `reason`, its origin is noted under
// `key`.
bool read_because(Reader& reader, const Node& mapping, std::string_view key, std::string& reason);

}  // namespace holdfast::config
