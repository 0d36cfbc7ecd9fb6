// The token of the drain hook: HMAC-SHA256 (RFC 2104, FIPS 180-4) of whose hook it is, under the injector's key.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::kubernetes {

using Digest = std::array<std::uint8_t, 32>;
Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view bytes);

// 32 hexadecimal digits.
std::string drain_token(std::string_view key, std::string_view namespace_name, std::string_view workload,
                        std::string_view container);

}  // namespace holdfast::kubernetes
