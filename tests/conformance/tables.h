// tables: the rows by subject, one function per file. The page in docs/ is made of all of them.
#pragma once

#include "row.h"

namespace holdfast::conformance {

Rows request_lines();
Rows targets();
Rows hosts();
Rows field_lines();
Rows request_framing();
Rows request_codings();
Rows chunked_requests();
Rows chunked_responses();
Rows status_lines();
Rows response_framing();
Rows statuses();
Rows methods();
Rows hop_by_hop_requests();
Rows hop_by_hop_responses();
Rows upgrades();
Rows expectations();
Rows interim_responses();
Rows trailer_sections();
Rows persistence();
Rows incomplete_messages();
Rows origins();
Rows end_to_end_requests();
Rows end_to_end_responses();
Rows caching();
Rows own_replies();

}  // namespace holdfast::conformance
