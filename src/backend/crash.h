// crash: the last line of a dying process. Fatal signals and std::terminate write one JSON line with the cause and the
// stack to stdout; then the process ends as it would have ended without.
#pragma once

namespace users {

void report_crashes();  // once, at the start of main

}  // namespace users
