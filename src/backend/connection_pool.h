// ConnectionPool: the idle connections of a store. A caller takes one or opens its own, so there are never more
// connections than callers; one that failed is not given back.
//
// A connection that went stale while it lay here (the server restarted, the file was replaced) is closed with all
// others: what made it stale befell them, too. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace users {

// `Connection` has `bool usable() const noexcept`, which does not block.
template <class Connection>
class ConnectionPool {
 public:
  // The most recently used one, or null.
  std::unique_ptr<Connection> take() {
    Connections stale;  // closed after the lock is released
    const std::lock_guard guard(lock_);
    if (idle_.empty()) return nullptr;
    if (!idle_.back()->usable()) {
      stale.swap(idle_);
      return nullptr;
    }
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard guard(lock_);
    idle_.push_back(std::move(connection));
  }

  void close_idle() {
    Connections stale;
    const std::lock_guard guard(lock_);
    stale.swap(idle_);
  }

 private:
  using Connections = std::vector<std::unique_ptr<Connection>>;

  std::mutex lock_;
  Connections idle_;  // most recently used at the back
};

}  // namespace users
