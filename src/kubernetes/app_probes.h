// Reads what an injection passes to `holdfast run --app-probes`: the original probes as JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "proxy/app_probe_spec.h"

namespace holdfast::kubernetes {

struct BadProbes {
  std::string sentence;
};

// `{"api/readiness": {"httpGet": {"path": "/ready", "port": 8080, "httpHeaders": […]}, "timeoutSeconds": 1}, …}`;
// instead of httpGet there may be tcpSocket. The port is the app's, which the upstream names already.
Result<std::vector<proxy::AppProbeSpec>, BadProbes> parse_app_probes(std::string_view text,
                                                                     const std::string& authority);

}  // namespace holdfast::kubernetes
