// Reads and writes single values in the notation of the files: what Section<S> is built from.
//
// Each read_… takes the whole value or refuses it with a sentence and a fix; `out` is touched only on success.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "config/address.h"
#include "config/field.h"

namespace holdfast::config {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

// Whether a list may lose its default words without `because:`.
enum class Words : std::uint8_t { free, keep_defaults };

using MaybeFault = std::optional<ValueFault>;

MaybeFault read_value(const Given& given, const Range<Duration>& range, Duration& out);
MaybeFault read_value(const Given& given, const Range<ByteCount>& range, ByteCount& out);
MaybeFault read_value(const Given& given, const Range<Share>& range, Share& out);
MaybeFault read_value(const Given& given, const Range<Rate>& range, Rate& out);
MaybeFault read_value(const Given& given, const Range<std::uint64_t>& range, std::uint64_t& out);
MaybeFault read_value(const Given& given, const Range<std::uint32_t>& range, CountRange& out);

MaybeFault read_flag(const Given& given, bool& out);
MaybeFault read_text(const Given& given, TextCheck check, std::string& out);
MaybeFault read_words(const Given& given, TextCheck check, const std::vector<std::string>& kept,
                      std::vector<std::string>& out);
MaybeFault read_choice(const Given& given, const std::vector<std::string>& choices, std::size_t& index);
MaybeFault read_count_or_auto(const Given& given, const Range<std::uint64_t>& range, std::optional<std::uint32_t>& out);
MaybeFault read_size_or_auto(const Given& given, const Range<ByteCount>& range, std::optional<ByteCount>& out);
MaybeFault read_address(const Given& given, AddressUse use, Address& out);

// Unquoted on, off, yes, no, y or n: YAML 1.1 reads them as booleans, YAML 1.2 as text.
bool is_bare_boolean(std::string_view text, bool quoted) noexcept;

// `none` for a limit: refused where it cannot be lifted, and where no reason is given.
bool is_none(const Given& given) noexcept;
MaybeFault needs_because(const Given& given);

template <class T, class M>
MaybeFault read_ranged(const Given& given, const Range<T>& range, M& out) {
  if constexpr (is_optional<M>) {
    if (is_none(given)) {
      auto fault = needs_because(given);
      if (!fault) out.reset();
      return fault;
    } else {
      typename M::value_type value{};
      auto fault = read_ranged(given, range, value);
      if (!fault) out = value;
      return fault;
    }
  } else if constexpr (std::is_integral_v<M>) {
    std::uint64_t value = 0;
    auto fault = read_value(given, range, value);
    if (!fault) out = static_cast<M>(value);  // the range fits the member
    return fault;
  } else {
    return read_value(given, range, out);
  }
}

std::string show_value(Duration value);
std::string show_value(ByteCount value);
std::string show_value(Share value);
std::string show_value(Rate value);
std::string show_value(CountRange value);
std::string show_value(bool value);
std::string show_value(const std::string& value);
std::string show_value(const std::vector<std::string>& value);
std::string show_value(const Address& value);
template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
std::string show_value(T value) {
  return std::to_string(value);
}
template <class T>
std::string show_value(const std::optional<T>& value) {
  return value ? show_value(*value) : std::string("none");
}

// Checks for texts and words.
std::string check_header_name(std::string_view text);  // RFC 9110 5.1: a token
std::string check_word(std::string_view text);         // 1 to 128 visible ASCII characters
std::string check_message(std::string_view text);      // 1 to 256 printable characters, no control

}  // namespace holdfast::config
