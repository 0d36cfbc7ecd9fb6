#include "backend/service.h"

#include <exception>
#include <utility>
#include <variant>

#include "backend/users.h"

namespace users {
namespace {

using holdfast::Result;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::int64_t logged(ExchangeId id) noexcept { return static_cast<std::int64_t>(id); }

}  // namespace

template <class Outcome, class Handler>
Outcome Service::guarded(ExchangeId id, std::string_view request_id, const Handler& handler) noexcept {
  const auto log = [&](std::string_view cause) {
    log_.write(Level::error, "handler threw", {{"exchange", logged(id)}, {"request_id", request_id}, {"cause", cause}});
  };
  try {
    return handler();
  } catch (const std::exception& fault) {
    log(fault.what());
  } catch (...) {
    log("unknown");
  }
  return internal_error();
}

template <class Value>
Reply Service::reply_and_log(const Call& call, const Result<Value, Refusal>& outcome) {
  if (!outcome && !outcome.error().cause.empty()) {
    const std::string_view cause = outcome.error().cause;
    log_.write(
        Level::error, "call failed",
        {{"exchange", logged(call.exchange)}, {"request_id", std::string_view(call.request_id)}, {"cause", cause}});
  }
  return reply_to(outcome);
}

Plan Service::plan(ExchangeId id, const Request& request) noexcept {
  return guarded<Plan>(id, request.request_id(), [&]() -> Plan {
    if (faults_) {
      if (auto fault = plan_fault(request)) return std::move(*fault);
    }
    auto command = parse_command(request);
    if (!command) return std::move(command).error();
    if (std::holds_alternative<CheckHealth>(command.value())) return reply_to_health(health_.answers());
    return std::move(command).value();
  });
}

Reply Service::execute(const Call& call) noexcept {
  return guarded<Reply>(call.exchange, call.request_id, [&] { return run(call); });
}

Reply Service::run(const Call& call) {
  if (holdfast::steady_now() >= call.until) return busy();  // its time went by in the queue
  const Overloaded handlers{
      [&](const CreateUser& create) { return reply_and_log(call, create_user(store_, create, call.until)); },
      [&](const RegisterUser& user) { return reply_and_log(call, register_user(store_, hasher_, user, call.until)); },
      [&](const FindUser& find) { return reply_and_log(call, find_user(store_, find, call.until)); },
      [&](const ListUsers& list) { return reply_and_log(call, list_users(store_, list, call.until)); },
      [&](const CheckHealth&) { return reply_to_health(health_.answers()); },
      [&](const OccupyStore& occupy) { return reply_and_log(call, occupy_store(store_, occupy, call.until)); },
  };
  return std::visit(handlers, call.command);
}

}  // namespace users
