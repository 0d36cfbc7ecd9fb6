// plans: the limits of the webhook's two listeners, as the engine enforces them.
#pragma once

#include <memory>

#include "proxy/context.h"
#include "webhook/handlers.h"

namespace holdfast::webhook {

proxy::ViewRef review_view(ReviewLog& log);
proxy::ViewRef telemetry_view();

}  // namespace holdfast::webhook
