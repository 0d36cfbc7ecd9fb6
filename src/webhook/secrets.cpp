// Reading and writing. Secrets may come as documents of a stream or as items of a List, among others.
#include "webhook/secrets.h"

#include "core/base64.h"
#include "kubernetes/tree.h"

namespace holdfast::webhook {
namespace {

using kubernetes::Json;
using kubernetes::look;
using kubernetes::text_of;

constexpr std::string_view certificates_suffix = "-certificates";
constexpr std::string_view authority_suffix = "-ca";

struct Found {
  const Json* certificates = nullptr;
  const Json* authority = nullptr;
};

void collect(const Json& object, Found& found) {
  if (!object.is_object()) return;
  if (const Json* items = look(object, {"items"}); items != nullptr && items->is_array()) {
    for (const Json& one : *items) collect(one, found);
    return;
  }
  if (text_of(look(object, {"kind"})) != "Secret") return;
  const std::string_view name = text_of(look(object, {"metadata", "name"}));
  if (name.ends_with(certificates_suffix)) found.certificates = &object;
  if (name.ends_with(authority_suffix)) found.authority = &object;
}

// The documents between lines of `---`.
Result<std::vector<Json>, std::string> read_documents(std::string_view text) {
  std::vector<Json> all;
  while (!text.empty()) {
    std::size_t end = text.find("\n---");
    end = end == std::string_view::npos ? text.size() : end + 1;
    const auto tree = kubernetes::read_tree(text.substr(0, end));
    if (!tree) return "this is no YAML: " + tree.error().sentence;
    auto value = kubernetes::to_json(tree.value());
    if (!value) return "this is no YAML: " + value.error().sentence;
    all.push_back(std::move(value).value());
    text.remove_prefix(end);
  }
  return all;
}

// Takes a value of the Secret; what is wrong with it otherwise.
std::optional<std::string> take(const Json& secret, std::string_view key, std::string& into) {
  const std::string where = std::string(text_of(look(secret, {"metadata", "name"}))) + ": " + std::string(key);
  const Json* value = look(secret, {"data", key});
  if (value == nullptr) return where + " is missing in its data";
  auto bytes = from_base64(text_of(value));
  if (!bytes || bytes->empty()) return where + " is no base64";
  into = std::move(*bytes);
  return std::nullopt;
}

// As a text of YAML whatever it looks like: `123` and `true` are names, too.
std::string quoted(const std::string& text) { return kubernetes::dump(Json(text)); }

std::string secret_text(const Secrets& secrets, std::string_view suffix, std::string_view type,
                        std::initializer_list<std::pair<std::string_view, const std::string&>> data) {
  std::string text =
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: " + quoted(secrets.service + std::string(suffix)) +
      "\n  namespace: " + quoted(secrets.namespace_name) +
      "\n  labels:\n    app.kubernetes.io/name: " + quoted(secrets.service) + "\ntype: " + std::string(type) +
      "\ndata:\n";
  for (const auto& [key, value] : data) text += "  " + std::string(key) + ": " + to_base64(value) + "\n";
  return text;
}

}  // namespace

Result<Secrets, std::string> read_secrets(std::string_view text) {
  const auto documents = read_documents(text);
  if (!documents) return documents.error();
  Found found;
  for (const Json& one : documents.value()) collect(one, found);
  if (found.certificates == nullptr) return std::string("there is no Secret whose name ends with -certificates");
  if (found.authority == nullptr) return std::string("there is no Secret whose name ends with -ca");
  Secrets secrets;
  secrets.namespace_name = text_of(look(*found.certificates, {"metadata", "namespace"}));
  std::string_view name = text_of(look(*found.certificates, {"metadata", "name"}));
  name.remove_suffix(certificates_suffix.size());
  secrets.service = name;
  const bool together = text_of(look(*found.authority, {"metadata", "namespace"})) == secrets.namespace_name &&
                        text_of(look(*found.authority, {"metadata", "name"})) == secrets.service + "-ca";
  if (secrets.namespace_name.empty() || !together)
    return std::string("the two Secrets do not belong together: their names and namespaces differ");
  struct Part {
    const Json* secret;
    std::string_view key;
    std::string* into;
  };
  for (const Part& part :
       {Part{found.certificates, "tls.crt", &secrets.serving.certificate},
        Part{found.certificates, "tls.key", &secrets.serving.key}, Part{found.certificates, "ca.crt", &secrets.bundle},
        Part{found.authority, "ca.crt", &secrets.authority.certificate},
        Part{found.authority, "ca.key", &secrets.authority.key}}) {
    if (auto wrong = take(*part.secret, part.key, *part.into)) return std::move(*wrong);
  }
  return secrets;
}

std::string to_yaml(const Secrets& secrets) {
  return secret_text(
             secrets, certificates_suffix, "kubernetes.io/tls",
             {{"ca.crt", secrets.bundle}, {"tls.crt", secrets.serving.certificate}, {"tls.key", secrets.serving.key}}) +
         "---\n" +
         secret_text(secrets, authority_suffix, "Opaque",
                     {{"ca.crt", secrets.authority.certificate}, {"ca.key", secrets.authority.key}});
}

std::string ca_bundle_patch(const Secrets& secrets) {
  const Json patch = Json::array(
      {Json{{"op", "add"}, {"path", "/webhooks/0/clientConfig/caBundle"}, {"value", to_base64(secrets.bundle)}}});
  return kubernetes::dump(patch) + "\n";
}

}  // namespace holdfast::webhook
