// The one place that knows yaml-cpp, and the boundary where its exceptions end.
#include "config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "config/codes.h"
#include "config/source_text.h"
#include "config/syntax_fault.h"

namespace holdfast::config {
namespace {

constexpr std::size_t deepest = 32;
constexpr std::size_t most_nodes = 100'000;
// Behind the last line: a scalar that contains it began with a quote that is never closed.
constexpr std::string_view sentinel = "#holdfast-end-of-file";

// All but the line feed, which block text has.
constexpr std::string_view controls(
    "\0\1\2\3\4\5\6\7\10\t\13\14\15\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\177", 32);

// Ends the reading from inside a callback; caught below.
struct Stop {};

// Builds the tree from the library's events. A node that is open lies on `open_`; it moves into its parent when it
// ends.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, std::vector<Fault>& faults) : source_(source), faults_(faults) {}

  // The innermost list or mapping that is not closed yet; null when there is none.
  const Node* innermost() const { return open_.empty() ? nullptr : &open_.back().node; }

  // The last value is a mix of two when a bracket is not closed: it must not be read.
  void refuse_last() {
    if (open_.empty()) return;
    Node& node = open_.back().node;
    if (!node.entries.empty()) node.entries.back().value.refused = true;
    if (!node.items.empty()) node.items.back().refused = true;
  }

  // The tree as far as it was read.
  Node take_root() {
    while (!open_.empty()) close();
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = begin(mark, Node::Shape::null, "?", anchor);
    if (expects_key()) {
      fault(mark, code::bad_key, "an empty key", "write the key as a plain word");
      throw Stop{};
    }
    add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fault(mark, code::alias, "aliases are not accepted", "write the value out");
    Node node = begin(mark, Node::Shape::null, "?", 0);
    node.refused = true;
    if (expects_key()) throw Stop{};
    add(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = begin(mark, Node::Shape::scalar, tag, anchor);
    if (value.find(sentinel) != std::string::npos) {
      if (!source_.is_repaired())
        fault(mark, code::unclosed_quote, "the quote opened here is never closed", "close it");
      throw Stop{};
    }
    if (value.find_first_of(controls) != std::string::npos) {
      fault(mark, code::bad_character, "an escape that stands for a control character", "remove it");
      node.refused = true;
    }
    if (source_.is_closed_by_repair(mark.line, mark.column)) node.refused = true;
    node.text = value;
    node.quoted = tag == "!";
    if (expects_key()) {
      set_key(mark, std::move(node.text));
    } else {
      add(std::move(node));
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, Node::Shape::list, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, Node::Shape::mapping, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::string key;  // of a mapping: the key whose value comes next
    Place key_place;
    bool has_key = false;
  };

  bool expects_key() const {
    return !open_.empty() && open_.back().node.shape == Node::Shape::mapping && !open_.back().has_key;
  }

  void fault(const YAML::Mark& mark, std::string_view what, std::string sentence, std::string fix) {
    faults_.push_back(
        {source_.place(mark.line, mark.column), std::string(what), std::move(sentence), {}, std::move(fix), false});
  }

  Node begin(const YAML::Mark& mark, Node::Shape shape, const std::string& tag, YAML::anchor_t anchor) {
    if (++nodes_ > most_nodes) {
      fault(mark, code::too_many_nodes, "more than 100000 values in one file", "make the file smaller");
      throw Stop{};
    }
    Node node;
    node.shape = shape;
    node.place = source_.place(mark.line, mark.column);
    if (anchor != 0) fault(mark, code::anchor, "anchors are not accepted", "write each value out");
    const bool has_tag = (!tag.empty() && tag != "?" && tag != "!") || source_.at(mark.line, mark.column) == '!';
    if (has_tag) {
      fault(mark, code::tag, "tags are not accepted", "remove the tag");
      node.refused = true;
    }
    return node;
  }

  void set_key(const YAML::Mark& mark, std::string key) {
    Open& parent = open_.back();
    if (const Entry* first = parent.node.find(key)) {
      fault(mark, code::duplicate_key,
            "'" + key + "' is given twice; the first is in line " + std::to_string(first->place.line),
            "keep one of them");
    }
    parent.key = std::move(key);
    parent.key_place = source_.place(mark.line, mark.column);
    parent.has_key = true;
  }

  void open(const YAML::Mark& mark, Node::Shape shape, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= deepest) {
      fault(mark, code::too_deep, "nested deeper than 32 levels", "nest less");
      throw Stop{};
    }
    if (expects_key()) {
      fault(mark, code::bad_key, "a key must be one plain word", "write the key as a plain word");
      throw Stop{};
    }
    open_.push_back({begin(mark, shape, tag, anchor), {}, {}, false});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.shape == Node::Shape::list) {
      parent.node.items.push_back(std::move(node));
      return;
    }
    parent.has_key = false;
    if (parent.key == "<<") {
      faults_.push_back({parent.key_place,
                         std::string(code::merge_key),
                         "merge keys are not accepted",
                         {},
                         "write the keys out",
                         false});
      return;
    }
    parent.node.entries.push_back({std::move(parent.key), parent.key_place, std::move(node)});
  }

  const SourceText& source_;
  std::vector<Fault>& faults_;
  std::vector<Open> open_;
  Node root_;
  std::size_t nodes_ = 0;
};

// Only notes that there is a second document, and where.
class SecondDocument final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { start = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override { throw Stop{}; }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    throw Stop{};
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    throw Stop{};
  }
  void OnMapEnd() override {}
  YAML::Mark start = YAML::Mark::null_mark();
};

void report_second_document(const SourceText& source, const YAML::Mark& mark, std::vector<Fault>& faults) {
  if (source.is_repaired()) return;
  const bool marked = source.line_has_marker(mark.line);
  faults.push_back({source.place(mark.line, mark.column),
                    std::string(marked ? code::second_document : code::syntax),
                    marked ? "a second document" : "this does not continue what stands above it",
                    {},
                    marked ? "keep one document per file" : "check the indentation of this line and the one above",
                    false});
}

}  // namespace

const Entry* Node::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

Document read_document(std::string_view file, std::string_view bytes, std::vector<Fault>& faults) {
  Document document;
  document.root.place = {std::string(file), 1, 1};
  const SourceText source(file, bytes, faults);
  if (!source.is_usable()) {
    document.complete = false;
    return document;
  }
  TreeBuilder builder(source, faults);
  SecondDocument second;
  try {
    std::istringstream in(source.text() + std::string(sentinel) + "\n");
    YAML::Parser parser(in);
    if (parser.HandleNextDocument(builder) && parser.HandleNextDocument(second)) throw Stop{};
  } catch (const YAML::Exception& error) {
    document.complete = false;
    builder.refuse_last();
    if (second.start.is_null() && !source.is_repaired()) {
      const Node* innermost = builder.innermost();
      faults.push_back(syntax_fault(error.msg, source.place(error.mark.line, error.mark.column),
                                    innermost == nullptr ? nullptr : &innermost->place));
    }
  } catch (const std::exception& error) {
    document.complete = false;
    faults.push_back(syntax_fault(error.what(), document.root.place, nullptr));
  } catch (const Stop&) {
    document.complete = false;
  }
  if (!second.start.is_null()) report_second_document(source, second.start, faults);
  const Place start = document.root.place;
  document.root = builder.take_root();
  if (document.root.place.line == 0) document.root.place = start;
  return document;
}

}  // namespace holdfast::config
