// local_origin: handlers of our own as an origin, so that telemetry and admin run on the same HTTP engine as everything
// else.
//
// A handler gets the whole request (the listener's plan bounds its content) and answers at once or later, on the same
// loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/exchange.h"

namespace holdfast::proxy {

struct LocalRequest {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  std::string_view content;
  std::string_view content_type;      // as sent
  std::string_view content_encoding;  // as sent
};

struct LocalResponse {
  std::uint16_t status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string content;
  std::string extra_fields;  // whole lines, each with its CRLF
};

class LocalOrigin;

// Answers one request. When the client has left meanwhile, the answer goes nowhere.
class Responder {
 public:
  Responder(LocalOrigin& origin, std::uint64_t ticket) noexcept : origin_(&origin), ticket_(ticket) {}
  void answer(LocalResponse response) const;

 private:
  LocalOrigin* origin_;
  std::uint64_t ticket_;
};

class LocalHandler {
 public:
  virtual void on_request(const LocalRequest& request, Responder responder) = 0;

 protected:
  ~LocalHandler() = default;
};

class LocalOrigin final : public Origin {
 public:
  LocalOrigin(WorkerContext& context, LocalHandler& handler);
  ~LocalOrigin() override;
  Lease acquire(Exchange& exchange, bool fresh) override;
  void give_up(Exchange&) noexcept override {}  // acquire() never waits

 private:
  friend class Responder;
  class Stream;
  void remove(Stream& stream) noexcept;

  WorkerContext& context_;
  LocalHandler& handler_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::uint64_t next_ticket_ = 1;
};

}  // namespace holdfast::proxy
