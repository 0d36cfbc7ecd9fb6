#include "backend/reply_inbox.h"

#include <sys/eventfd.h>

#include <utility>

#include "core/check.h"

namespace users {

ReplyInbox::ReplyInbox() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  HOLDFAST_CHECK(static_cast<bool>(wake_));  // at start only: ends the program with 70
}

void ReplyInbox::post(std::uint64_t exchange, Reply reply) {
  {
    const std::lock_guard guard(lock_);
    finished_.push_back({exchange, std::move(reply)});
  }
  static_cast<void>(::eventfd_write(wake_.get(), 1));  // can only fail when a wake-up is already due
}

std::vector<FinishedReply> ReplyInbox::take() {
  eventfd_t count = 0;
  static_cast<void>(::eventfd_read(wake_.get(), &count));
  const std::lock_guard guard(lock_);
  return std::exchange(finished_, {});
}

}  // namespace users
