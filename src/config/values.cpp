// One reader per kind of value. Each explains a refusal in the terms of that kind.
#include "config/values.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "config/codes.h"
#include "config/nearest.h"
#include "core/bytes.h"

namespace holdfast::config {
namespace {

ValueFault refuse(std::string_view what, std::string sentence, std::string fix) {
  return {what, std::move(sentence), {}, std::move(fix), std::nullopt};
}

std::string quoted_text(std::string_view text) {
  constexpr std::size_t longest_shown = 60;
  return "'" + std::string(text.substr(0, longest_shown)) + (text.size() > longest_shown ? "…'" : "'");
}

// A single value is expected and something else stands there.
MaybeFault needs_scalar(const Given& given, std::string_view example) {
  if (given.shape == Given::Shape::scalar && !given.text.empty()) return std::nullopt;
  if (given.shape == Given::Shape::nothing || given.shape == Given::Shape::scalar) {
    return refuse(code::no_value, "there is no value",
                  "write a value such as " + std::string(example) + ", or remove the key");
  }
  return refuse(code::wrong_shape, "one value is expected", "write a value such as " + std::string(example));
}

struct Notation {
  std::string_view a_value;  // "a duration"
  std::string_view example;  // "500ms"
  std::string_view fix;
};
constexpr Notation duration_notation{"a duration", "500ms",
                                     "write a duration with its unit (h, m, s, ms), such as 500ms or 1m30s"};
constexpr Notation size_notation{"a size", "64KiB", "write a size with its unit (B, KiB, MiB, GiB), such as 64KiB"};
constexpr Notation share_notation{"a share", "1%", "write a share from 0% to 100%, such as 1%"};
constexpr Notation rate_notation{"a rate", "50/s", "write a rate per second, such as 50/s"};

MaybeFault not_in_notation(const Given& given, const Notation& notation) {
  if (parse_count(given.text)) {
    return refuse(code::bad_unit, quoted_text(given.text) + " has no unit", std::string(notation.fix));
  }
  if (is_none(given)) {
    return refuse(code::not_liftable, "this limit cannot be lifted", std::string(notation.fix));
  }
  return refuse(code::bad_unit, quoted_text(given.text) + " is not " + std::string(notation.a_value),
                std::string(notation.fix));
}

template <class T>
MaybeFault check_range(const Given& given, const Range<T>& range, T value) {
  if (!(value < range.min) && !(range.max < value)) return std::nullopt;
  const std::string span = show_value(range.min) + " to " + show_value(range.max);
  const std::string edge = value < range.min ? show_value(range.min) + " or more" : show_value(range.max) + " or less";
  return refuse(code::out_of_range, quoted_text(given.text) + " is outside " + span, "write " + edge);
}

template <class T, class Parse>
MaybeFault read_unit(const Given& given, const Range<T>& range, const Notation& notation, Parse parse, T& out) {
  if (auto fault = needs_scalar(given, notation.example)) return fault;
  const std::optional<T> value = parse(given.text);
  if (!value) return not_in_notation(given, notation);
  if (auto fault = check_range(given, range, *value)) return fault;
  out = *value;
  return std::nullopt;
}

MaybeFault not_a_count(const Given& given, const Range<std::uint64_t>& range) {
  const std::string fix = "write a whole number from " + show_value(range.min) + " to " + show_value(range.max);
  if (is_none(given)) return refuse(code::not_liftable, "this limit cannot be lifted", fix);
  return refuse(code::bad_number, quoted_text(given.text) + " is not a whole number", fix);
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

ValueFault bare(std::string_view text) {
  return refuse(code::bare_word, quoted_text(text) + " is a boolean to some YAML readers and a word to others",
                "quote it: \"" + std::string(text) + "\"");
}

}  // namespace

bool is_bare_boolean(std::string_view text, bool quoted) noexcept {
  constexpr std::array<std::string_view, 6> words{"on", "off", "yes", "no", "y", "n"};
  if (quoted) return false;
  return std::any_of(words.begin(), words.end(), [text](std::string_view word) { return equals_lower(text, word); });
}

bool is_none(const Given& given) noexcept { return given.shape == Given::Shape::scalar && given.text == "none"; }

MaybeFault needs_because(const Given& given) {
  if (given.because) return std::nullopt;
  return refuse(code::because_missing, "a limit is lifted without a reason", "add because: … to the same mapping");
}

MaybeFault read_value(const Given& given, const Range<Duration>& range, Duration& out) {
  return read_unit(given, range, duration_notation, [](std::string_view text) { return parse_duration(text); }, out);
}
MaybeFault read_value(const Given& given, const Range<ByteCount>& range, ByteCount& out) {
  return read_unit(given, range, size_notation, [](std::string_view text) { return parse_byte_count(text); }, out);
}
MaybeFault read_value(const Given& given, const Range<Share>& range, Share& out) {
  return read_unit(given, range, share_notation, [](std::string_view text) { return parse_share(text); }, out);
}
MaybeFault read_value(const Given& given, const Range<Rate>& range, Rate& out) {
  return read_unit(given, range, rate_notation, [](std::string_view text) { return parse_rate(text); }, out);
}

// Leading zeros are refused: `010` is 8 to some YAML readers.
MaybeFault read_value(const Given& given, const Range<std::uint64_t>& range, std::uint64_t& out) {
  if (auto fault = needs_scalar(given, show_value(range.min))) return fault;
  const auto value = parse_count(given.text);
  const bool octal = given.text.size() > 1 && given.text.starts_with('0');
  if (!value || octal || given.quoted) return not_a_count(given, range);
  if (auto fault = check_range(given, range, *value)) return fault;
  out = *value;
  return std::nullopt;
}

MaybeFault read_value(const Given& given, const Range<std::uint32_t>& range, CountRange& out) {
  const std::string span = show_value(range.min) + "-" + show_value(range.max);
  if (auto fault = needs_scalar(given, span)) return fault;
  const std::size_t dash = given.text.find('-');
  if (dash == std::string_view::npos) {
    return refuse(code::bad_number, quoted_text(given.text) + " is not a span of two numbers",
                  "write two numbers, such as " + span);
  }
  const auto from = parse_count(given.text.substr(0, dash));
  const auto to = parse_count(given.text.substr(dash + 1));
  if (!from || !to) {
    return refuse(code::bad_number, quoted_text(given.text) + " is not a span of two numbers",
                  "write two numbers, such as " + span);
  }
  if (*from > *to || *from < range.min || *to > range.max) {
    return refuse(code::out_of_range, quoted_text(given.text) + " does not lie inside " + span,
                  "write the smaller number first, both inside " + span);
  }
  out = {static_cast<std::uint32_t>(*from), static_cast<std::uint32_t>(*to)};
  return std::nullopt;
}

MaybeFault read_count_or_auto(const Given& given, const Range<std::uint64_t>& range,
                              std::optional<std::uint32_t>& out) {
  if (given.shape == Given::Shape::scalar && given.text == "auto") {
    out.reset();
    return std::nullopt;
  }
  std::uint64_t value = 0;
  auto fault = read_value(given, range, value);
  if (fault) {
    fault->fix += ", or auto";
    return fault;
  }
  out = static_cast<std::uint32_t>(value);
  return std::nullopt;
}

MaybeFault read_size_or_auto(const Given& given, const Range<ByteCount>& range, std::optional<ByteCount>& out) {
  if (given.shape == Given::Shape::scalar && given.text == "auto") {
    out.reset();
    return std::nullopt;
  }
  ByteCount value{};
  auto fault = read_value(given, range, value);
  if (fault) {
    fault->fix += ", or auto";
    return fault;
  }
  out = value;
  return std::nullopt;
}

MaybeFault read_flag(const Given& given, bool& out) {
  if (auto fault = needs_scalar(given, "true")) return fault;
  if (!given.quoted && (given.text == "true" || given.text == "false")) {
    out = given.text == "true";
    return std::nullopt;
  }
  if (is_bare_boolean(given.text, given.quoted)) {
    return refuse(code::bare_word, quoted_text(given.text) + " is a boolean to some YAML readers and a word to others",
                  "write true or false");
  }
  return refuse(code::bad_word, quoted_text(given.text) + " is neither true nor false",
                "write true or false, without quotes");
}

MaybeFault read_text(const Given& given, TextCheck check, std::string& out) {
  if (auto fault = needs_scalar(given, "some text")) return fault;
  if (is_bare_boolean(given.text, given.quoted)) return bare(given.text);
  if (std::string wrong = check(given.text); !wrong.empty()) {
    return refuse(code::bad_text, quoted_text(given.text) + " is not accepted: " + wrong,
                  "write it as the sentence says");
  }
  out = given.text;
  return std::nullopt;
}

MaybeFault read_words(const Given& given, TextCheck check, const std::vector<std::string>& kept,
                      std::vector<std::string>& out) {
  if (given.shape != Given::Shape::list) {
    return refuse(code::wrong_shape, "a list is expected", "write it in brackets: [one, two]");
  }
  std::vector<std::string> words;
  for (std::size_t i = 0; i < given.items.size(); ++i) {
    std::string word = lowered(given.items[i]);
    std::string wrong = check(word);
    if (std::find(words.begin(), words.end(), word) != words.end()) wrong = "it is in the list already";
    if (!wrong.empty()) {
      ValueFault fault =
          refuse(code::bad_text, quoted_text(given.items[i]) + " is not accepted: " + wrong, "correct or remove it");
      fault.item = i;
      return fault;
    }
    words.push_back(std::move(word));
  }
  for (const std::string& word : kept) {
    if (given.because || std::find(words.begin(), words.end(), word) != words.end()) continue;
    return refuse(code::because_missing, quoted_text(word) + " is taken off the list without a reason",
                  "add " + word + " to the list, or because: … to the same mapping");
  }
  out = std::move(words);
  return std::nullopt;
}

MaybeFault read_choice(const Given& given, const std::vector<std::string>& choices, std::size_t& index) {
  std::string all;
  for (const std::string& word : choices) all += (all.empty() ? "" : ", ") + word;
  if (auto fault = needs_scalar(given, choices.empty() ? "a word" : choices.front())) return fault;
  const auto found = std::find(choices.begin(), choices.end(), given.text);
  if (found != choices.end()) {
    index = static_cast<std::size_t>(found - choices.begin());
    return std::nullopt;
  }
  if (is_bare_boolean(given.text, given.quoted)) {
    return refuse(code::bare_word, quoted_text(given.text) + " is a boolean to some YAML readers and a word to others",
                  "write one of: " + all);
  }
  ValueFault fault =
      refuse(code::bad_word, quoted_text(given.text) + " is none of the accepted words", "write one of: " + all);
  fault.did_you_mean = nearest(given.text, choices);
  return fault;
}

MaybeFault read_address(const Given& given, AddressUse use, Address& out) {
  const std::string_view example = use == AddressUse::listener ? "0.0.0.0:8080" : "127.0.0.1:3000";
  if (auto fault = needs_scalar(given, example)) return fault;
  if (const std::string wrong = parse_address(given.text, use, out); !wrong.empty()) {
    const std::string_view others =
        use == AddressUse::listener ? ", :8080 or \"[::]:8080\"" : ", localhost:3000 or unix:/run/app.sock";
    return refuse(code::bad_address, quoted_text(given.text) + " is not an address: " + wrong,
                  "write " + std::string(example) + std::string(others));
  }
  return std::nullopt;
}

}  // namespace holdfast::config
