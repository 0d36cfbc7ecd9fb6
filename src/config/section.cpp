// Names of modes, and look-up of fields.
#include "config/section.h"

namespace holdfast::config {

std::string_view to_text(Mode mode) noexcept {
  switch (mode) {
    case Mode::enforce: return "enforce";
    case Mode::report: return "report";
    case Mode::disabled: return "disabled";
  }
  return "";
}

bool allows(Modes modes, Mode mode) noexcept {
  switch (mode) {
    case Mode::enforce: return true;
    case Mode::report: return modes == Modes::with_report;
    case Mode::disabled: return modes != Modes::always;
  }
  return false;
}

const Field* AnySection::find(std::string_view key) const noexcept {
  for (const Field& field : fields_) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

}  // namespace holdfast::config
