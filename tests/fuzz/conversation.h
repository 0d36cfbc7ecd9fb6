// conversation: an input read as a script for a whole proxy in memory: who sends which bytes in which pieces, who
// finishes, resets or reads slowly, and how time passes.
//
// It remembers what each side said, so that judge() can compare what came out with what went in.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "support/scenario.h"

namespace holdfast::fuzz {

struct Speaker {
  testing::Peer* peer = nullptr;
  std::string said;
  bool finished = false;  // it closed in order at some time
};

// What the configuration of a run allows, for the judge.
struct Bounds {
  std::uint64_t body = 1U << 20U;
  std::uint32_t concurrency = 128;
  std::uint32_t queue = 64;
};

class Conversation {
 public:
  explicit Conversation(std::string_view script);
  void run();

  std::deque<Speaker>& clients() noexcept { return clients_; }
  std::deque<Speaker>& apps() noexcept { return apps_; }
  const Bounds& bounds() const noexcept { return bounds_; }
  testing::Scenario& scenario() noexcept { return scenario_; }

 private:
  std::uint8_t next() noexcept;
  std::string_view next_text(std::size_t size) noexcept;
  void step();
  void one_end(Speaker& who, unsigned what, std::span<const std::string_view> words);
  void whole_proxy(unsigned what);
  void say(Speaker& who, std::string_view bytes, std::size_t piece);
  Speaker* client(unsigned n);
  Speaker* app(unsigned n);
  void meet_apps();

  std::string_view script_;
  Bounds bounds_;
  std::size_t workers_;
  testing::Scenario scenario_;
  std::deque<Speaker> clients_;
  std::deque<Speaker> apps_;
};

// Ends the run when what the clients and the app received does not follow from what was said.
void judge(Conversation& conversation);

}  // namespace holdfast::fuzz
