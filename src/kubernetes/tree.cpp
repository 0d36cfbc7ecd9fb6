// Builds the tree from the events of yaml-cpp; the boundary where that library's exceptions end.
#include "kubernetes/tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "config/codes.h"
#include "config/syntax_fault.h"
#include "kubernetes/remark.h"

namespace holdfast::kubernetes {
namespace {

// Behind the last line: a scalar that contains it began with a quote that is never closed.
constexpr std::string_view sentinel = "#holdfast-end-of-document";

// Ends the reading from inside a callback; caught below.
struct Stop {
  Trouble trouble;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Tree& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark&) override { tree_.empty = false; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(begin(mark, Node::Kind::null, "?", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = begin(mark, Node::Kind::alias, "?", 0);
    node.alias_of = anchor;
    tree_.aliased.insert(anchor);
    add(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (value.find(sentinel) != std::string::npos) {
      throw Stop{{offset(mark), std::string(config::code::unclosed_quote), "the quote opened here is never closed",
                  "close it"}};
    }
    Node node = begin(mark, Node::Kind::scalar, tag, anchor);
    node.quoted = tag != "?";
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(begin(mark, Node::Kind::sequence, tag, anchor), style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(begin(mark, Node::Kind::mapping, tag, anchor), style);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    Node key;
    bool has_key = false;
  };

  static std::size_t offset(const YAML::Mark& mark) { return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos); }

  Node begin(const YAML::Mark& mark, Node::Kind kind, const std::string& tag, YAML::anchor_t anchor) {
    if (++nodes_ > most_nodes) {
      throw Stop{{offset(mark), std::string(code::too_large), "more than 500000 values in one document",
                  "split the document"}};
    }
    Node node;
    node.kind = kind;
    node.tag = tag.empty() ? "?" : tag;
    node.start = std::min(offset(mark), tree_.text.size());
    node.anchor = anchor;
    return node;
  }

  void open(Node node, YAML::EmitterStyle::value style) {
    if (open_.size() >= deepest_nesting) {
      throw Stop{{node.start, std::string(config::code::too_deep), "nested deeper than 256 levels", "nest less"}};
    }
    node.flow = style == YAML::EmitterStyle::Flow;
    open_.push_back({std::move(node), {}, false});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      parent.key = std::move(node);
      parent.has_key = true;
    } else {
      parent.has_key = false;
      parent.node.members.push_back({std::move(parent.key), std::move(node)});
    }
  }

  Tree& tree_;
  std::vector<Open> open_;
  std::size_t nodes_ = 0;
};

// A document that goes on behind its end: yaml-cpp makes a second one of it.
class NothingMore final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    throw Stop{{mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos), std::string(config::code::syntax),
                "this does not continue what stands above it",
                "check the indentation of this line and the one above, or separate the documents with ---"}};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

Trouble trouble_of(const std::string& message, std::size_t at) {
  if (message.find("anchor is not defined") != std::string::npos) {
    return {at, std::string(config::code::alias), "an alias to an anchor that does not exist",
            "define the anchor above"};
  }
  const config::Fault fault = config::syntax_fault(message, {}, nullptr);
  return {at, fault.code, fault.sentence, fault.fix};
}

}  // namespace

const Member* Node::member(std::string_view key) const noexcept {
  for (const Member& one : members) {
    if (one.key.kind == Kind::scalar && one.key.text == key) return &one;
  }
  return nullptr;
}

Result<Tree, Trouble> read_tree(std::string_view document) {
  Tree tree;
  tree.text = document;
  try {
    const bool closed = document.empty() || document.back() == '\n';
    std::istringstream in(tree.text + (closed ? "" : "\n") + std::string(sentinel) + "\n");
    YAML::Parser parser(in);
    TreeBuilder builder(tree);
    NothingMore rest;
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(rest);
  } catch (const Stop& stop) {
    return stop.trouble;
  } catch (const YAML::Exception& error) {
    const std::size_t at = error.mark.pos < 0 ? 0 : static_cast<std::size_t>(error.mark.pos);
    return trouble_of(error.msg, std::min(at, document.size()));
  } catch (const std::exception& error) {
    return trouble_of(error.what(), 0);
  }
  return tree;
}

const Member* doubled_key(const Node& node) {
  std::set<std::string_view> seen;
  for (const Member& one : node.members) {
    const bool merges = one.key.text == "<<" && !one.key.quoted;
    if (one.key.kind == Node::Kind::scalar && !merges && !seen.insert(one.key.text).second) return &one;
    if (const Member* inside = doubled_key(one.value)) return inside;
  }
  for (const Node& one : node.items) {
    if (const Member* inside = doubled_key(one)) return inside;
  }
  return nullptr;
}

}  // namespace holdfast::kubernetes
