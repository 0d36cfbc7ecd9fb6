// The queue of deadlines, with a clock moved by hand.
#include "core/deadline.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace holdfast {
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start{1000h};

// Writes its name into `fired` when it is due.
struct Guarded {
  Guarded(std::string& log, char its_name) : fired(log), name(its_name) {}
  static void expired(void* self) {
    auto& guarded = *static_cast<Guarded*>(self);
    guarded.fired += guarded.name;
  }
  std::string& fired;
  char name;
  Deadline deadline{&Guarded::expired, this};
};

}  // namespace

TEST_CASE("deadlines: each is due once, not before its time, and those of one duration in the order of arming") {
  std::string fired;
  DeadlineQueue queue;
  Guarded a(fired, 'a');
  Guarded b(fired, 'b');
  Guarded c(fired, 'c');
  queue.arm(a.deadline, start, 10s);
  queue.arm(b.deadline, start + 1s, 10s);
  queue.arm(c.deadline, start + 2s, 10s);
  CHECK(queue.next() == start + 10s);
  queue.expire(start + 10s - 1ns);
  CHECK(fired.empty());
  queue.expire(start + 10s);
  CHECK(fired == "a");
  CHECK(!a.deadline.armed());
  CHECK(queue.next() == start + 11s);
  queue.expire(start + 20s);
  CHECK(fired == "abc");
  queue.expire(start + 40s);
  CHECK(fired == "abc");
  CHECK(!queue.next().has_value());
}

TEST_CASE("deadlines: the next one is the earliest of all durations") {
  std::string fired;
  DeadlineQueue queue;
  Guarded slow(fired, 's');
  Guarded quick(fired, 'q');
  queue.arm(slow.deadline, start, 60s);
  CHECK(queue.next() == start + 60s);
  queue.arm(quick.deadline, start + 5s, 1s);
  CHECK(queue.next() == start + 6s);
  quick.deadline.disarm();
  CHECK(queue.next() == start + 60s);
}

TEST_CASE("deadlines: arming again moves, disarming forgets, and both may be done twice") {
  std::string fired;
  DeadlineQueue queue;
  Guarded a(fired, 'a');
  queue.arm(a.deadline, start, 10s);
  queue.arm(a.deadline, start + 5s, 10s);
  CHECK(a.deadline.at() == start + 15s);
  queue.expire(start + 14s);
  CHECK(fired.empty());
  queue.arm(a.deadline, start + 14s, 2s);  // another duration
  queue.expire(start + 15s);
  CHECK(fired.empty());
  a.deadline.disarm();
  a.deadline.disarm();
  queue.expire(start + 99s);
  CHECK(fired.empty());
}

TEST_CASE("deadlines: one that stood still takes its place before those armed earlier") {
  std::string fired;
  DeadlineQueue queue;
  Guarded a(fired, 'a');
  Guarded b(fired, 'b');
  Guarded c(fired, 'c');
  Guarded d(fired, 'd');
  queue.arm(a.deadline, start, 10s);
  queue.arm(b.deadline, start + 4s, 10s);
  queue.arm(c.deadline, start + 8s, 10s);
  queue.arm_at(d.deadline, start + 12s, 10s);  // between a and b
  CHECK(queue.next() == start + 10s);
  queue.expire(start + 13s);
  CHECK(fired == "ad");
  queue.expire(start + 20s);
  CHECK(fired == "adbc");
}

TEST_CASE("deadlines: one before all others of its duration is the next") {
  std::string fired;
  DeadlineQueue queue;
  Guarded a(fired, 'a');
  Guarded b(fired, 'b');
  queue.arm(a.deadline, start, 10s);
  queue.arm_at(b.deadline, start + 1s, 10s);
  CHECK(queue.next() == start + 1s);
  queue.expire(start + 1s);
  CHECK(fired == "b");
}

TEST_CASE("deadlines: the destruction of what a deadline guards disarms it") {
  std::string fired;
  DeadlineQueue queue;
  Guarded stays(fired, 's');
  {
    Guarded dies(fired, 'd');
    queue.arm(dies.deadline, start, 1s);
    queue.arm(stays.deadline, start, 1s);
  }
  CHECK(queue.next() == start + 1s);
  queue.expire(start + 1s);
  CHECK(fired == "s");
}

TEST_CASE("deadlines: a hundred durations of the past leave a queue that still keeps order") {
  std::string fired;
  DeadlineQueue queue;
  Guarded stays(fired, 's');
  Guarded moves(fired, 'm');
  queue.arm(stays.deadline, start, 3h);
  for (int i = 1; i <= 100; ++i) queue.arm(moves.deadline, start, std::chrono::seconds(i));
  CHECK(queue.next() == start + 100s);
  queue.arm(moves.deadline, start, 7s);  // a list that was used again
  CHECK(queue.next() == start + 7s);
  queue.expire(start + 7s);
  CHECK(fired == "m");
  CHECK(stays.deadline.at() == start + 3h);
  queue.expire(start + 3h);
  CHECK(fired == "ms");
}

TEST_CASE("deadlines: more durations at the same time than there are lists keep their order") {
  std::string fired;
  DeadlineQueue queue;
  std::vector<std::unique_ptr<Guarded>> many;
  std::vector<int> seconds;
  for (int i = 1; i <= 300; ++i) seconds.push_back(i);
  std::mt19937 random(7);
  std::shuffle(seconds.begin(), seconds.end(), random);
  for (const int after : seconds) {
    many.push_back(std::make_unique<Guarded>(fired, 'm'));
    queue.arm(many.back()->deadline, start, std::chrono::seconds(after));
  }
  for (int i = 1; i <= 300; ++i) {
    CHECK(queue.next() == start + std::chrono::seconds(i));
    queue.expire(start + std::chrono::seconds(i));
    CHECK(fired.size() == static_cast<std::size_t>(i));
  }
}

TEST_CASE("deadlines: a deadline whose old list serves another duration now goes to a list of its own duration") {
  std::string fired;
  DeadlineQueue queue;
  Guarded first(fired, 'f');
  std::vector<std::unique_ptr<Guarded>> others;
  queue.arm(first.deadline, start, 1s);
  first.deadline.disarm();
  for (int i = 2; i <= 40; ++i) {  // more durations than are kept: the list of one second is taken
    others.push_back(std::make_unique<Guarded>(fired, 'o'));
    queue.arm(others.back()->deadline, start, std::chrono::seconds(i));
  }
  queue.arm(first.deadline, start, 1s);
  CHECK(queue.next() == start + 1s);
  queue.expire(start + 1s);
  CHECK(fired == "f");
  queue.expire(start + 20s);
  CHECK(fired.size() == 20);
  CHECK(queue.next() == start + 21s);
}

namespace {

// Ends another one when it is due, and arms itself again.
struct Killer {
  static void expired(void* self) {
    auto& killer = *static_cast<Killer*>(self);
    ++killer.times;
    killer.victims.clear();
    if (killer.again > Duration{}) killer.queue->arm(killer.deadline, killer.deadline.at(), killer.again);
  }
  DeadlineQueue* queue = nullptr;
  std::vector<std::unique_ptr<Guarded>> victims;
  Duration again{};
  int times = 0;
  Deadline deadline{&Killer::expired, this};
};

}  // namespace

TEST_CASE("deadlines: what is due may destroy others that are due, of its own duration and of others") {
  std::string fired;
  DeadlineQueue queue;
  Killer killer;
  queue.arm(killer.deadline, start, 1s);
  for (const Duration after : {Duration(1s), Duration(1s), Duration(2s), Duration(500ms)}) {
    killer.victims.push_back(std::make_unique<Guarded>(fired, 'v'));
    queue.arm(killer.victims.back()->deadline, start, after);
  }
  Guarded stays(fired, 's');
  queue.arm(stays.deadline, start, 1s);
  queue.expire(start + 5s);
  CHECK(killer.times == 1);
  CHECK(fired == "s");
  CHECK(!queue.next().has_value());
}

TEST_CASE("deadlines: what is due may arm itself again, also for a moment that has passed") {
  DeadlineQueue queue;
  Killer again;
  again.queue = &queue;
  again.again = 1s;
  queue.arm(again.deadline, start, 1s);
  queue.expire(start + 5s);
  CHECK(again.times == 5);  // at 1, 2, 3, 4 and 5 s
  CHECK(queue.next() == start + 6s);
}

TEST_CASE("deadlines: thousands at random are due exactly when a plain list says so") {
  std::mt19937 random(20'261'122);
  std::string fired;
  DeadlineQueue queue;
  std::vector<std::unique_ptr<Guarded>> all;
  all.reserve(50);
  for (int i = 0; i < 50; ++i) all.push_back(std::make_unique<Guarded>(fired, 'x'));
  TimePoint now = start;
  for (int step = 0; step < 20'000; ++step) {
    Deadline& d = all[random() % all.size()]->deadline;
    switch (random() % 4) {
      case 0: queue.arm(d, now, std::chrono::seconds(1 + random() % 45)); break;
      case 1: queue.arm_at(d, now + std::chrono::milliseconds(random() % 20'000), std::chrono::seconds(20)); break;
      case 2: d.disarm(); break;
      case 3: now += std::chrono::milliseconds(random() % 900); break;
      default: break;
    }
    std::size_t due = 0;
    std::optional<TimePoint> first;
    for (const auto& guarded : all) {
      if (!guarded->deadline.armed()) continue;
      if (guarded->deadline.at() <= now) {
        ++due;
      } else if (!first || guarded->deadline.at() < *first) {
        first = guarded->deadline.at();
      }
    }
    fired.clear();
    queue.expire(now);
    REQUIRE(fired.size() == due);
    REQUIRE(queue.next() == first);
  }
}

}  // namespace holdfast
