// head_rules: what the fields of a head say of its framing and its connection (RFC 9112 6 and 9, RFC 9110 7.6
// and 10.1).
//
// Fed field by field while the head is parsed; only names in `looked_at` need to be shown. Requests and responses share
// it.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/head.h"

namespace holdfast::http {

class HeadRules {
 public:
  static constexpr FieldSet looked_at = [] {
    FieldSet s;
    for (const FieldId id : {FieldId::connection, FieldId::content_length, FieldId::expect, FieldId::host,
                             FieldId::keep_alive, FieldId::te, FieldId::transfer_encoding, FieldId::upgrade}) {
      s.add(id);
    }
    return s;
  }();

  // Takes one field into account. Returns the rule that it breaks (a string literal), or null.
  const char* add(FieldId id, std::string_view value) noexcept;

  // Framing by the two framing fields alone; `none` when there are neither. Returns the broken rule or null.
  const char* framing(Version version, Framing& framing, std::uint64_t& length) const noexcept;
  bool has_length() const noexcept { return lengths_ != 0; }
  bool has_host() const noexcept { return hosts_ != 0; }
  bool has_coding() const noexcept { return codings_ != 0; }
  bool keep_alive(Version version) const noexcept { return !close_ && (version == Version::http11 || keep_alive_); }
  bool nominates() const noexcept { return nominations_ != 0; }
  bool upgrade_listed() const noexcept { return upgrade_listed_; }
  bool names_websocket() const noexcept { return websocket_; }
  bool te_trailers() const noexcept { return te_trailers_; }
  bool expects_continue() const noexcept { return expectations_ == 1 && expects_continue_; }
  std::uint32_t keep_alive_timeout() const noexcept { return keep_alive_timeout_; }

 private:
  const char* add_length(std::string_view value) noexcept;
  const char* add_connection(std::string_view value) noexcept;

  std::uint64_t length_ = 0;
  std::uint32_t keep_alive_timeout_ = 0;
  std::uint8_t lengths_ = 0;  // these counters stop at the second: it is refused
  std::uint8_t codings_ = 0;
  std::uint8_t hosts_ = 0;
  std::uint8_t expectations_ = 0;  // 2 means more than one
  std::uint8_t nominations_ = 0;
  bool close_ = false;
  bool keep_alive_ = false;
  bool upgrade_listed_ = false;
  bool websocket_ = false;
  bool te_trailers_ = false;
  bool expects_continue_ = false;
};

// Most names that Connection may list besides the ones that are never forwarded: looking for them costs names × fields.
inline constexpr std::size_t most_nominations = 32;

// One number in decimal digits: at most 19 of them, at most 2^63-1. Anything else: false.
bool parse_length(std::string_view text, std::uint64_t& n) noexcept;

// The next member of a comma-separated list, trimmed; empty members are skipped. Cuts it from `list`; empty when there
// is none left.
std::string_view next_member(std::string_view& list) noexcept;

// A Connection option that names no field to remove: the fields behind it are never forwarded as they came.
bool is_plain_option(std::string_view option) noexcept;

}  // namespace holdfast::http
