// What `holdfast run --app-probes` reads.
#include <doctest/doctest.h>

#include "kubernetes/app_probes.h"

namespace holdfast::kubernetes {
namespace {

using namespace std::chrono_literals;

auto parsed(std::string_view text) { return parse_app_probes(text, "127.0.0.1:8080"); }

TEST_CASE("app probes: the request is the kubelet's, with the fields of the original") {
  const auto probes = parsed(
      R"({"api/liveness": {"httpGet": {"path": "live me?a=b#c", "port": 8080, "httpHeaders":
          [{"name": "Host", "value": "example.com"}, {"name": "X-A", "value": "1"}, {"name": "Content-Length", "value": "9"}]},
          "timeoutSeconds": 7}, "api/startup": {"tcpSocket": {"port": 8080}}})");
  REQUIRE(probes);
  REQUIRE(probes.value().size() == 2);
  CHECK(probes.value()[0].name == "api/liveness");
  CHECK(probes.value()[0].within == 7s);
  CHECK(probes.value()[0].head ==
        "GET /live%20me?a=b HTTP/1.1\r\nhost: example.com\r\nuser-agent: kube-probe/holdfast\r\naccept: */*\r\n"
        "connection: close\r\nX-A: 1\r\n\r\n");
  CHECK(probes.value()[1].head.empty());
  CHECK(probes.value()[1].within == 1s);
}

TEST_CASE("app probes: what could forge a request is refused") {
  for (const char* text : {"", "[]", "{\"a\": 1}", "{\"a\": {}}", R"({"a": {"httpGet": 1}})",
                           R"({"a": {"httpGet": {"path": "/", "httpHeaders": [{"name": "X", "value": "1\r\nY: 2"}]}}})",
                           R"({"a": {"httpGet": {"path": "/", "httpHeaders": [{"name": "X Y", "value": "1"}]}}})",
                           R"({"a": {"httpGet": {"path": "/", "httpHeaders": {}}}})"}) {
    CAPTURE(text);
    CHECK(!parsed(text));
  }
  const auto probes = parsed(R"({"a": {"httpGet": {"path": "/\r\nX: y"}}})");
  REQUIRE(probes);
  CHECK(probes.value()[0].head.starts_with("GET /%0d%0aX:%20y HTTP/1.1\r\n"));
}

}  // namespace
}  // namespace holdfast::kubernetes
