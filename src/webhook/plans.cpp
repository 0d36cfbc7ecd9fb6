#include "webhook/plans.h"

namespace holdfast::webhook {
namespace {

using std::chrono::seconds;

// What both have in common.
std::unique_ptr<policies::Plan> plan_for(std::string route_name) {
  auto plan = std::make_unique<policies::Plan>();
  policies::ListenerPlan& listener = plan->listener;
  listener.client_headers.after = seconds(5);  // a TLS handshake included
  listener.client_idle.after = seconds(120);   // API servers keep their connections
  listener.head_bytes.max = 16U << 10U;
  listener.fields.max = 64;
  listener.target_bytes.max = 2U << 10U;
  listener.connections.max = 256;
  policies::RoutePlan route;
  route.name = std::move(route_name);
  route.client_body_idle.after = seconds(3);
  route.stream_idle.after = seconds(5);
  route.request.after = seconds(10);  // twice the timeout that the webhook is registered with
  route.replace_5xx = false;
  route.strip = false;
  plan->routes.push_back(std::move(route));
  return plan;
}

proxy::ViewRef view_of(std::unique_ptr<policies::Plan> plan, std::unique_ptr<policies::Pipeline> pipeline) {
  auto snapshot = std::make_shared<proxy::Snapshot>();
  snapshot->plan = std::move(plan);
  auto view = std::make_unique<proxy::View>();
  view->plan = snapshot->plan.get();
  view->pipeline = std::move(pipeline);
  view->snapshot = std::move(snapshot);
  proxy::set_head_limits(*view);
  return proxy::ViewRef(std::move(view));
}

}  // namespace

proxy::ViewRef review_view(ReviewLog& log) {
  auto plan = plan_for("mutate");
  plan->routes.front().body.max = 3U << 20U;  // an object is at most 1.5 MiB, and a review has it once or twice
  plan->listener.concurrency.max = 12;        // of these contents in memory
  plan->listener.queue.max = 244;             // whatever else is connected
  plan->listener.queue_wait.after = seconds(4);
  plan->listener.connections.max =
      384;  // more than are served and wait: who comes then takes the place of a slow upload
  auto pipeline = std::make_unique<policies::Pipeline>();
  pipeline->name_next("webhook");
  pipeline->add(std::make_unique<EngineRefusals>(log));
  return view_of(std::move(plan), std::move(pipeline));
}

proxy::ViewRef telemetry_view() {
  auto plan = plan_for("telemetry");
  plan->listener.client_idle.after = seconds(15);
  plan->listener.connections.max = 64;
  plan->routes.front().body.max = 4U << 10U;
  return view_of(std::move(plan), std::make_unique<policies::Pipeline>());
}

}  // namespace holdfast::webhook
