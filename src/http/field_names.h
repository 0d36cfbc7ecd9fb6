// Field names to ids and marks, in the same pass that scans the name.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "http/head.h"
#include "http/simd.h"

namespace holdfast::http {

struct NameClass {
  FieldId id = FieldId::other;
  std::uint8_t marks = 0;
};

// The id of one of the fixed names in any case; for the rare places that have no FieldNames.
FieldId fixed_field_id(std::string_view name) noexcept;

// The names that matter to one configuration snapshot: the fixed ones plus those a policy marked. Built once, read by
// every parser of the snapshot. Names are compared without regard to case (RFC 9110 5.1).
class FieldNames {
 public:
  FieldNames();
  void mark(std::string_view name, FieldMark mark);  // `name` in any case
  NameClass classify(std::string_view name) const noexcept {
    return classify(name, load_up_to<Bytes16>(name.data(), name.data() + name.size()));
  }
  // `first`: sixteen bytes from the start of the name; what is behind the name does not matter.
  NameClass classify(std::string_view name, Bytes16 first) const noexcept;

  // The same for a name of `size` bytes where one look at the table decides; false when it takes more.
  bool classify_fast(std::size_t size, Bytes16 first, NameClass& is) const noexcept {
    const Key key = key_of(first, size);
    const std::uint16_t n = slots_[slot_of(key, size) & mask_];
    if (n == empty) return true;
    const Entry& e = entries_[n];
    is = e.is;
    // NUL is in no name, so equal keys of short names mean equal sizes.
    return e.key.low == key.low && e.key.high == key.high && size <= 16 && e.size <= 16;
  }

 private:
  struct Key {  // the first sixteen bytes in lower case, NUL behind the name
    std::uint64_t low = 0;
    std::uint64_t high = 0;
  };
  struct Entry {
    Key key;
    std::size_t size = 0;
    NameClass is;
    std::string rest;  // from the 17th byte on
  };
  static constexpr std::uint16_t empty = 0xffff;

  static Key key_of(Bytes16 first, std::size_t size) noexcept {
    // A window into 16 × 0xff, 16 × 0: the first `size` bytes stay.
    static constexpr std::array<char, 32> ones = [] {
      std::array<char, 32> a{};
      for (std::size_t i = 0; i < 16; ++i) a[i] = '\xff';
      return a;
    }();
    const std::size_t kept = size < 16 ? size : 16;
    const Bytes16 folded = lowered(first) & Bytes16::load(ones.data() + 16 - kept);
    return {folded.low(), folded.high()};
  }
  static std::size_t slot_of(Key key, std::size_t size) noexcept {
    const std::uint64_t mixed =
        (key.low ^ (key.high << 5U | key.high >> 59U) ^ size) * 0x9E3779B97F4A7C15U;  // 2^64 / golden ratio
    return static_cast<std::size_t>(mixed >> 48U);
  }
  void insert(std::string_view name, NameClass is);
  void place_all();

  std::vector<Entry> entries_;
  std::vector<std::uint16_t> slots_;  // open addressing, at most a quarter full; the number of slots is a power of two
  std::size_t mask_ = 0;
};

}  // namespace holdfast::http
