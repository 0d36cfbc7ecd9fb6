// ReplyInbox: hands replies from worker threads to the loop, which an eventfd wakes.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "backend/http_message.h"
#include "core/fd.h"

namespace users {

struct FinishedReply {
  std::uint64_t exchange = 0;
  Reply reply;
};

class ReplyInbox {
 public:
  ReplyInbox();

  void post(std::uint64_t exchange, Reply reply);  // any thread
  std::vector<FinishedReply> take();               // loop thread
  int descriptor() const noexcept { return wake_.get(); }

 private:
  holdfast::Fd wake_;
  std::mutex lock_;
  std::vector<FinishedReply> finished_;
};

}  // namespace users
