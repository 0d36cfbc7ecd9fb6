// tracing: W3C Trace Context (https://www.w3.org/TR/trace-context/) passes through, and names our lines.
//
// A valid traceparent goes to the app byte for byte with its tracestate; an invalid or doubled one is removed together
// with it. Without one, a trace id is made for our lines only: nothing is sent to the app that a client did not send.
#include "http/simd.h"
#include "policies/catalog_line.h"
#include "policies/random_bits.h"

namespace holdfast::policies {
namespace {

using http::FieldId;

struct Tracing {
  Share sample{10'000};
};

bool lower_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f'); }

struct Sixteen {
  bool lower_hex;
  bool all_zero;
};
Sixteen look_at_16(const char* text) noexcept {
  const auto bytes = http::Bytes16::load(text);
  const auto hex = bytes.minus('0').at_most(9) | bytes.minus('a').at_most(5);
  return {.lower_hex = hex.bits() == 0xffff, .all_zero = bytes.equals('0').bits() == 0xffff};
}

// version "-" trace-id "-" parent-id "-" flags; what a later version appends starts with "-" (Trace Context 3.2.2
// and 3.2.4).
bool valid(std::string_view parent) noexcept {
  constexpr std::size_t size = 55;
  if (parent.size() < size || parent[2] != '-' || parent[35] != '-' || parent[52] != '-') return false;
  const std::string_view version = parent.substr(0, 2);
  if (!lower_hex(parent[0]) || !lower_hex(parent[1]) || version == "ff") return false;
  if (parent.size() > size && (version == "00" || parent[size] != '-')) return false;
  if (!lower_hex(parent[53]) || !lower_hex(parent[54])) return false;
  const Sixteen trace_high = look_at_16(parent.data() + 3);
  const Sixteen trace_low = look_at_16(parent.data() + 19);
  const Sixteen span = look_at_16(parent.data() + 36);
  const bool hex = trace_high.lower_hex && trace_low.lower_hex && span.lower_hex;
  return hex && !(trace_high.all_zero && trace_low.all_zero) && !span.all_zero;
}

class TracingPolicy final : public Policy {
 public:
  explicit TracingPolicy(RandomBits bits) : bits_(bits) {}

  Verdict on_request(Exchange& x) override {
    x.trace.known = true;
    if (x.request.present.has(FieldId::traceparent) && taken_over(x)) return std::nullopt;
    write_hex_bytes(write_hex_bytes(x.trace.trace_id.data(), bits_.next() | 1U, 8), bits_.next(), 8);
    return std::nullopt;
  }

 private:
  static bool taken_over(Exchange& x) noexcept {
    std::string_view parent;
    int times = 0;
    for (const http::Field& field : x.request.fields) {
      if (field.id != FieldId::traceparent) continue;
      parent = x.request.value(field);
      ++times;
    }
    if (times == 1 && valid(parent)) {
      write_text(x.trace.trace_id.data(), parent.substr(3, x.trace.trace_id.size()));
      return true;
    }
    x.request_edits.drop.add(FieldId::traceparent);
    x.request_edits.drop.add(FieldId::tracestate);
    return false;
  }

  RandomBits bits_;
};

void add_hooks(const PolicySettings&, const Plan&, Services& services, Pipeline& pipeline) {
  // Not the stream that request ids come from.
  pipeline.add(std::make_unique<TracingPolicy>(RandomBits(~services.seed_lo, services.seed_hi)));
}

}  // namespace

CatalogLine tracing() {
  static const auto section =
      config::Section<Tracing>("tracing", "Passes W3C trace context and names it in every line.",
                               config::Modes::enforce_disabled)
          .share("sample", &Tracing::sample, {{0}, {1'000'000}},
                 "Share of the traces made here that are exported; without an exporter it has no effect.");
  return {.section = &section, .hooks = add_hooks};
}

}  // namespace holdfast::policies
