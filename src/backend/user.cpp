#include "backend/user.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"

namespace users {
namespace {

using holdfast::Result;

constexpr std::size_t max_local_bytes = 64;  // RFC 5321 4.5.3.1.1
constexpr std::size_t max_label_bytes = 63;  // RFC 1035 2.3.4

// What guessing starts with: the head of every list of leaked passwords that is long enough to get this far.
constexpr std::array<std::string_view, 40> common_passwords{
    "12345678",  "123456789", "1234567890", "0123456789", "87654321",    "11111111", "00000000", "123123123",
    "12341234",  "password",  "password1",  "password12", "password123", "passw0rd", "p@ssw0rd", "p@ssword",
    "pa$$word",  "passwort",  "qwertyui",   "qwertyuiop", "qwerty123",   "1q2w3e4r", "1qaz2wsx", "asdfghjk",
    "asdfghjkl", "zxcvbnm1",  "iloveyou",   "sunshine",   "princess",    "football", "baseball", "superman",
    "trustno1",  "letmein1",  "welcome1",   "admin123",   "changeme",    "abcd1234", "starwars", "whatever"};

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_letter_or_digit(char c) noexcept {
  const char l = holdfast::lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
}
// RFC 5322 3.2.3.
bool is_atom_text(char c) noexcept {
  return is_letter_or_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = holdfast::lower(c);
  return result;
}

// Calls `accept` for each part between dots; false when one is not accepted.
template <class Accept>
bool each_part(std::string_view text, const Accept& accept) {
  while (true) {
    const std::size_t dot = text.find('.');
    if (!accept(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_local_part(std::string_view text) {
  return text.size() <= max_local_bytes && each_part(text, [](std::string_view atom) {
           return !atom.empty() && std::all_of(atom.begin(), atom.end(), is_atom_text);
         });
}

bool is_label(std::string_view label) {
  const auto allowed = [](char c) { return is_letter_or_digit(c) || c == '-'; };
  return !label.empty() && label.size() <= max_label_bytes && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), allowed);
}

bool is_domain(std::string_view text) { return text.find('.') != std::string_view::npos && each_part(text, is_label); }

bool starts_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }  // in UTF-8

std::size_t count_characters(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), starts_character));
}

std::string_view without_first_character(std::string_view utf8) noexcept {
  std::size_t size = 1;
  while (size < utf8.size() && !starts_character(utf8[size])) ++size;
  return utf8.substr(size);
}

bool is_guessed_first(std::string_view text) noexcept {
  const auto same = [&](std::string_view common) {
    return text.size() == common.size() &&
           std::equal(text.begin(), text.end(), common.begin(), [](char a, char b) { return holdfast::lower(a) == b; });
  };
  const std::string_view rest = without_first_character(text);
  const bool one_character = text.starts_with(rest);  // each is the one before it
  return one_character || std::any_of(common_passwords.begin(), common_passwords.end(), same);
}

}  // namespace

Result<UserName, Invalid> UserName::from(std::string_view text, std::string_view member) {
  const auto because = [&](std::string_view reason) { return Invalid{std::string(member).append(reason)}; };
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return because(" must not be empty");
  if (text.size() > max_bytes) return because(" must not be longer than 256 bytes");
  if (std::any_of(text.begin(), text.end(), is_control)) return because(" must not contain control characters");
  return UserName(text);
}

Result<EmailAddress, Invalid> EmailAddress::from(std::string_view text) {
  if (text.empty()) return Invalid{"invalid email: must not be empty"};
  if (text.size() > max_bytes) return Invalid{"invalid email: must not be longer than 254 bytes"};
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || !is_local_part(text.substr(0, at)) || !is_domain(text.substr(at + 1))) {
    return Invalid{"invalid email: must look like ada@example.org"};
  }
  return EmailAddress(text, lowered(text));
}

Result<Age, Invalid> Age::from(std::int64_t years) {
  if (years < least) return Invalid{"age must be at least 13"};
  if (years > most) return Invalid{"age must be at most 150"};
  return Age(static_cast<int>(years));
}

Result<Password, Invalid> Password::from(std::string_view text) {
  if (count_characters(text) < min_characters) return Invalid{"weak password: at least 8 characters are needed"};
  if (text.size() > max_bytes) return Invalid{"password must not be longer than 256 bytes"};
  if (std::any_of(text.begin(), text.end(), is_control)) return Invalid{"password must not contain control characters"};
  if (is_guessed_first(text)) return Invalid{"weak password: it is one of those that are guessed first"};
  return Password(text);
}

}  // namespace users
