// admission: who may use the app now, who waits, who is refused.
//
// The slots belong to the process, the queue to the worker: first come, first served within a worker. Who frees a slot
// wakes its own queue first, else that of another worker, so no slot idles while somebody waits.
#pragma once

#include <atomic>
#include <cstdint>

#include "policies/plan.h"
#include "proxy/context.h"

namespace holdfast::proxy {

class Exchange;

// Wakes the admission of a worker that waits for a slot. Called from any worker's thread.
class AdmissionPeers {
 public:
  virtual void wake_another(const WorkerContext& not_me) noexcept = 0;

 protected:
  ~AdmissionPeers() = default;
};

class Admission {
 public:
  enum class Answer : std::uint8_t { admitted, queued, full };

  Admission(WorkerContext& context, AdmissionPeers& peers) noexcept : context_(context), peers_(peers) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Takes a slot for `exchange`, or a place in the queue; on_admitted() follows then.
  Answer enter(Exchange& exchange);
  void leave();                                   // gives a slot back
  void leave_queue(Exchange& exchange) noexcept;  // a queued exchange that no longer waits; else nothing
  void wake();                                    // admits as many as there are slots; on the worker's thread
  std::uint32_t waiting() const noexcept { return waiting_.load(std::memory_order_seq_cst); }  // any thread

 private:
  bool take_slot(Exchange& exchange);
  void push(Exchange& exchange) noexcept;
  void unlink(Exchange& exchange) noexcept;

  WorkerContext& context_;
  AdmissionPeers& peers_;
  Exchange* head_ = nullptr;
  Exchange* tail_ = nullptr;
  std::atomic<std::uint32_t> waiting_{0};
};

}  // namespace holdfast::proxy
