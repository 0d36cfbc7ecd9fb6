// Reads `acceptRisk:`: checks that someone answers for not passing, until a date.
#pragma once

#include <span>

#include "config/configuration.h"
#include "config/reader.h"

namespace holdfast::config {

// An expired waiver is a warning: it never stops a start.
void read_waivers(Reader& reader, const Entry& entry, std::span<const AnySection* const> sections,
                  std::chrono::year_month_day today, std::vector<Waiver>& waivers);

// `2026-12-31`; nullopt when it is no date of the calendar.
std::optional<std::chrono::year_month_day> parse_date(std::string_view text);
std::string to_text(std::chrono::year_month_day date);

}  // namespace holdfast::config
