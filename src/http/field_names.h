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

// The names that matter to one configuration snapshot: the fixed ones plus those a policy marked. Built once, read by
// every parser of the snapshot. Names are compared without regard to case (RFC 9110 5.1).
class FieldNames {
 public:
  FieldNames();
  void mark(std::string_view name, FieldMark mark);          // `name` in any case
  NameClass classify(std::string_view name) const noexcept;  // of any characters

  // The same for a name of 1 to 31 letters, digits and '-' at `start`, where 16 bytes can be read, or 32 for a name of
  // more than 16.
  NameClass classify_common(const char* start, std::size_t size) const noexcept {
    const Bytes16 first = Bytes16::load(start);
    for (const Slot* slot = slot_of(start, size);; ++slot) {
      if (slot->size == size && slot->begin.same(first)) {
        if (size <= 16 || slot->rest.same(Bytes16::load(start + 16))) return slot->is;
      } else if (slot->size == 0) {
        return {};
      }
    }
  }

 private:
  // Sixteen bytes of a name in lower case.
  struct Key {
    std::array<char, 16> bytes{};
    std::uint32_t beyond = 0xffff;  // bit i: the name has no byte i
    // Of these characters 0x20 is the difference between upper and lower case, or set anyway.
    bool same(Bytes16 common) const noexcept {
      return (common.with_bits(0x20).same(Bytes16::load(bytes.data())).bits() | beyond) == 0xffff;
    }
  };
  struct alignas(32) Slot {  // GCC 12 aligns nothing more strictly on the stack that ASan keeps
    Key begin;
    Key rest;                // from the 17th byte on
    std::uint16_t size = 0;  // of the whole name; 0: nothing here
    std::uint16_t name = 0;  // in names_
    NameClass is;
  };
  struct Name {
    std::string text;  // in lower case
    NameClass is;
  };

  static Key key_of(std::string_view lowered) noexcept;
  // Where a name is or would be, or at one of the next ones. By its last four bytes, in which names differ, in upper
  // and lower case alike.
  const Slot* slot_of(const char* name, std::size_t size) const noexcept {
    std::uint32_t last = 0;
    if (size >= 4) [[likely]] {
      std::memcpy(&last, name + size - 4, 4);
    } else {
      for (std::size_t i = 0; i < size; ++i) last = last << 8U | static_cast<unsigned char>(name[i]);
    }
    const std::uint64_t key = (last | 0x20202020U) + (std::uint64_t{size} << 32U);
    return slots_.data() + (key * 0x9E3779B97F4A7C15U >> shift_);  // 2^64 / golden ratio
  }
  void place_all();

  std::vector<Name> names_;
  std::vector<Slot> slots_;  // open addressing, at most a quarter full
  int shift_ = 0;
};

}  // namespace holdfast::http
