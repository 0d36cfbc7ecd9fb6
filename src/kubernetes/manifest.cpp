#include "kubernetes/manifest.h"

#include <algorithm>
#include <array>

#include "config/codes.h"
#include "kubernetes/layout.h"
#include "kubernetes/splice.h"
#include "kubernetes/workload.h"

namespace holdfast::kubernetes {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

struct Kind {
  std::string_view name;
  std::string_view groups;  // of its apiVersion, separated by spaces; "core" is the group without a name
  std::string_view pod;     // the path to its pod; "-" when it has none
};
constexpr std::array kinds{
    Kind{"Pod", "core", ""},
    Kind{"Deployment", "apps extensions", "/spec/template"},
    Kind{"StatefulSet", "apps", "/spec/template"},
    Kind{"DaemonSet", "apps extensions", "/spec/template"},
    Kind{"ReplicaSet", "apps extensions", "/spec/template"},
    Kind{"ReplicationController", "core", "/spec/template"},
    Kind{"Job", "batch", "/spec/template"},
    Kind{"CronJob", "batch", "/spec/jobTemplate/spec/template"},
    Kind{"Service", "core", "-"},
    Kind{"Namespace", "core", "-"},
    Kind{"ConfigMap", "core", "-"},
};

bool is_word_of(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

std::string_view group_of(const Json& object) {
  const std::string_view version = text_of(look(object, {"apiVersion"}));
  const std::size_t slash = version.find('/');
  return slash == std::string_view::npos ? "core" : version.substr(0, slash);
}

void collect_objects(const Json& value, const Path& at, std::vector<Object>& objects) {
  if (!value.is_object()) return;
  const std::string_view kind = text_of(look(value, {"kind"}));
  const Json* items = look(value, {"items"});
  // kubectl prints List; the API itself has PodList and so on.
  const bool is_list =
      kind == "List" || (kind.ends_with("List") && group_of(value).find('.') == std::string_view::npos);
  if (is_list && items != nullptr && items->is_array()) {
    for (std::size_t i = 0; i < items->size(); ++i) collect_objects((*items)[i], at / "items" / i, objects);
    return;
  }
  for (const Kind& one : kinds) {
    if (one.name != kind || !is_word_of(one.groups, group_of(value))) continue;
    Object object{
        std::string(kind), workload_of(value), std::string(text_of(look(value, {"metadata", "namespace"}))), at, {}};
    if (one.pod != "-") object.pod_path = parse_path(one.pod);
    objects.push_back(std::move(object));
  }
}

bool is_separator(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) &&
         (line.size() == marker.size() || line[marker.size()] == ' ' || line[marker.size()] == '\t' ||
          line[marker.size()] == '\r' || line[marker.size()] == '\n');
}

// The length of the UTF-8 character that `text` starts with, 0 when it is none (RFC 3629 4).
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80U) return 1;
  const std::size_t length = first >= 0xF0U && first <= 0xF4U ? 4 : first >= 0xE0U ? 3 : first >= 0xC2U ? 2 : 0;
  if (length == 0 || first > 0xF4U || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (first == 0xE0U && second < 0xA0U) || (first == 0xF0U && second < 0x90U);
  const bool outside = (first == 0xEDU && second > 0x9FU) || (first == 0xF4U && second > 0x8FU);
  return overlong || outside ? 0 : length;
}

// Where the text is none: bytes that are not UTF-8, control characters, a carriage return alone.
std::optional<Trouble> bad_bytes(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const bool lone_return = c == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    const bool control = (static_cast<unsigned char>(c) < 0x20U && c != '\t' && c != '\n' && c != '\r') || c == '\x7f';
    if (lone_return || control) {
      return Trouble{i, std::string(config::code::bad_character), "a control character", "remove it"};
    }
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) return Trouble{i, std::string(config::code::bad_utf8), "no UTF-8", "save the file as UTF-8"};
    i += length;
  }
  return std::nullopt;
}

// The starts of the documents. At the left edge `---` is always a separator, even inside a quoted text.
std::vector<std::size_t> cut(std::string_view text, std::size_t from) {
  std::vector<std::size_t> starts{from};
  for (std::size_t at = from; at < text.size(); at = line_end(text, at)) {
    const std::string_view line = text.substr(at, line_end(text, at) - at);
    if (is_separator(line, "---") && at != starts.back()) starts.push_back(at);
    if (is_separator(line, "...") && at + line.size() < text.size()) starts.push_back(at + line.size());
  }
  return starts;
}

std::optional<Trouble> read_document(std::string_view text, Document& document) {
  if (text.starts_with('%')) {
    return Trouble{0, std::string(config::code::directive), "a YAML directive", "remove the line"};
  }
  auto tree = read_tree(text);
  if (!tree) return tree.error();
  if (tree.value().empty) return std::nullopt;
  auto value = to_json(tree.value());
  if (!value) return value.error();
  collect_objects(value.value(), {}, document.objects);
  if (document.objects.empty()) return std::nullopt;
  const bool is_edited = std::any_of(document.objects.begin(), document.objects.end(),
                                     [](const Object& one) { return one.kind != "ConfigMap"; });
  if (const Member* twice = is_edited ? doubled_key(tree.value().root) : nullptr) {
    return Trouble{twice->key.start, std::string(config::code::duplicate_key),
                   "'" + twice->key.text + "' is given twice", "keep one of them"};
  }
  document.tree = std::move(tree).value();
  document.value = std::move(value).value();
  return std::nullopt;
}

}  // namespace

config::Place Manifest::place(std::size_t at) const {
  const std::string_view before = std::string_view(text).substr(0, std::min(at, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  std::string_view in_line = before.substr(line_start(before, before.size()));
  if (line == 1 && in_line.starts_with(byte_order_mark)) in_line.remove_prefix(byte_order_mark.size());
  const auto column = std::count_if(in_line.begin(), in_line.end(),
                                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return {file, static_cast<int>(line), static_cast<int>(column) + 1};
}

config::Fault Manifest::fault(const Document& document, const Trouble& trouble) const {
  return {place(document.start + trouble.at), trouble.code, trouble.sentence, {}, trouble.fix, false};
}

config::Fault Manifest::fault(const Document& document, const Remark& remark, const Object* object,
                              bool warning) const {
  const std::string whose = object == nullptr ? "" : object->kind + " " + object->name + ": ";
  std::size_t at = place_of(document.tree, remark.at);
  return {place(document.start + at), remark.code, whose + remark.sentence, {}, remark.fix, warning};
}

Manifest read_manifest(std::string file, std::string text, std::vector<config::Fault>& faults) {
  Manifest manifest{std::move(file), std::move(text), {}};
  const auto report = [&manifest, &faults](const Trouble& trouble, std::size_t start) {
    Document where;
    where.start = start;
    faults.push_back(manifest.fault(where, trouble));
  };
  if (manifest.text.size() > largest_manifest) {
    report({0, std::string(code::too_large), "more than 16 MiB", "split the file"}, 0);
    return manifest;
  }
  if (const auto bad = bad_bytes(manifest.text)) {
    report(*bad, 0);
    return manifest;
  }
  const std::string_view all = manifest.text;
  const std::vector<std::size_t> starts = cut(all, all.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
  if (starts.size() > most_documents) {
    report({starts[most_documents], std::string(code::too_large), "more than 10000 documents", "split the file"}, 0);
    return manifest;
  }
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : all.size();
    Document document;
    document.start = starts[i];
    constexpr std::size_t most_faults = 1000;
    if (faults.size() >= most_faults) break;
    if (const auto trouble = read_document(all.substr(starts[i], end - starts[i]), document)) {
      report(*trouble, starts[i]);
    } else if (!document.objects.empty()) {
      manifest.documents.push_back(std::move(document));
    }
  }
  return manifest;
}

}  // namespace holdfast::kubernetes
