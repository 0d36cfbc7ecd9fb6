// Edit: one change of an object, independent of how the object is written; and Undo, which takes it back.
//
// Two appliers read the same edits: to_json_patch() for an API server, splice.h for the text of a manifest. The undo
// list is kept in the status annotation as an RFC 6902 patch, so that any JSON Patch tool can take an injection back.
#pragma once

#include "kubernetes/json.h"

namespace holdfast::kubernetes {

struct Edit {
  enum class Kind : std::uint8_t {
    add_member,  // `path` is the new member of a mapping that is not empty
    fill,        // `path` is a member whose value is null, {} or []; `was` is that value
    append,      // `path` is a list that is not empty; `was` is its size
    prepend,     // `path` is a list that is not empty
    replace,     // `path` is a text or a number; `was` is its value
    rename,      // `path` is a member, `value` its new name
  };
  Kind kind = Kind::add_member;
  Path path;
  Json value;
  Json was;
  char quote = '\0';  // of replace, when a quoted text becomes a number: the quote that stood there
};

struct Undo {
  enum class Kind : std::uint8_t { remove, replace, rename };
  Kind kind = Kind::remove;
  Path path;
  Json value;         // of replace: what to write; of rename: the old name
  char quote = '\0';  // of replace: see Edit
};

// Collects edits; each method chooses the kind that what stands in `object` asks for.
class Edits {
 public:
  explicit Edits(const Json& object) : object_(object) {}

  // Adds members to the mapping at `path`, which may be missing, null or empty.
  void add_members(const Path& path, const Json& members);
  void append(const Path& list, const Json& item);
  void prepend(const Path& list, const Json& item);
  void replace(const Path& path, const Json& value, char quote = '\0');
  void rename(const Path& member, std::string_view name);

  const std::vector<Edit>& all() const noexcept { return all_; }

 private:
  bool fill(const Path& path, const Json& value);  // false: something is there already

  const Json& object_;
  std::vector<Edit> all_;
};

// RFC 6902.
Json to_json_patch(const std::vector<Edit>& edits);
Json to_undo_patch(const std::vector<Edit>& edits);
std::optional<std::vector<Undo>> parse_undo(const Json& patch);

// False when the object is not as the edit needs it; it may be changed in part then.
bool apply(const Edit& edit, Json& object);
bool apply(const Undo& undo, Json& object);

}  // namespace holdfast::kubernetes
