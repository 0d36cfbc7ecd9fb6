// exchange_table: which event may meet an exchange in which state, and what it does then.
//
// The two halves of an exchange and this table are the whole state machine; exchange.cpp carries the actions out. A
// pair that no row names is a broken invariant. The first row that fits counts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace holdfast::proxy {

enum class RequestHalf : std::uint8_t {
  head,        // its head is being received
  gated,       // waiting for a slot or for the origin
  sending,     // passing content to the origin
  done,        // all of it was passed on
  discarding,  // what still comes is thrown away
  cut,         // the client is gone or its stream is of no more use
};
enum class ResponseHalf : std::uint8_t {
  none,       // nothing but interim responses was sent
  streaming,  // the origin's response is being passed on
  local,      // a response of our own is being sent
  done,       // its last byte is with the client's stream
  cut,        // it ended before its end
};
inline constexpr std::size_t request_halves = 6;
inline constexpr std::size_t response_halves = 5;

enum class Event : std::uint8_t {
  request_head,
  request_refused,  // the head or the content breaks the grammar or a limit of the reader
  admitted,
  origin_ready,
  origin_failed,
  request_content,
  request_end,
  response_interim,
  response_head,
  response_content,
  response_end,
  upstream_lost,
  downstream_lost,
  client_headers_due,
  client_body_due,
  queue_wait_due,
  connect_due,
  first_byte_due,
  request_due,
  stream_idle_due,
  cause_due,
};
inline constexpr std::size_t events = 21;

enum class Action : std::uint8_t {
  broken,  // cannot happen: internal
  ignore,
  gate,           // on_request, then admission and origin
  refuse,         // fail with the reader's error
  acquire,        // ask the origin for a stream
  send_head,      // render the head into the stream we got
  retry_or_fail,  // origin not reached
  forward,        // pass content on
  discard,        // throw content away
  end_request,    // the request is complete
  interim,        // 100, 101 or another interim response
  respond,        // on_response, send the head on
  respond_on,     // pass response content on
  end_response,
  keep_cause,  // content of a replaced 5xx
  end_cause,
  resend_or_fail,  // lost before any response
  truncate,        // lost in the middle
  gone,            // the client left
  finish,          // the client left after everything was said
  timeout,         // the row of that deadline
};

struct Row {
  Event event;
  std::uint32_t requests;   // set of RequestHalf
  std::uint32_t responses;  // set of ResponseHalf
  Action action;
};

namespace rows {
using enum RequestHalf;
using enum Event;
template <class... S>
constexpr std::uint32_t set(S... s) {
  return ((1U << static_cast<unsigned>(s)) | ...);
}
inline constexpr auto none = set(ResponseHalf::none);
inline constexpr auto streaming = set(ResponseHalf::streaming);
inline constexpr auto local = set(ResponseHalf::local);
inline constexpr auto over = set(ResponseHalf::done, ResponseHalf::cut);
inline constexpr auto any_response = none | streaming | local | over;
inline constexpr auto any_request = set(head, gated, sending, RequestHalf::done, discarding, RequestHalf::cut);
inline constexpr auto at_origin = set(sending, RequestHalf::done);

// clang-format off
inline constexpr std::array table{
    //  event               request half                          response half        action
    Row{request_head,       set(head),                            none,                Action::gate},
    Row{request_refused,    set(head, sending),                   none | streaming,    Action::refuse},
    Row{request_refused,    set(discarding),                      any_response,        Action::end_request},
    Row{admitted,           set(gated),                           none,                Action::acquire},
    Row{origin_ready,       set(gated),                           none,                Action::send_head},
    Row{origin_failed,      set(gated),                           none,                Action::retry_or_fail},
    Row{request_content,    set(sending),                         none | streaming,    Action::forward},
    Row{request_content,    set(discarding),                      any_response,        Action::discard},
    Row{request_end,        set(sending),                         none | streaming,    Action::end_request},
    Row{request_end,        set(discarding),                      any_response,        Action::end_request},
    Row{response_interim,   at_origin,                            none,                Action::interim},
    Row{response_head,      at_origin,                            none,                Action::respond},
    Row{response_content,   any_request,                          streaming,           Action::respond_on},
    Row{response_content,   any_request,                          local,               Action::keep_cause},
    Row{response_end,       any_request,                          streaming,           Action::end_response},
    Row{response_end,       any_request,                          local,               Action::end_cause},
    Row{upstream_lost,      at_origin,                            none,                Action::resend_or_fail},
    Row{upstream_lost,      any_request,                          streaming,           Action::truncate},
    Row{upstream_lost,      any_request,                          local,               Action::end_cause},
    Row{downstream_lost,    any_request,                          none | streaming | local, Action::gone},
    Row{downstream_lost,    any_request,                          over,                Action::finish},
    Row{client_headers_due, set(head),                            none,                Action::timeout},
    Row{client_body_due,    set(sending),                         none | streaming,    Action::timeout},
    Row{client_body_due,    set(discarding),                      any_response,        Action::ignore},
    Row{queue_wait_due,     set(gated),                           none,                Action::timeout},
    Row{connect_due,        set(gated),                           none,                Action::timeout},
    Row{first_byte_due,     at_origin,                            none,                Action::timeout},
    Row{request_due,        set(gated) | at_origin,               none,                Action::timeout},
    Row{request_due,        any_request,                          streaming,           Action::timeout},
    Row{request_due,        any_request,                          local | over,        Action::ignore},
    Row{stream_idle_due,    any_request,                          streaming | local | over, Action::timeout},
    Row{stream_idle_due,    at_origin,                            none,                Action::timeout},
    Row{cause_due,          any_request,                          local,               Action::end_cause},
    Row{cause_due,          any_request,                          over,                Action::ignore},
};
// clang-format on
}  // namespace rows

using ActionTable = std::array<std::array<std::array<Action, response_halves>, request_halves>, events>;

constexpr Action find(std::size_t event, std::size_t request, std::size_t response) {
  for (const Row& row : rows::table) {
    const bool fits = (row.requests >> request & 1U) != 0 && (row.responses >> response & 1U) != 0;
    if (fits && static_cast<std::size_t>(row.event) == event) return row.action;
  }
  return Action::broken;
}

constexpr ActionTable flatten() {
  ActionTable flat{};
  for (std::size_t i = 0; i < events * request_halves * response_halves; ++i) {
    const std::size_t event = i / (request_halves * response_halves);
    const std::size_t request = i / response_halves % request_halves;
    const std::size_t response = i % response_halves;
    flat[event][request][response] = find(event, request, response);
  }
  return flat;
}
inline constexpr ActionTable action_table = flatten();

constexpr Action action_of(Event event, RequestHalf request, ResponseHalf response) noexcept {
  return action_table[static_cast<std::size_t>(event)][static_cast<std::size_t>(request)]
                     [static_cast<std::size_t>(response)];
}

}  // namespace holdfast::proxy
