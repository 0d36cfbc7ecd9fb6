#include "kubernetes/edit.h"

#include <algorithm>

namespace holdfast::kubernetes {
namespace {

Path parent_of(Path path) {
  path.pop_back();
  return path;
}

bool is_empty(const Json& value) { return value.is_null() || (value.is_structured() && value.empty()); }

Json operation(std::string_view op, const Path& path) { return Json{{"op", op}, {"path", path_text(path)}}; }

// Keeps the place of the member among its neighbours, as an edit of the text does.
bool rename_member(Json& object, const Path& path, const std::string& name) {
  Json* parent = path.empty() ? nullptr : find(object, parent_of(path));
  if (parent == nullptr || !parent->is_object() || parent->contains(name)) return false;
  Json renamed = Json::object();
  bool found = false;
  for (auto& member : parent->items()) {
    const bool is_it = member.key() == path.back();
    found = found || is_it;
    renamed[is_it ? name : member.key()] = member.value();
  }
  *parent = std::move(renamed);
  return found;
}

bool insert_item(Json& object, const Edit& edit) {
  Json* list = find(object, edit.path);
  if (list == nullptr || !list->is_array()) return false;
  const std::size_t index = edit.kind == Edit::Kind::prepend ? 0 : list->size();
  list->insert(list->begin() + static_cast<std::ptrdiff_t>(index), edit.value);
  return true;
}

bool remove_at(Json& object, const Path& path) {
  Json* parent = path.empty() ? nullptr : find(object, parent_of(path));
  if (parent == nullptr || find(object, path) == nullptr) return false;
  if (parent->is_object()) {
    parent->erase(path.back());
  } else {
    parent->erase(index_of(path.back()).value_or(0));
  }
  return true;
}

bool set_at(Json& object, const Path& path, const Json& value) {
  Json* there = find(object, path);
  if (there == nullptr) return false;
  *there = value;
  return true;
}

}  // namespace

bool Edits::fill(const Path& path, const Json& value) {
  const Json* there = find(object_, path);
  if (there != nullptr && !is_empty(*there)) return false;
  if (there != nullptr) {
    all_.push_back({Edit::Kind::fill, path, value, *there});
    return true;
  }
  const Path parent = parent_of(path);
  const Json member = Json::object({{path.back(), value}});
  if (parent.empty() || !fill(parent, member)) all_.push_back({Edit::Kind::add_member, path, value, nullptr});
  return true;
}

void Edits::add_members(const Path& path, const Json& members) {
  if (!path.empty() && fill(path, members)) return;
  for (const auto& one : members.items()) {
    all_.push_back({Edit::Kind::add_member, path / one.key(), one.value(), nullptr});
  }
}

void Edits::append(const Path& list, const Json& item) {
  if (fill(list, Json::array({item}))) return;
  const Json* there = find(object_, list);
  all_.push_back({Edit::Kind::append, list, item, there->size()});
}

void Edits::prepend(const Path& list, const Json& item) {
  if (fill(list, Json::array({item}))) return;
  all_.push_back({Edit::Kind::prepend, list, item, nullptr});
}

void Edits::replace(const Path& path, const Json& value, char quote) {
  const Json* there = find(object_, path);
  if (there == nullptr || *there == value) return;
  const bool loses_quote = there->is_string() && !value.is_string();
  all_.push_back({Edit::Kind::replace, path, value, *there, loses_quote ? quote : '\0'});
}

void Edits::rename(const Path& member, std::string_view name) {
  all_.push_back({Edit::Kind::rename, member, std::string(name), nullptr});
}

Json to_json_patch(const std::vector<Edit>& edits) {
  Json patch = Json::array();
  for (const Edit& edit : edits) {
    switch (edit.kind) {
      case Edit::Kind::add_member: patch.push_back(operation("add", edit.path)); break;
      case Edit::Kind::append: patch.push_back(operation("add", edit.path / "-")); break;
      case Edit::Kind::prepend: patch.push_back(operation("add", edit.path / 0)); break;
      case Edit::Kind::fill:
      case Edit::Kind::replace: patch.push_back(operation("replace", edit.path)); break;
      case Edit::Kind::rename: {
        Json move = operation("move", parent_of(edit.path) / text_of(&edit.value));
        move["from"] = path_text(edit.path);
        patch.push_back(std::move(move));
        continue;
      }
    }
    patch.back()["value"] = edit.value;
  }
  return patch;
}

Json to_undo_patch(const std::vector<Edit>& edits) {
  Json patch = Json::array();
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    switch (edit->kind) {
      case Edit::Kind::add_member: patch.push_back(operation("remove", edit->path)); break;
      case Edit::Kind::append:
        patch.push_back(operation("remove", edit->path / static_cast<std::size_t>(number_of(&edit->was).value_or(0))));
        break;
      case Edit::Kind::prepend: patch.push_back(operation("remove", edit->path / 0)); break;
      case Edit::Kind::fill:
      case Edit::Kind::replace:
        patch.push_back(operation("replace", edit->path));
        patch.back()["value"] = edit->was;
        if (edit->quote != '\0') patch.back()["quote"] = std::string(1, edit->quote);
        break;
      case Edit::Kind::rename: {
        Json move = operation("move", edit->path);
        move["from"] = path_text(parent_of(edit->path) / text_of(&edit->value));
        patch.push_back(std::move(move));
        break;
      }
    }
  }
  return patch;
}

std::optional<std::vector<Undo>> parse_undo(const Json& patch) {
  if (!patch.is_array()) return std::nullopt;
  std::vector<Undo> all;
  for (const Json& one : patch) {
    const std::string_view op = text_of(look(one, {"op"}));
    const auto path = parse_path(text_of(look(one, {"path"})));
    if (!path || path->empty()) return std::nullopt;
    if (op == "remove") {
      all.push_back({Undo::Kind::remove, *path, nullptr});
    } else if (op == "replace" && one.contains("value")) {
      const std::string_view quote = text_of(look(one, {"quote"}));
      all.push_back({Undo::Kind::replace, *path, one["value"], quote.empty() ? '\0' : quote.front()});
    } else if (op == "move") {
      const auto from = parse_path(text_of(look(one, {"from"})));
      if (!from || from->empty() || parent_of(*from) != parent_of(*path)) return std::nullopt;
      all.push_back({Undo::Kind::rename, *from, path->back()});
    } else {
      return std::nullopt;
    }
  }
  return all;
}

bool apply(const Edit& edit, Json& object) {
  switch (edit.kind) {
    case Edit::Kind::add_member: {
      Json* parent = find(object, parent_of(edit.path));
      if (parent == nullptr || !parent->is_object() || parent->contains(edit.path.back())) return false;
      (*parent)[edit.path.back()] = edit.value;
      return true;
    }
    case Edit::Kind::fill:
    case Edit::Kind::replace: return set_at(object, edit.path, edit.value);
    case Edit::Kind::append:
    case Edit::Kind::prepend: return insert_item(object, edit);
    case Edit::Kind::rename: return rename_member(object, edit.path, std::string(text_of(&edit.value)));
  }
  return false;
}

bool apply(const Undo& undo, Json& object) {
  switch (undo.kind) {
    case Undo::Kind::remove: return remove_at(object, undo.path);
    case Undo::Kind::replace: return set_at(object, undo.path, undo.value);
    case Undo::Kind::rename: return rename_member(object, undo.path, std::string(text_of(&undo.value)));
  }
  return false;
}

}  // namespace holdfast::kubernetes
