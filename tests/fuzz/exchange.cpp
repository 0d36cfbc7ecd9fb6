// A whole proxy in memory meets clients and an app that do what the input says: any bytes in any pieces, resets, half
// closes, slow readers, time. Whatever they do, what comes out follows from what went in, and at the end nothing is
// left.
#include <string>

#include "fuzz/conversation.h"
#include "fuzz/pieces.h"

namespace {

using namespace holdfast;

// The scenario says what must hold with doctest's macros.
void end_run(const doctest::AssertData& fault) {
  std::fprintf(stderr, "%s:%d: %s: %s\n", fault.m_file, fault.m_line, fault.m_expr, fault.m_decomp.c_str());
  if (fault.m_failed) fuzz::require(false, fault.m_expr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  doctest::Context asserts;
  asserts.setAssertHandler(end_run);
  asserts.setAsDefaultForAssertsOutOfTestCases();
  fuzz::Conversation conversation(fuzz::text_of(data, size));
  conversation.run();
  fuzz::judge(conversation);
  conversation.scenario().check_nothing_is_left();
  for (const std::string& line : conversation.scenario().log()) {
    if (testing::in_line(line, "reason") == "internal") std::fprintf(stderr, "%s\n", line.c_str());
    fuzz::require(testing::in_line(line, "reason") != "internal", "no invariant of ours breaks");
  }
  return 0;
}
