// Reads `routes:`: which requests a route takes, and what it changes.
#pragma once

#include "config/configuration.h"
#include "config/reader.h"

namespace holdfast::config {

void read_routes(Reader& reader, const Entry& entry, Configuration& configuration);

// `POST /users`, `/events/*`. "" on success, else what is wrong with it.
std::string parse_match(std::string_view text, std::string& method, std::string& path);

}  // namespace holdfast::config
