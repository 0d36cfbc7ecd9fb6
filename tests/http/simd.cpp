// The vector forms against the plain one, for every byte at every place.
#include "http/simd.h"

#include <doctest/doctest.h>

#include <string>

namespace holdfast::http {
namespace {

template <class Bytes>
std::array<std::uint32_t, 5> masks(const char* p) {
  const Bytes b = Bytes::load(p);
  return {controls(b).bits(), letters(b).bits(), common_name_characters(b).bits(), outside_target(b),
          b.equals(',').bits()};
}

}  // namespace

TEST_CASE("all forms of a sixteen-byte comparison agree") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 16; ++place) {
      std::string text = "aZ9-x~/ :;Q0_mnb";
      text[place] = static_cast<char>(byte);
      CHECK(masks<Bytes16>(text.data()) == masks<PlainBytes16>(text.data()));
      CHECK(lowered(Bytes16::load(text.data())).low() == lowered(PlainBytes16::load(text.data())).low());
      CHECK(lowered(Bytes16::load(text.data())).high() == lowered(PlainBytes16::load(text.data())).high());
    }
  }
}

}  // namespace holdfast::http
