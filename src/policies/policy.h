// policy: one rule that every exchange passes on its way to the app and back.
//
// Hooks run on the worker's thread and answer at once: they change the exchange or refuse it, and never touch a socket,
// a timer or a clock. Limits and deadlines are declared as data on the plan; the engine enforces them.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "core/failure.h"
#include "policies/exchange.h"
#include "policies/in_progress.h"

namespace holdfast::policies {

using Verdict = std::optional<Error>;  // nothing: pass it on

class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  // The request head is complete and its route known; nothing was forwarded. An error ends the walk.
  virtual Verdict on_request(Exchange&) { return std::nullopt; }

  // A response head is about to be sent: the app's, or (x.error set, no x.response) one of our own. In reverse order;
  // only policies whose on_request ran, and those added with for_every_response.
  virtual void on_response(Exchange&) {}

  // The exchange is over. Runs exactly once, for every policy, whatever happened.
  virtual void on_complete(const Exchange&) {}
};

// The policies of one worker in request order, split by hook, so that a request pays only for hooks that are
// overridden.
class Pipeline {
 public:
  enum class Responses : std::uint8_t { when_entered, every };

  // Those added from here on belong to the policy of this name, which lives as long as the program.
  void name_next(const char* policy) noexcept { name_ = policy; }

  template <class P>
  void add(std::unique_ptr<P> policy, Responses responses = Responses::when_entered) {
    static_assert(std::is_base_of_v<Policy, P> && std::is_final_v<P>);
    Policy* raw = policy.get();
    if constexpr (overrides<decltype(&P::on_request)>) request_.push_back({raw, name_, order_});
    if constexpr (overrides<decltype(&P::on_response)>) {
      response_.insert(response_.begin(), {raw, name_, responses == Responses::every ? -1 : order_});
    }
    if constexpr (overrides<decltype(&P::on_complete)>) complete_.push_back({raw, name_, order_});
    owned_.push_back(std::move(policy));
    ++order_;
  }

  // `entered` is how far the walk came: keep it on the exchange's side and hand it to on_response.
  Verdict on_request(Exchange& x, int& entered) const {
    for (const Entry& entry : request_) {
      entered = entry.order;
      in_progress.policy = entry.name;
      Verdict refused = entry.policy->on_request(x);
      in_progress.policy = nullptr;
      if (refused) return refused;
    }
    entered = order_;
    return std::nullopt;
  }
  void on_response(Exchange& x, int entered) const {
    for (const Entry& entry : response_) {
      if (entry.order > entered) continue;
      in_progress.policy = entry.name;
      entry.policy->on_response(x);
    }
    in_progress.policy = nullptr;
  }
  // `completed` counts the hooks that were called: when one throws, calling again goes on with the next.
  void on_complete(const Exchange& x, std::size_t& completed) const {
    while (completed < complete_.size()) {
      const Entry& entry = complete_[completed++];
      in_progress.policy = entry.name;
      entry.policy->on_complete(x);
    }
    in_progress.policy = nullptr;
  }
  bool completed(std::size_t hooks) const noexcept { return hooks >= complete_.size(); }
  std::size_t hooks() const noexcept { return request_.size() + response_.size() + complete_.size(); }

 private:
  struct Entry {
    Policy* policy;
    const char* name;
    int order;
  };
  // A pointer to an inherited member has the base's type, so this sees real overrides.
  template <class M>
  struct OwnerOf;
  template <class C, class R, class... A>
  struct OwnerOf<R (C::*)(A...)> {
    using type = C;
  };
  template <class M>
  static constexpr bool overrides = !std::is_same_v<typename OwnerOf<M>::type, Policy>;

  std::vector<std::unique_ptr<Policy>> owned_;
  std::vector<Entry> request_, response_, complete_;
  const char* name_ = nullptr;
  int order_ = 0;
};

}  // namespace holdfast::policies
