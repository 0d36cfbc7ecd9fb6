#include "backend/service.h"

#include <type_traits>
#include <utility>
#include <variant>

namespace users {
namespace {

using holdfast::Result;
using holdfast::TimePoint;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::int64_t logged(ExchangeId id) noexcept { return static_cast<std::int64_t>(id); }

}  // namespace

template <class Outcome, class Handler>
Outcome Service::guarded(ExchangeId id, const Handler& handler) noexcept {
  try {
    return handler();
  } catch (const std::exception& fault) {
    log_.write(Level::error, "handler threw", {{"exchange", logged(id)}, {"cause", std::string_view(fault.what())}});
  } catch (...) {
    log_.write(Level::error, "handler threw", {{"exchange", logged(id)}, {"cause", std::string_view("unknown")}});
  }
  return internal_error();
}

template <class Value>
Reply Service::reply_and_log(ExchangeId id, const Result<Value, Refusal>& outcome) {
  if (!outcome && !outcome.error().cause.empty()) {
    const std::string_view cause = outcome.error().cause;
    log_.write(Level::error, "store call failed", {{"exchange", logged(id)}, {"cause", cause}});
  }
  return reply_to(outcome);
}

Plan Service::plan(ExchangeId id, const Request& request) noexcept {
  return guarded<Plan>(id, [&]() -> Plan {
    if (faults_) {
      if (auto fault = plan_fault(request)) return std::move(*fault);
    }
    auto command = parse_command(request);
    if (!command) return std::move(command).error();
    return std::move(command).value();
  });
}

Reply Service::execute(ExchangeId id, const Command& command, TimePoint until) noexcept {
  const Overloaded handlers{
      [&](const CreateUser& create) { return reply_and_log(id, create_user(store_, create, until)); },
      [&](const FindUser& find) { return reply_and_log(id, find_user(store_, find, until)); },
      [&](const CheckHealth&) { return reply_and_log(id, check_health(store_, until)); },
      [&](const OccupyStore& occupy) {
        const auto outcome = occupy_store(store_, occupy, until);
        Reply reply = reply_and_log(id, outcome);
        return outcome ? reply : internal_error();
      },
  };
  return guarded<Reply>(id, [&] { return std::visit(handlers, command); });
}

}  // namespace users
