// Where nodes end in a text: the YAML library only says where they start.
//
// The answers are right for documents as people and programs write them; whoever edits by them must read the result
// again and compare (rewrite.cpp does).
#pragma once

#include "kubernetes/tree.h"

namespace holdfast::kubernetes {

std::size_t line_start(std::string_view text, std::size_t at);
std::size_t line_end(std::string_view text, std::size_t at);  // behind the line feed, or the end of the text
std::size_t column_of(std::string_view text, std::size_t at);
std::string_view indentation_of(std::string_view text, std::size_t at);  // of the line: its spaces and tabs
std::string_view line_ending(std::string_view text);                     // of the first line: CR LF or LF
bool starts_its_line(std::string_view text, std::size_t at);             // only white space in front of it

// Behind the closing quote of the text that opens at `at`, or behind the bracket that closes the one there.
std::size_t quoted_end(std::string_view text, std::size_t at);
std::size_t flow_end(std::string_view text, std::size_t at);
// Behind a value of JSON.
std::size_t json_end(std::string_view text, std::size_t at);

// Behind the last byte of the node that is known to be its own; lines of a plain or block scalar may follow.
std::size_t content_end(std::string_view text, const Node& node);
std::size_t content_end(std::string_view text, const Member& member);

// Where lines can be added behind those of a block mapping or list at `column`: in front of the comments and blank
// lines that belong to what follows.
std::size_t block_end(std::string_view text, const Node& node, std::size_t column);
// The last text of the document, when it is one in the style of `|` or `>`; else null.
const Node* last_block_scalar(std::string_view text, const Node& node);
// The end of lines that an injection added at `column`; they hold no comment and no blank line.
std::size_t added_end(std::string_view text, std::size_t from, std::size_t column);

// Behind the colon of a member.
std::size_t colon_end(std::string_view text, const Node& key);

}  // namespace holdfast::kubernetes
