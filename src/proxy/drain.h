// drain: from "no new work, please" to "nothing is left", with a bound.
//
// announce: not ready, everything is still accepted. finish: connections end after their exchange. Drained when nothing
// is left, or cut when `finish` is up. A drain that no SIGTERM follows within terminationGrace is undone: hooks also
// run when only the app restarts. Control thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/clock.h"
#include "core/deadline.h"
#include "proxy/local_origin.h"

namespace holdfast::proxy {

struct DrainReport {
  bool drained = false;   // nothing had to be cut
  std::uint64_t cut = 0;  // connections with an exchange that were cut
  Duration took{};
};

class DrainUser {
 public:
  virtual void drain_announce(bool draining) = 0;
  virtual void drain_finish() = 0;
  virtual void drain_cut() = 0;
  virtual void drain_undo() = 0;
  virtual std::uint64_t drain_cut_count() = 0;  // since the start
  virtual bool drain_complete() = 0;            // nothing is in flight and the listener is closed
  virtual void drain_over(const DrainReport& report) = 0;

 protected:
  ~DrainUser() = default;
};

struct DrainTimes {
  Duration announce;
  Duration finish;
  Duration grace;  // terminationGrace
};

class Drain {
 public:
  enum class Phase : std::uint8_t { serving, announced, finishing, drained };

  Drain(WorkerContext& context, DrainUser& user);
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  // Starts unless one is under way. `for_good`: a signal asks for it, nothing undoes it.
  void start(const DrainTimes& times, bool for_good);
  // Answered when drained.
  void tell(Responder responder);
  Phase phase() const noexcept { return phase_; }
  bool draining() const noexcept { return phase_ != Phase::serving; }

 private:
  void step();
  void over(bool drained);
  void undo();
  static void step_due(void* self) { static_cast<Drain*>(self)->step(); }
  static void undo_due(void* self) { static_cast<Drain*>(self)->undo(); }

  WorkerContext& context_;
  DrainUser& user_;
  Phase phase_ = Phase::serving;
  DrainTimes times_{};
  TimePoint began_{};
  TimePoint finish_began_{};
  bool for_good_ = false;
  bool cut_ = false;
  std::uint64_t cut_before_ = 0;
  Deadline step_;
  Deadline undo_;
  DrainReport report_;
  std::vector<Responder> waiting_;
};

}  // namespace holdfast::proxy
