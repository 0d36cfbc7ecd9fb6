// admission: who may use the app now, who waits, who is refused, and who must make room.
//
// The slots belong to the process, the queue to the worker: first come, first served within a worker. Who frees a slot
// wakes its own queue first, else that of another worker, so no slot idles while somebody waits. Clients that are slow
// must not keep the others from the app: uploads whose content is still to come get three quarters of the slots, and
// while somebody waits whoever is slower than 16 KiB/s makes room.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/deadline.h"
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

// Exchanges in the order in which they came, linked through their `place`.
class AdmissionLine {
 public:
  void push(Exchange& exchange) noexcept;
  void unlink(Exchange& exchange) noexcept;
  Exchange* first() const noexcept { return first_; }

 private:
  Exchange* first_ = nullptr;
  Exchange* last_ = nullptr;
};

// Where an exchange stands; only admission writes it.
struct AdmissionPlace {
  Exchange* prev = nullptr;
  Exchange* next = nullptr;
  AdmissionLine* line = nullptr;  // null: it neither waits nor has a slot
  std::uint64_t ticket = 0;       // in order of arrival
  bool uploading = false;         // its client has content to send yet
};

class Admission final : public Continuation {
 public:
  enum class Answer : std::uint8_t { admitted, queued, full };

  Admission(WorkerContext& context, AdmissionPeers& peers) noexcept
      : context_(context), peers_(peers), look_(&Admission::look_due, this) {}
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Takes a slot for `exchange`, or a place in the queue; on_admitted() follows then.
  Answer enter(Exchange& exchange) noexcept;
  void leave(Exchange& exchange) noexcept;            // gives its slot back
  void leave_queue(Exchange& exchange) noexcept;      // a queued exchange that no longer waits; else nothing
  void content_is_here(Exchange& exchange) noexcept;  // nothing more is awaited of its client
  void wake() noexcept;                               // admits as many as there are slots; on the worker's thread
  // How many could use a slot that came free. Any thread.
  std::uint32_t waiting() const noexcept;

  void proceed() noexcept override;

 private:
  Exchange* next() const noexcept;
  bool uploads_are_full() const noexcept;
  bool take_slot(Exchange& exchange) noexcept;
  bool displace_oldest_upload(std::uint32_t places) noexcept;
  void push(Exchange& exchange) noexcept;
  void unlink(Exchange& exchange) noexcept;
  void look() noexcept;
  static void look_due(void* self) { static_cast<Admission*>(self)->look(); }

  WorkerContext& context_;
  AdmissionPeers& peers_;
  AdmissionLine held_;     // with a slot
  AdmissionLine ready_;    // queued: all that is awaited of their clients is here
  AdmissionLine uploads_;  // queued: content is still to come
  Deadline look_;          // for who must make room; while slots are held
  std::uint64_t tickets_ = 0;
  bool waking_ = false;     // proceed() is due at the end of this turn
  bool admitting_ = false;  // wake() is at work
  std::atomic<std::uint32_t> ready_waiting_{0};
  std::atomic<std::uint32_t> uploads_waiting_{0};
  std::atomic<std::uint32_t> uploads_max_{UINT32_MAX};  // of the newest request's configuration
};

}  // namespace holdfast::proxy
