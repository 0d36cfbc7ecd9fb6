// The stable codes of faults, with what each means: the table the reference page prints.
//
// A code never changes its meaning; editors, pipelines and people search for it.
#pragma once

#include <array>
#include <string_view>

namespace holdfast::config {

struct Code {
  std::string_view word;
  std::string_view meaning;
};

namespace code {
inline constexpr std::string_view unreadable_file = "unreadable-file";
inline constexpr std::string_view file_too_large = "file-too-large";
inline constexpr std::string_view bad_utf8 = "bad-utf8";
inline constexpr std::string_view bad_character = "bad-character";
inline constexpr std::string_view tab = "tab";
inline constexpr std::string_view syntax = "syntax";
inline constexpr std::string_view unclosed_quote = "unclosed-quote";
inline constexpr std::string_view second_document = "second-document";
inline constexpr std::string_view directive = "directive";
inline constexpr std::string_view anchor = "anchor";
inline constexpr std::string_view alias = "alias";
inline constexpr std::string_view tag = "tag";
inline constexpr std::string_view merge_key = "merge-key";
inline constexpr std::string_view too_deep = "too-deep";
inline constexpr std::string_view too_many_nodes = "too-many-nodes";
inline constexpr std::string_view bad_key = "bad-key";
inline constexpr std::string_view duplicate_key = "duplicate-key";
inline constexpr std::string_view unknown_key = "unknown-key";
inline constexpr std::string_view missing_key = "missing-key";
inline constexpr std::string_view wrong_shape = "wrong-shape";
inline constexpr std::string_view no_value = "no-value";
inline constexpr std::string_view substitution = "substitution";
inline constexpr std::string_view bare_word = "bare-word";
inline constexpr std::string_view bad_unit = "bad-unit";
inline constexpr std::string_view bad_number = "bad-number";
inline constexpr std::string_view bad_text = "bad-text";
inline constexpr std::string_view bad_word = "bad-word";
inline constexpr std::string_view bad_address = "bad-address";
inline constexpr std::string_view bad_date = "bad-date";
inline constexpr std::string_view bad_match = "bad-match";
inline constexpr std::string_view out_of_range = "out-of-range";
inline constexpr std::string_view not_liftable = "not-liftable";
inline constexpr std::string_view because_missing = "because-missing";
inline constexpr std::string_view bad_mode = "bad-mode";
inline constexpr std::string_view bad_version = "bad-version";
inline constexpr std::string_view unknown_profile = "unknown-profile";
inline constexpr std::string_view not_routable = "not-routable";
inline constexpr std::string_view duplicate_route = "duplicate-route";
inline constexpr std::string_view admin_exposed = "admin-exposed";
inline constexpr std::string_view rule = "rule";
inline constexpr std::string_view expired_waiver = "expired-waiver";
}  // namespace code

inline constexpr std::array code_table{
    Code{code::unreadable_file, "the file cannot be read"},
    Code{code::file_too_large, "the file is larger than 1 MiB"},
    Code{code::bad_utf8, "the file is not UTF-8"},
    Code{code::bad_character, "a control character, such as NUL or a lone carriage return"},
    Code{code::tab, "a tab; YAML is indented with spaces"},
    Code{code::syntax, "not YAML"},
    Code{code::unclosed_quote, "a quote that is not closed on its line"},
    Code{code::second_document, "a second YAML document in the file"},
    Code{code::directive, "a YAML directive (%YAML, %TAG)"},
    Code{code::anchor, "an anchor (&name)"},
    Code{code::alias, "an alias (*name)"},
    Code{code::tag, "a tag (!name, !!int)"},
    Code{code::merge_key, "a merge key (<<)"},
    Code{code::too_deep, "nested deeper than 32 levels"},
    Code{code::too_many_nodes, "more than 100000 values in one file"},
    Code{code::bad_key, "a key that is not one plain word"},
    Code{code::duplicate_key, "a key given twice in one mapping"},
    Code{code::unknown_key, "a key that means nothing here"},
    Code{code::missing_key, "a required key is not there"},
    Code{code::wrong_shape, "a mapping, a list or a single value where another of them is expected"},
    Code{code::no_value, "a key without a value"},
    Code{code::substitution, "${…} or $(…): files are never substituted"},
    Code{code::bare_word, "on, off, yes, no, y or n: YAML versions read them differently"},
    Code{code::bad_unit, "a value without its unit, or with a wrong one"},
    Code{code::bad_number, "not a whole number"},
    Code{code::bad_text, "a text that is not accepted here"},
    Code{code::bad_word, "a word that is none of the accepted ones"},
    Code{code::bad_address, "not an address"},
    Code{code::bad_date, "not a date such as 2026-12-31"},
    Code{code::bad_match, "not a route pattern such as POST /users"},
    Code{code::out_of_range, "a value outside its range"},
    Code{code::not_liftable, "none where the limit cannot be lifted"},
    Code{code::because_missing, "something is given up without because:"},
    Code{code::bad_mode, "a mode this policy does not have"},
    Code{code::bad_version, "a version of the format this program does not read"},
    Code{code::unknown_profile, "a profile this program does not have"},
    Code{code::not_routable, "a setting a route cannot change"},
    Code{code::duplicate_route, "two routes with one name or one pattern"},
    Code{code::admin_exposed, "an admin address beyond loopback without adminExposed:"},
    Code{code::rule, "values that are valid alone and not together"},
    Code{code::expired_waiver, "a waiver whose date has passed (warning)"},
};

}  // namespace holdfast::config
