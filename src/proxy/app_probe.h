// app_probe: performs an original probe of the app when the kubelet asks for it, without policies, so that no limit of
// ours can restart an app that is well.
//
// One probe is in flight at a time; who asks meanwhile shares its result, and so does who asks within a second after.
// Control thread.
#pragma once

#include <string>
#include <vector>

#include "net/transport.h"
#include "proxy/app_probe_spec.h"
#include "proxy/app_question.h"
#include "proxy/context.h"
#include "proxy/local_origin.h"

namespace holdfast::proxy {

class AppProbe final : public AppQuestionUser {
 public:
  AppProbe(WorkerContext& context, net::Connector& connector, AppProbeSpec spec);
  AppProbe(const AppProbe&) = delete;
  AppProbe& operator=(const AppProbe&) = delete;

  const std::string& name() const noexcept { return name_; }
  void ask(Responder responder);  // answers now or when the probe is over

  void on_app_answered(bool well, const char* why) noexcept override;

 private:
  struct Finding {
    bool well = false;
    const char* why = "";
    TimePoint at{};
  };
  void answer_all();

  WorkerContext& context_;
  const std::string name_;
  AppQuestion question_;
  std::vector<Responder> waiting_;
  Finding last_;
  bool asked_once_ = false;
};

}  // namespace holdfast::proxy
