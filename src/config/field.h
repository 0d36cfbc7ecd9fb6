// Field: the one declaration of a setting. Reader, `effective`, JSON Schema and the reference page derive from it.
//
// A field is type-erased: `read` puts what a file says into the settings, `show` writes a value in the notation of the
// files. Section<S> (section.h) makes fields from typed members; nothing else does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "core/units.h"

namespace holdfast::config {

enum class Kind : std::uint8_t { duration, size, count, share, rate, flag, text, words, choice, count_range, address };

// Inclusive at both ends.
template <class T>
struct Range {
  T min;
  T max;
};

// A span of counts, written `8-128`.
struct CountRange {
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  friend bool operator==(const CountRange&, const CountRange&) = default;
};

// Whether a route may change the field. Settings that act before the route is known are not routable.
enum class Reach : std::uint8_t { service, route };
inline constexpr Reach routable = Reach::route;

// What a file or a flag says for one field.
struct Given {
  enum class Shape : std::uint8_t { scalar, list, mapping, nothing };
  Shape shape = Shape::scalar;
  std::string_view text;                // of a scalar
  bool quoted = false;                  // of a scalar
  std::vector<std::string_view> items;  // of a list
  bool because = false;                 // a `because:` stands in the same mapping
};

// Why a value was refused; the reader adds the place.
struct ValueFault {
  std::string_view code;
  std::string sentence;
  std::string did_you_mean;
  std::string fix;
  std::optional<std::size_t> item;  // of a list: which item
};

// Says what is wrong with a text, "" when nothing is: `a header name has only …`.
using TextCheck = std::string (*)(std::string_view text);

struct Field {
  std::string key;  // dotted inside the platform file: `upstream.address`
  Kind kind = Kind::text;
  std::string sentence;
  std::string min;  // in the notation of the files; empty where there is no range
  std::string max;
  std::vector<std::string> choices;  // the accepted words, besides those of the kind
  bool is_routable = false;
  bool is_liftable = false;  // accepts `none`, with `because:` in the same mapping
  std::function<std::optional<ValueFault>(AnySettings&, const Given&)> read;
  std::function<std::string(const AnySettings&)> show;
};

}  // namespace holdfast::config
