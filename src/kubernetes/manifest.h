// Manifest: a stream of YAML or JSON documents, cut at its `---` lines, and the Kubernetes objects in it.
#pragma once

#include "config/fault.h"
#include "kubernetes/remark.h"
#include "kubernetes/tree.h"

namespace holdfast::kubernetes {

inline constexpr std::size_t largest_manifest = 16U << 20U;
inline constexpr std::size_t most_documents = 10'000;

// An object of a document, or of a List in it.
struct Object {
  std::string kind;
  std::string name;
  std::string namespace_name;
  Path at;                       // in the document
  std::optional<Path> pod_path;  // from the object, where it has a pod: `/spec/template`
};

struct Document {
  std::size_t start = 0;  // in the stream
  Tree tree;
  Json value;
  std::vector<Object> objects;  // those that an injection looks at
};

struct Manifest {
  std::string file;
  std::string text;
  std::vector<Document> documents;  // those with objects, in order

  config::Place place(std::size_t at) const;
  config::Fault fault(const Document& document, const Trouble& trouble) const;
  config::Fault fault(const Document& document, const Remark& remark, const Object* object, bool warning) const;
};

// Appends to `faults` whatever is wrong; the manifest is of use only when nothing was.
Manifest read_manifest(std::string file, std::string text, std::vector<config::Fault>& faults);

}  // namespace holdfast::kubernetes
