// Reviews made to be dear: each gets its answer, and what it costs grows with its size, never with its square.
#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>

#include "reviews.h"

namespace holdfast::kubernetes::testing {
namespace {

using Outcome = Review::Outcome;

Json response_of(const Review& done) { return Json::parse(done.content)["response"]; }

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string with_status(const std::string& status) {
  return set(review_of(users_pod()), "/request/object/metadata/annotations", {{"holdfast.dev/status", status}}).dump();
}

std::string nested(std::size_t depth) {
  return R"({"mode":"native","undo":[{"op":"replace","path":"/a","value":)" + repeated("[", depth) +
         repeated("]", depth) + "}]}";
}

// Each makes a review in which something is repeated `count` times.
std::string many_containers(std::size_t count) {
  Json pod = users_pod();
  Json& ports = pod["spec"]["containers"][0]["ports"];
  for (std::size_t i = 0; i < count / 10; ++i) ports.push_back({{"containerPort", 8081 + i}});
  for (std::size_t i = 0; i < count - count / 10; ++i) pod["spec"]["containers"].push_back({{"name", "a"}});
  pod["metadata"]["annotations"]["holdfast.dev/app-port"] = "3000";
  return review_of(pod).dump();
}

std::string many_ports(std::size_t count) {
  Json pod = users_pod();
  Json& ports = pod["spec"]["containers"][0]["ports"];
  for (std::size_t i = 0; i < count; ++i) ports.push_back({{"containerPort", 10'000 + i}});
  pod["metadata"]["annotations"]["holdfast.dev/app-port"] = "3000";
  return review_of(pod).dump();
}

std::string many_members_of_a_status(std::size_t count) {
  std::string status = R"({"mode":"native","undo":[])";
  for (std::size_t i = 0; i < count; ++i) status += ",\"a" + std::to_string(i) + "\":0";
  return with_status(status + "}");
}

std::string many_undone(std::size_t count) {
  const std::string one = R"({"op":"remove","path":"/a"},)";
  return with_status(R"({"mode":"native","undo":[)" + repeated(one, count) + R"({"op":"remove","path":"/a"}]})");
}

std::string many_annotations(std::size_t count) {
  Json pod = users_pod();
  std::string text = R"({"holdfast.dev/app-port":"http")";
  for (std::size_t i = 0; i < count; ++i) text += ",\"example.com/a" + std::to_string(i) + "\":\"x\"";
  std::string all = set(review_of(pod), "/request/object/metadata/annotations", "HERE").dump();
  return all.replace(all.find("\"HERE\""), 6, text + "}");
}

// CPU time of a review; the least of some, since other programs disturb.
double cost_of(const std::string& bytes) {
  std::clock_t least = 0;
  for (int i = 0; i < 4; ++i) {
    const std::clock_t begin = std::clock();
    CHECK(review(bytes, options()).status == 200);
    const std::clock_t took = std::clock() - begin;
    least = i == 0 ? took : std::min(least, took);
  }
  return static_cast<double>(least);
}

}  // namespace

TEST_CASE("review: a status nested deeper, or larger, than any of ours is denied unread") {
  struct Row {
    std::string status;
    const char* sentence;
  };
  const char* foreign = "this status is not one that Holdfast wrote";
  const Row rows[] = {
      {nested(90), "the status says injected, and the sidecar is not there"},
      {nested(98), foreign},  // two levels more with its own
      {nested(10'000), foreign},
      {nested(100'000), foreign},
      {nested(1'000'000), foreign},
      {R"({"mode":"native","undo":[],"a":1,"a":2})", foreign},
      {R"({"mode":"native","undo":[],"a":")" + std::string(200U << 10U, 'a') + "\"}", "the status says injected"},
      {R"({"mode":"native","undo":[],"a":")" + std::string(256U << 10U, 'a') + "\"}", foreign},
      {std::string(2U << 20U, '{'), foreign},
  };
  for (const Row& row : rows) {
    CAPTURE(row.status.size());
    const Review done = review(with_status(row.status), options());
    CHECK(done.outcome == Outcome::denied);
    CHECK(done.code == "already-injected");
    CHECK_MESSAGE(done.reason.starts_with(row.sentence), done.reason);
  }
}

TEST_CASE("review: a pod of more than a thousand containers is denied") {
  for (const auto& [more, outcome] : {std::pair<int, Outcome>{999, Outcome::patched}, {1000, Outcome::denied}}) {
    for (const char* list : {"containers", "initContainers"}) {
      Json pod = users_pod();
      for (int i = 0; i < more; ++i) pod["spec"][list].push_back({{"name", "a"}});
      const Review done = review(review_of(pod).dump(), options());
      CHECK(done.outcome == outcome);
      if (outcome == Outcome::denied) CHECK(done.code == "too-large");
    }
  }
}

TEST_CASE("review: of long texts a message shows the beginning, in whole characters") {
  const std::string accents = repeated("é", 50'000);
  const std::string names = "x" + accents;  // one of the two is cut inside a character, unless one takes care
  struct Row {
    const char* at;
    Json value;
  };
  std::vector<Row> rows;
  for (const std::string& text : {accents, names}) {
    rows.push_back({"/request/object/metadata/annotations", {{"holdfast.dev/" + text, "x"}}});
    rows.push_back({"/request/object/metadata/annotations", {{"holdfast.dev/policy", text}}});
    rows.push_back({"/request/object/metadata/labels", {{"holdfast.dev/" + text, "true"}}});
    rows.push_back({"/request/object/metadata/labels", {{"holdfast.dev/inject", text}}});
    rows.push_back({"/request/object/spec/containers/0/ports/0/name", "grpc" + text});
  }
  rows.push_back(
      {"/request/object/metadata/annotations", {{"holdfast.dev/memory-limit", "1." + std::string(5000, '0')}}});
  rows.push_back({"/request/object/metadata/annotations", {{"holdfast.dev/app-port", std::string(5000, '0') + "1"}}});
  for (const Row& row : rows) {
    CAPTURE(row.at);
    const Review done = review(set(review_of(users_pod()), row.at, row.value).dump(), options());
    CHECK(done.outcome == Outcome::denied);
    CHECK_MESSAGE(done.reason.size() < 1024, done.reason.size());
    CHECK(response_of(done)["status"]["message"].get<std::string>().find("\xEF\xBF\xBD") == std::string::npos);
  }
}

TEST_CASE("review: four times the size costs about four times as much, whatever is repeated") {
  struct Row {
    const char* what;
    std::string (*make)(std::size_t count);
    std::size_t count;
  };
  const Row rows[] = {{"containers and ports", many_containers, 1000},
                      {"ports", many_ports, 16'000},
                      {"members of a status", many_members_of_a_status, 16'000},
                      {"operations of a status", many_undone, 8000},
                      {"annotations", many_annotations, 32'000}};
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const double small = cost_of(row.make(row.count / 4));
    const double large = cost_of(row.make(row.count));
    CHECK(large < 9 * small);  // 16 times, were it quadratic
  }
}

}  // namespace holdfast::kubernetes::testing
