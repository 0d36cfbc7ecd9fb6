// differential: our parser against llhttp in its strict mode, on the corpus and on mutations of it.
//
//   differential [--count MUTATIONS] [--seed SEED] [--show]
//
// Prints what was refused by us alone, by reason. Exit 1 when something that we would forward is refused by llhttp or
// read in another way, when a reason is not a documented one, or when a row of the corpus ends as it must not.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>

#include "differential/corpus.h"
#include "differential/mutation.h"
#include "differential/reasons.h"

namespace {

using namespace holdfast::differential;

struct Group {
  std::string_view name;
  Kind kind;
  std::vector<Row> rows;
};

struct Arguments {
  std::uint64_t count = 200'000;
  std::uint64_t seed = 1;
  bool show = false;  // the verdict of every row of the corpus
};

std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, 400)) {
    char code[8];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      std::snprintf(code, sizeof code, "\\x%02x", byte);
      out += code;
    }
  }
  return out;
}

class Report {
 public:
  Difference add(Kind kind, std::string_view bytes) {
    Difference d = compare(kind, bytes);
    alike_ += d.alike;
    ++verdicts_[static_cast<std::size_t>(d.verdict)];
    if (d.verdict == Verdict::stricter) {
      ++refusals_[d.what];
      if (why_refused(d.what).empty()) finding("refused for a reason without a rule: " + d.what, bytes);
    }
    if (d.verdict == Verdict::argued) ++arguments_[d.what];
    if (d.verdict == Verdict::looser || d.verdict == Verdict::framing) finding(d.what, bytes);
    const Difference sent = compare_forwarded(kind, bytes);
    forwarded_ += sent.alike;
    if (sent.verdict != Verdict::same) finding(sent.what, bytes);
    return d;
  }
  void finding(const std::string& what, std::string_view bytes) {
    if (++findings_[what] <= 3) std::printf("FINDING %s\n  %s\n", what.c_str(), printable(bytes).c_str());
  }
  void print() const {
    for (std::size_t i = 0; i < verdicts; ++i) {
      std::printf("%10llu %.*s\n", static_cast<unsigned long long>(verdicts_[i]),
                  static_cast<int>(word(static_cast<Verdict>(i)).size()), word(static_cast<Verdict>(i)).data());
    }
    std::printf("\n%10llu messages read alike\n%10llu messages sent on, and read by llhttp as by us\n",
                static_cast<unsigned long long>(alike_), static_cast<unsigned long long>(forwarded_));
    std::printf("\nllhttp takes, we refuse:\n");
    for (const Strictness& one : strictnesses()) {
      const auto found = refusals_.find(std::string(one.reason));
      const std::uint64_t n = found == refusals_.end() ? 0 : found->second;
      if (n != 0)
        std::printf("%10llu %-48s RFC %s\n", static_cast<unsigned long long>(n), one.reason.data(), one.why.data());
    }
    std::printf("\nllhttp refuses, we forward, argued:\n");
    for (const auto& [what, n] : arguments_)
      std::printf("%10llu %s\n", static_cast<unsigned long long>(n), what.c_str());
    for (const auto& [what, n] : findings_)
      std::printf("FINDINGS %llu: %s\n", static_cast<unsigned long long>(n), what.c_str());
  }
  std::size_t findings() const { return findings_.size(); }

 private:
  std::uint64_t verdicts_[verdicts] = {};
  std::uint64_t alike_ = 0;
  std::uint64_t forwarded_ = 0;
  std::map<std::string, std::uint64_t> refusals_, arguments_, findings_;
};

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--show") {
      out.show = true;
      continue;
    }
    std::uint64_t* const number = name == "--count" ? &out.count : name == "--seed" ? &out.seed : nullptr;
    if (number == nullptr || ++i == argc) return false;
    const std::string_view text = argv[i];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    if (error != std::errc() || end != text.data() + text.size()) return false;
  }
  return true;
}

std::size_t run_corpus(const std::vector<Group>& groups, bool show, Report& report) {
  std::size_t rows = 0;
  for (const Group& group : groups) {
    for (const Row& row : group.rows) {
      ++rows;
      const Difference d = report.add(group.kind, row.bytes);
      const std::string what = std::string(group.name) + ": " + std::string(row.what);
      if (show) std::printf("%s\t%s\t%s\n", what.c_str(), word(d.verdict).data(), d.what.c_str());
      if (d.verdict != row.expected) {
        report.finding(what + " is " + std::string(word(d.verdict)) + ", not " + std::string(word(row.expected)),
                       row.bytes);
      }
    }
  }
  return rows;
}

// Three of four mutations begin with a message that both take: there is more to lose.
const Row& one_of(const Group& group, Draw& draw) {
  const bool good = draw.below(4) != 0;
  while (true) {
    const Row& row = group.rows[draw.below(group.rows.size())];
    if (!good || row.expected == Verdict::same || row.expected == Verdict::argued) return row;
  }
}

void run_mutations(const std::vector<Group>& groups, const Arguments& arguments, Report& report) {
  constexpr std::size_t large = 2000;  // the size of such rows is what they are about
  Draw draw(arguments.seed);
  for (std::uint64_t i = 0; i < arguments.count; ++i) {
    const Group& group = groups[draw.below(groups.size())];
    const std::string_view row = one_of(group, draw).bytes;
    const std::string_view other = one_of(group, draw).bytes;
    report.add(group.kind, mutated(row.size() > large ? row.substr(0, 400) : row, other.substr(0, 400), draw));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fprintf(stderr, "usage: differential [--count MUTATIONS] [--seed SEED] [--show]\n");
    return 64;
  }
  const std::vector<Group> groups{{"request line", Kind::request, request_lines()},
                                  {"fields", Kind::request, request_fields()},
                                  {"framing", Kind::request, request_framing()},
                                  {"chunked content", Kind::request, chunked_content()},
                                  {"responses", Kind::response, responses()},
                                  {"responses to HEAD", Kind::response_to_head, responses_to_head()}};
  Report report;
  const std::size_t rows = run_corpus(groups, arguments.show, report);
  run_mutations(groups, arguments, report);
  std::printf("%zu rows, %llu mutations, seed %llu\n", rows, static_cast<unsigned long long>(arguments.count),
              static_cast<unsigned long long>(arguments.seed));
  report.print();
  const std::size_t cases = rows + 1;  // all mutations are one
  const std::size_t failed = std::min(report.findings(), cases);
  std::printf("\n%zu passed, %zu failed\n", cases - failed, failed);
  return failed == 0 ? 0 : 1;
}
