#include "proxy/local_origin.h"

#include <algorithm>

#include "http/forwarding.h"
#include "proxy/boundary.h"
#include "proxy/static_head.h"

namespace holdfast::proxy {
namespace {

std::string_view value_of(const http::RequestHead& head, http::FieldId id) noexcept {
  const http::Field* field = head.find(id);
  return field == nullptr ? std::string_view() : head.value(*field);
}

}  // namespace

class LocalOrigin::Stream final : public OriginStream, public Continuation, public Mortal {
 public:
  Stream(LocalOrigin& origin, Exchange& exchange, std::uint64_t ticket) noexcept
      : origin_(origin), exchange_(&exchange), ticket_(ticket) {}
  ~Stream() override {
    if (continuing_) origin_.context_.forget(*this);
  }

  void send_request(const policies::Exchange&, ContentShape shape) override {
    complete_ = shape.framing == http::Framing::none || (shape.framing == http::Framing::length && shape.length == 0);
    if (shape.framing == http::Framing::length) content_.reserve(shape.length);  // within the limit of the plan
    expected_ = exchange_->x().request.expect_continue && !complete_;
  }
  void send_content(Content content) override { content_.append(content.bytes); }
  void send_end(std::string_view) override { complete_ = true; }
  Outbox::Flushed flush() override {
    const bool ready = complete_ && !std::exchange(asked_, complete_);
    if ((ready || expected_) && !std::exchange(continuing_, true)) origin_.context_.later(*this);
    return Outbox::Flushed::all;
  }
  std::size_t unsent() const noexcept override { return 0; }
  void want_content(bool) override {}  // the whole content is handed over at once; the client's outbox keeps it
  void become_tunnel() override {}
  void shutdown_write() override {}
  void release(bool) noexcept override {
    exchange_ = nullptr;
    origin_.remove(*this);
  }

  void proceed() noexcept override {
    continuing_ = false;
    if (exchange_ == nullptr) return;
    const bool expected = std::exchange(expected_, false);
    if (!complete_) {
      if (expected && content_.empty()) invite();
      return;
    }
    guarded(*exchange_, [this] {
      const http::RequestHead& head = exchange_->x().request;
      const LocalRequest request{head.text(head.method_text),
                                 head.path(),
                                 head.query(),
                                 content_,
                                 value_of(head, http::FieldId::content_type),
                                 value_of(head, http::FieldId::content_encoding)};
      origin_.handler_.on_request(request, Responder(origin_, ticket_));
    });
  }

  void answer(LocalResponse response) {
    if (exchange_ == nullptr || answered_) return;
    answered_ = true;
    response_ = std::move(response);
    Exchange& exchange = *exchange_;
    guarded(exchange, [this, &exchange] {
      write_head();
      static_head(exchange.x().response, head_);
      exchange.on_response_head();
      if (!response_.content.empty() && exchange.x().request.method != http::Method::head) {
        exchange.on_response_content({response_.content, nullptr});
      }
      exchange.on_response_end({});
      exchange.settle();
    });
  }
  std::uint64_t ticket() const noexcept { return ticket_; }

 private:
  // RFC 9110 10.1.1: what a client waits for before it sends its content, unless this has come already.
  void invite() {
    Exchange& exchange = *exchange_;
    guarded(exchange, [&exchange] {
      static_head(exchange.x().response, "HTTP/1.1 100 Continue\r\n\r\n");
      exchange.on_response_interim();
      exchange.x().response.clear();
      exchange.settle();
    });
  }

  void write_head() {
    head_ = "HTTP/1.1 " + std::to_string(response_.status) + " ";
    head_.append(http::reason_phrase(response_.status)).append("\r\ncontent-type: ").append(response_.content_type);
    head_.append("\r\ncache-control: no-store\r\ncontent-length: ").append(std::to_string(response_.content.size()));
    head_.append("\r\n").append(response_.extra_fields).append("\r\n");
  }

  LocalOrigin& origin_;
  Exchange* exchange_;
  std::uint64_t ticket_;
  std::string content_;
  std::string head_;
  LocalResponse response_;
  bool expected_ = false;  // a 100 (Continue)
  bool complete_ = false;
  bool asked_ = false;
  bool answered_ = false;
  bool continuing_ = false;
};

LocalOrigin::LocalOrigin(WorkerContext& context, LocalHandler& handler) : context_(context), handler_(handler) {}
LocalOrigin::~LocalOrigin() = default;

Lease LocalOrigin::acquire(Exchange& exchange, bool) {
  streams_.push_back(std::make_unique<Stream>(*this, exchange, next_ticket_++));
  return Lease(*streams_.back());
}

void LocalOrigin::remove(Stream& stream) noexcept {
  const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const auto& s) { return s.get() == &stream; });
  context_.bury(std::move(*found));
  *found = std::move(streams_.back());
  streams_.pop_back();
}

void Responder::answer(LocalResponse response) const {
  for (const auto& stream : origin_->streams_) {
    if (stream->ticket() == ticket_) return stream->answer(std::move(response));
  }
}

}  // namespace holdfast::proxy
