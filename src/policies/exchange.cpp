#include "policies/exchange.h"

namespace holdfast::policies {

// Member by member: the heads keep their capacity, and so does the cause.
void Exchange::clear() noexcept {
  plan = nullptr;
  route = nullptr;
  connection = nullptr;
  request.clear();
  response.clear();
  request_head_complete = response_head_seen = false;
  request_id_size = 0;
  request_id_replaced = false;
  client = {};
  trace.known = false;
  request_edits.size = response_edits.size = 0;
  request_edits.drop = response_edits.drop = {};
  wall_begun = {};
  at = {};
  now = {};
  bytes_in = bytes_out = 0;
  upstream_connection = upstream_nth = 0;
  upstream_reused = resent = upgraded = false;
  status = 0;
  error = Error{.reason = Reason::ok};
  truncated = false;
  retry_after_seconds = 0;
  cause.clear();
  would_size = 0;
}

}  // namespace holdfast::policies
