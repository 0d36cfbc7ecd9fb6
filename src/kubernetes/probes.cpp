// The app's own probes of the captured port, sent to the sidecar, which performs them without any policy.
#include <array>

#include "kubernetes/sidecar.h"

namespace holdfast::kubernetes {
namespace {

struct ProbeKind {
  std::string_view member;
  std::string_view name;  // in `/app-probe/<container>/<name>`
};
constexpr std::array kinds{ProbeKind{"startupProbe", "startup"}, ProbeKind{"livenessProbe", "liveness"},
                           ProbeKind{"readinessProbe", "readiness"}};

// What the sidecar needs to perform it: the port as a number, since its name means the proxy now.
Json original(const Json& probe, std::string_view handler, long port) {
  Json action = *look(probe, {handler});
  action["port"] = port;
  action.erase("scheme");
  Json all{{std::string(handler), std::move(action)}};
  if (const Json* timeout = look(probe, {"timeoutSeconds"})) all["timeoutSeconds"] = *timeout;
  return all;
}

class Rewriter {
 public:
  Rewriter(const Pod& pod, const AppPort& app, Edits& edits, std::vector<Remark>& warnings)
      : pod_(pod), app_(app), edits_(edits), warnings_(warnings) {}

  void rewrite(const ProbeKind& kind, Json& originals) {
    const Json* probe = look(*app_.container, {kind.member});
    if (probe == nullptr) return;
    const Path at = app_.container_at / kind.member;
    for (const std::string_view handler : {"httpGet", "tcpSocket"}) {
      const Json* action = look(*probe, {handler});
      if (action == nullptr || port_number(*app_.container, look(*action, {"port"})) != app_.number) continue;
      if (look(*action, {"host"}) != nullptr) {
        warnings_.push_back(remark(code::probe,
                                   "this probe names a host, so it stays as it is and goes around Holdfast",
                                   "remove host:, the kubelet then asks the pod", at / handler));
        continue;
      }
      originals[app_.container_name + "/" + std::string(kind.name)] = original(*probe, handler, app_.number);
      redirect(kind, at, handler, *action);
    }
  }

 private:
  void redirect(const ProbeKind& kind, const Path& at, std::string_view handler, const Json& action) {
    const std::string path = "/app-probe/" + app_.container_name + "/" + std::string(kind.name);
    const Path here = at / handler;
    const Path port = here / "port";
    const char quote = pod_.context.quote_at ? pod_.context.quote_at(port) : '\0';
    edits_.replace(port, telemetry_port, quote);
    if (look(action, {"path"}) != nullptr) {
      edits_.replace(here / "path", path);
    } else {
      edits_.add_members(here, {{"path", path}});
    }
    if (handler == "tcpSocket") edits_.rename(here, "httpGet");
  }

  const Pod& pod_;
  const AppPort& app_;
  Edits& edits_;
  std::vector<Remark>& warnings_;
};

}  // namespace

Json rewrite_probes(const Pod& pod, const AppPort& app, Edits& edits, std::vector<Remark>& warnings) {
  Json originals = Json::object();
  Rewriter rewriter(pod, app, edits, warnings);
  for (const ProbeKind& kind : kinds) rewriter.rewrite(kind, originals);
  return originals;
}

}  // namespace holdfast::kubernetes
