// Section<S>: declares the settings of one policy, field by field, over a plain struct S.
//
// The member initialisers of S are profile standard@1. A member of type std::optional<T> is a limit that can be lifted:
// it accepts `none` with `because:`, and nullopt means none. Declare a section once, as a constant beside its struct:
//
//   inline Section<Drain> drain_section() {
//     return Section<Drain>("drain", "Ends without a dropped request.", Modes::enforce_disabled)
//         .duration("announce", &Drain::announce, {0s, 10min}, "How long /readyz says no while all is still accepted.")
//         .rule([](const Drain& drain, RuleReport& report) { … });
//   }
#pragma once

#include <initializer_list>
#include <span>
#include <type_traits>

#include "config/address.h"
#include "config/field.h"
#include "config/values.h"

namespace holdfast::config {

enum class Mode : std::uint8_t { enforce, report, disabled };

// Which modes a policy accepts: `enforce` only; `disabled` too, with because; `report` besides.
enum class Modes : std::uint8_t { always, enforce_disabled, with_report };

std::string_view to_text(Mode mode) noexcept;
bool allows(Modes modes, Mode mode) noexcept;

// Where a rule across the fields of one section reports. The place is that of the first of `keys` that a file sets.
class RuleReport {
 public:
  virtual ~RuleReport() = default;
  virtual void fault(std::initializer_list<std::string_view> keys, std::string sentence, std::string fix) = 0;
  virtual void warn(std::initializer_list<std::string_view> keys, std::string sentence, std::string fix) = 0;
};

// What the loader and the printers see of a section.
class AnySection {
 public:
  virtual ~AnySection() = default;

  const std::string& name() const noexcept { return name_; }
  const std::string& sentence() const noexcept { return sentence_; }
  Modes modes() const noexcept { return modes_; }
  Mode standard_mode() const noexcept { return standard_mode_; }  // in profile standard@1
  std::span<const Field> fields() const noexcept { return fields_; }
  const Field* find(std::string_view key) const noexcept;

  virtual AnySettings standard() const = 0;  // the values of profile standard@1
  virtual void check(const AnySettings& settings, RuleReport& report) const = 0;

 protected:
  AnySection(std::string_view name, std::string_view sentence, Modes modes)
      : name_(name), sentence_(sentence), modes_(modes) {}
  AnySection(const AnySection&) = default;
  AnySection(AnySection&&) = default;
  AnySection& operator=(const AnySection&) = default;
  AnySection& operator=(AnySection&&) = default;

  void add(Field field) { fields_.push_back(std::move(field)); }
  void set_standard_mode(Mode mode) noexcept { standard_mode_ = mode; }

 private:
  std::string name_;
  std::string sentence_;
  Modes modes_;
  Mode standard_mode_ = Mode::enforce;
  std::vector<Field> fields_;
};

template <class E>
struct Choice {
  std::string_view word;
  E value;
};

template <class S>
class Section final : public AnySection {
 public:
  using Rule = void (*)(const S&, RuleReport&);

  Section(std::string_view name, std::string_view sentence, Modes modes) : AnySection(name, sentence, modes) {}

  // M is the unit's type T or std::optional<T>; the latter can be lifted with `none`.
  template <class M>
  Section& duration(std::string_view key, M S::* member, Range<Duration> range, std::string_view sentence,
                    Reach reach = Reach::service) {
    return ranged(key, Kind::duration, member, range, sentence, reach);
  }
  template <class M>
  Section& size(std::string_view key, M S::* member, Range<ByteCount> range, std::string_view sentence,
                Reach reach = Reach::service) {
    return ranged(key, Kind::size, member, range, sentence, reach);
  }
  template <class M>
  Section& count(std::string_view key, M S::* member, Range<std::uint64_t> range, std::string_view sentence,
                 Reach reach = Reach::service) {
    return ranged(key, Kind::count, member, range, sentence, reach);
  }
  template <class M>
  Section& share(std::string_view key, M S::* member, Range<Share> range, std::string_view sentence,
                 Reach reach = Reach::service) {
    return ranged(key, Kind::share, member, range, sentence, reach);
  }
  template <class M>
  Section& rate(std::string_view key, M S::* member, Range<Rate> range, std::string_view sentence,
                Reach reach = Reach::service) {
    return ranged(key, Kind::rate, member, range, sentence, reach);
  }

  // `8-128`; both ends lie in `range`.
  Section& count_range(std::string_view key, CountRange S::* member, Range<std::uint32_t> range,
                       std::string_view sentence, Reach reach = Reach::service) {
    return ranged(key, Kind::count_range, member, range, sentence, reach);
  }
  // A count, or the word `auto` for nullopt.
  Section& count_or_auto(std::string_view key, std::optional<std::uint32_t> S::* member, Range<std::uint64_t> range,
                         std::string_view sentence) {
    Field field = declared(key, Kind::count, sentence, Reach::service);
    field.min = show_value(range.min);
    field.max = show_value(range.max);
    field.choices = {"auto"};
    field.read = [member, range](AnySettings& settings, const Given& given) {
      return read_count_or_auto(given, range, settings.as<S>().*member);
    };
    field.show = [member](const AnySettings& settings) {
      const auto& value = settings.as<S>().*member;
      return value ? show_value(*value) : std::string("auto");
    };
    add(std::move(field));
    return *this;
  }
  // A size, or the word `auto` for nullopt.
  Section& size_or_auto(std::string_view key, std::optional<ByteCount> S::* member, Range<ByteCount> range,
                        std::string_view sentence) {
    Field field = declared(key, Kind::size, sentence, Reach::service);
    field.min = show_value(range.min);
    field.max = show_value(range.max);
    field.choices = {"auto"};
    field.read = [member, range](AnySettings& settings, const Given& given) {
      return read_size_or_auto(given, range, settings.as<S>().*member);
    };
    field.show = [member](const AnySettings& settings) {
      const auto& value = settings.as<S>().*member;
      return value ? show_value(*value) : std::string("auto");
    };
    add(std::move(field));
    return *this;
  }
  Section& flag(std::string_view key, bool S::* member, std::string_view sentence, Reach reach = Reach::service) {
    return plain(key, Kind::flag, member, sentence, reach,
                 [](const Given& given, bool& out) { return read_flag(given, out); });
  }
  Section& text(std::string_view key, std::string S::* member, TextCheck accepts, std::string_view sentence,
                Reach reach = Reach::service) {
    return plain(key, Kind::text, member, sentence, reach,
                 [accepts](const Given& given, std::string& out) { return read_text(given, accepts, out); });
  }
  // A list of words, kept in lower case. With `Words::keep_defaults` a list that lacks a default word needs `because:`.
  Section& words(std::string_view key, std::vector<std::string> S::* member, TextCheck accepts,
                 std::string_view sentence, Words kind = Words::free, Reach reach = Reach::service) {
    std::vector<std::string> kept;
    if (kind == Words::keep_defaults) kept = S{}.*member;
    return plain(key, Kind::words, member, sentence, reach,
                 [accepts, kept](const Given& given, std::vector<std::string>& out) {
                   return read_words(given, accepts, kept, out);
                 });
  }
  template <class E>
  Section& choice(std::string_view key, E S::* member, std::initializer_list<Choice<std::type_identity_t<E>>> choices,
                  std::string_view sentence, Reach reach = Reach::service) {
    const std::vector<Choice<E>> table(choices);
    Field field = declared(key, Kind::choice, sentence, reach);
    for (const auto& one : table) field.choices.emplace_back(one.word);
    field.read = [member, table, words = field.choices](AnySettings& settings, const Given& given) {
      std::size_t index = 0;
      auto fault = read_choice(given, words, index);
      if (!fault) settings.as<S>().*member = table[index].value;
      return fault;
    };
    field.show = [member, table](const AnySettings& settings) {
      for (const auto& one : table) {
        if (one.value == settings.as<S>().*member) return std::string(one.word);
      }
      return std::string();
    };
    add(std::move(field));
    return *this;
  }
  Section& address(std::string_view key, Address S::* member, AddressUse use, std::string_view sentence) {
    return plain(key, Kind::address, member, sentence, Reach::service,
                 [use](const Given& given, Address& out) { return read_address(given, use, out); });
  }

  // A rule across fields; also checked for every route with that route's values.
  Section& rule(Rule holds) {
    rules_.push_back(holds);
    return *this;
  }
  // The mode in profile standard@1 where it is not `enforce`.
  Section& standard_mode(Mode mode) {
    set_standard_mode(mode);
    return *this;
  }
  using AnySection::standard_mode;

  AnySettings standard() const override { return AnySettings::of(S{}); }
  void check(const AnySettings& settings, RuleReport& report) const override {
    for (const Rule holds : rules_) holds(settings.as<S>(), report);
  }

 private:
  static Field declared(std::string_view key, Kind kind, std::string_view sentence, Reach reach) {
    Field field;
    field.key = key;
    field.kind = kind;
    field.sentence = sentence;
    field.is_routable = reach == Reach::route;
    return field;
  }

  template <class M, class T>
  Section& ranged(std::string_view key, Kind kind, M S::* member, Range<T> range, std::string_view sentence,
                  Reach reach) {
    Field field = declared(key, kind, sentence, reach);
    field.min = show_value(range.min);
    field.max = show_value(range.max);
    field.is_liftable = is_optional<M>;
    field.read = [member, range](AnySettings& settings, const Given& given) {
      return read_ranged(given, range, settings.as<S>().*member);
    };
    field.show = [member](const AnySettings& settings) { return show_value(settings.as<S>().*member); };
    add(std::move(field));
    return *this;
  }

  template <class M, class Read>
  Section& plain(std::string_view key, Kind kind, M S::* member, std::string_view sentence, Reach reach,
                 const Read& read) {
    Field field = declared(key, kind, sentence, reach);
    field.read = [member, read](AnySettings& settings, const Given& given) {
      return read(given, settings.as<S>().*member);
    };
    field.show = [member](const AnySettings& settings) { return show_value(settings.as<S>().*member); };
    add(std::move(field));
    return *this;
  }

  std::vector<Rule> rules_;
};

}  // namespace holdfast::config
