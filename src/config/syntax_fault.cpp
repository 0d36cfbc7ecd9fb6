#include "config/syntax_fault.h"

#include <array>
#include <string_view>

#include "config/codes.h"

namespace holdfast::config {
namespace {

// The messages are those of yaml-cpp 0.7; an unknown one is shown as it is.
struct Explanation {
  std::string_view message;
  std::string_view sentence;
  std::string_view fix;
};
constexpr std::array explanations{
    Explanation{"unknown token", "a value cannot start with this character", "quote the value"},
    Explanation{"illegal map value", "a ':' where no key can stand",
                "check the line above; quote a value that holds ': '"},
    Explanation{"illegal block entry", "a list cannot start here", "start the list on its own line"},
    Explanation{"illegal flow end", "a closing bracket that nothing opened", "remove it"},
    Explanation{"end of map not found", "the indentation fits no line above", "indent it as its neighbours"},
    Explanation{"end of sequence not found", "the indentation fits no line above", "indent it as its neighbours"},
};

}  // namespace

Fault syntax_fault(const std::string& message, const Place& place, const Place* innermost) {
  if (message.find("anchor is not defined") != std::string::npos) {
    return {place, std::string(code::alias), "aliases are not accepted", {}, "write the value out", false};
  }
  if (innermost != nullptr && message.find("flow not found") != std::string::npos) {
    return {*innermost,
            std::string(code::syntax),
            "the bracket opened here is not closed where line " + std::to_string(place.line) + " needs it",
            {},
            "close it, or put a comma between the values",
            false};
  }
  for (const Explanation& known : explanations) {
    if (message == known.message)
      return {place, std::string(code::syntax), std::string(known.sentence), {}, std::string(known.fix), false};
  }
  return {place, std::string(code::syntax), "not YAML: " + message, {}, "check this line and the one above", false};
}

}  // namespace holdfast::config
