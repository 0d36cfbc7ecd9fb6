// Result<T, E>: a value, or the one error that explains why there is none.
//
// Member names follow std::expected (C++23), so that this file can go when the compiler ships it. There is no throwing
// accessor: asking for the side that is not there is a programming mistake and ends the process.
#pragma once

#include <cstdlib>
#include <utility>
#include <variant>

namespace holdfast {

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return require<0>(state_); }
  const T& value() const& { return require<0>(state_); }
  T&& value() && { return std::move(require<0>(state_)); }
  E& error() & { return require<1>(state_); }
  const E& error() const& { return require<1>(state_); }
  E&& error() && { return std::move(require<1>(state_)); }

 private:
  template <std::size_t I, class State>
  static auto& require(State& state) {
    auto* part = std::get_if<I>(&state);
    if (part == nullptr) std::abort();  // the caller did not look at has_value()
    return *part;
  }

  std::variant<T, E> state_;
};

}  // namespace holdfast
