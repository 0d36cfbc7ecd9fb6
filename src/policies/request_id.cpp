// requestId: one name for an exchange, the same in the app, in the client's response and in every line.
//
// A client's own id is kept when it is harmless; a doubled or unacceptable one is replaced. The app's response value is
// overwritten. Our own errors carry the id through local_reply; when the policy is disabled, ids are made for the log
// only.
#include "policies/request_id.h"

#include "http/simd.h"
#include "policies/catalog_line.h"

namespace holdfast::policies {
namespace {

constexpr std::uint32_t longest = std::tuple_size_v<decltype(Exchange::request_id)>;

struct RequestId {
  std::string header = "x-request-id";
  config::CountRange accept_length{8, longest};
};

// A-Z a-z 0-9 . _ -
bool accepted(std::string_view id) noexcept {
  const char* const end = id.data() + id.size();
  for (const char* at = id.data(); at < end; at += 16) {
    const std::uint32_t others = http::bits_up_to(id.data(), at, end, [](http::Bytes16 b) {
      return (http::common_name_characters(b) | b.equals('.') | b.equals('_')).bits() ^ 0xffffU;
    });
    if (others != 0) return false;
  }
  return true;
}

class RequestIdPolicy final : public Policy {
 public:
  explicit RequestIdPolicy(const RequestId& settings) : settings_(settings) {}

  Verdict on_request(Exchange& x) override {
    if ((x.request.marks & http::mark_request_id) != 0) take_or_replace(x);
    x.request_edits.set(settings_.header, x.id());
    return std::nullopt;
  }

  void on_response(Exchange& x) override { x.response_edits.set(settings_.header, x.id()); }

 private:
  void take_or_replace(Exchange& x) const noexcept {
    std::string_view offered;
    int times = 0;
    for (const http::Field& field : x.request.fields) {
      if ((field.marks & http::mark_request_id) == 0) continue;
      offered = x.request.value(field);
      ++times;
    }
    x.request_id_replaced = times != 1 || !acceptable(offered);
    if (x.request_id_replaced) return;
    x.request_id_size = static_cast<std::uint8_t>(write_text(x.request_id.data(), offered) - x.request_id.data());
  }

  bool acceptable(std::string_view id) const noexcept {
    if (id.size() < settings_.accept_length.min || id.size() > settings_.accept_length.max) return false;
    return accepted(id);
  }

  RequestId settings_;
};

void plan_request_id(const PolicySettings& settings, Plan& plan) {
  plan.listener.request_id_header.clear();
  if (settings.disabled()) return;
  plan.listener.request_id_header = settings.service<RequestId>().header;
  plan.names.mark(plan.listener.request_id_header, http::mark_request_id);
}

void add_hooks(const PolicySettings& settings, const Plan&, Services&, Pipeline& pipeline) {
  pipeline.add(std::make_unique<RequestIdPolicy>(settings.service<RequestId>()), Pipeline::Responses::every);
}

}  // namespace

void RequestIdSource::make(Exchange& x) noexcept {
  constexpr std::uint64_t version_4 = 0x4000;
  constexpr std::uint64_t variant = std::uint64_t{1} << 63U;
  const std::uint64_t high = (bits_.next() & ~std::uint64_t{0xf000}) | version_4;
  const std::uint64_t low = (bits_.next() & ~(std::uint64_t{3} << 62U)) | variant;
  char* out = write_hex_bytes(x.request_id.data(), high, 4);
  *out++ = '-';
  out = write_hex_bytes(out, high << 32U, 2);
  *out++ = '-';
  out = write_hex_bytes(out, high << 48U, 2);
  *out++ = '-';
  out = write_hex_bytes(out, low, 2);
  *out++ = '-';
  out = write_hex_bytes(out, low << 16U, 6);
  x.request_id_size = static_cast<std::uint8_t>(out - x.request_id.data());
  x.request_id_replaced = false;
}

CatalogLine request_id() {
  static const auto section =
      config::Section<RequestId>("requestId", "One id per exchange: in the app, in the response and in every line.",
                                 config::Modes::enforce_disabled)
          .text("header", &RequestId::header, config::check_header_name, "The field that carries it.")
          .count_range("acceptLength", &RequestId::accept_length, {1, longest},
                       "Length of a client's own id, of characters A-Z a-z 0-9 . _ -; any other is replaced.");
  return {.section = &section, .plan = plan_request_id, .hooks = add_hooks};
}

}  // namespace holdfast::policies
