// parsing: runs a parser over bytes as one piece, byte by byte and in random pieces, and checks that the outcome is the
// same.
//
// Every piece is offered in a heap copy of exactly its size, so that a sanitizer sees a read behind the end.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/h1_parser.h"

namespace holdfast::http {

struct ParsedField {
  std::string name;
  std::string value;
  friend bool operator==(const ParsedField&, const ParsedField&) = default;
};

// What a parser made of its input, free of references to it.
struct Outcome {
  Progress progress = Progress::need_more;
  Reason reason = Reason::ok;
  std::string rule;
  std::uint64_t at = 0;
  std::uint32_t size = 0;
  std::vector<ParsedField> fields;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline Outcome outcome_of(Progress progress, const Error& error, const Head& head) {
  Outcome o;
  o.progress = progress;
  if (progress == Progress::failed) {
    o.reason = error.reason;
    o.rule = error.detail == nullptr ? "" : error.detail;
    o.at = error.value;
  }
  if (progress != Progress::done) return o;
  o.size = head.size;
  for (const Field& f : head.fields) o.fields.push_back({std::string(head.name(f)), std::string(head.value(f))});
  return o;
}

// Offers growing prefixes; `step` gives the size of the next piece.
template <class Parser, class SomeHead, class Step>
Outcome parse_in_pieces(Parser& parser, SomeHead& head, std::string_view bytes, std::string& kept, Step step) {
  Progress progress = Progress::need_more;
  std::size_t size = 0;
  while (progress == Progress::need_more && size < bytes.size()) {
    size = std::min(bytes.size(), size + step());
    const auto copy = std::make_unique<char[]>(size);
    bytes.copy(copy.get(), size);
    progress = parser.parse(copy.get(), size, head);
    kept.assign(copy.get(), size);
    head.set_base(kept.data());
    if (progress == Progress::done) CHECK(head.size <= size);
  }
  return outcome_of(progress, parser.error(), head);
}

// A small generator of our own, so that every run is the same.
class Pieces {
 public:
  explicit Pieces(std::uint64_t seed) noexcept : state_(seed * 2 + 1) {}
  std::size_t operator()() noexcept {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return 1 + static_cast<std::size_t>(state_ >> 33U) % 23;
  }

 private:
  std::uint64_t state_;
};

struct Request {
  FieldNames names;
  HeadLimits limits;
  RequestParser parser;
  RequestHead head;
  std::string bytes;  // what `head` refers to

  Outcome parse(std::string_view input) {
    INFO("input: ", std::string(input.substr(0, 120)));
    const Outcome whole = in_pieces(input, [&] { return input.size(); });
    CHECK(in_pieces(input, [] { return std::size_t{1}; }) == whole);
    for (std::uint64_t seed = 0; seed < 4; ++seed) CHECK(in_pieces(input, Pieces(seed)) == whole);
    return whole;
  }
  template <class Step>
  Outcome in_pieces(std::string_view input, Step step) {
    parser.start(limits, names);
    return parse_in_pieces(parser, head, input, bytes, step);
  }
  std::string target() const { return std::string(head.text(head.path_and_query)); }
  std::string authority() const { return std::string(head.text(head.authority)); }
};

struct Response {
  FieldNames names;
  HeadLimits limits;
  ResponseContext context;
  ResponseParser parser;
  ResponseHead head;
  std::string bytes;

  Outcome parse(std::string_view input) {
    INFO("input: ", std::string(input.substr(0, 120)));
    const Outcome whole = in_pieces(input, [&] { return input.size(); });
    CHECK(in_pieces(input, [] { return std::size_t{1}; }) == whole);
    for (std::uint64_t seed = 0; seed < 4; ++seed) CHECK(in_pieces(input, Pieces(seed)) == whole);
    return whole;
  }
  template <class Step>
  Outcome in_pieces(std::string_view input, Step step) {
    parser.start(limits, names, context);
    return parse_in_pieces(parser, head, input, bytes, step);
  }
};

}  // namespace holdfast::http
