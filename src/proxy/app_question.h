// app_question: one question to the app outside the data path: connect, send a request, judge the status; one bound for
// all of it.
//
// May be asked again from within its own answer: what the last one used dies at the end of the turn. Control thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/deadline.h"
#include "net/transport.h"
#include "proxy/context.h"

namespace holdfast::proxy {

class AppQuestionUser {
 public:
  // Well: connected, or with a request, a status from 200 to 399. `why`: a literal, empty when well.
  virtual void on_app_answered(bool well, const char* why) noexcept = 0;

 protected:
  ~AppQuestionUser() = default;
};

class AppQuestion final : public net::DialUser, public net::TransportUser {
 public:
  // `head`: the whole request; empty: connecting is enough.
  AppQuestion(WorkerContext& context, net::Connector& connector, AppQuestionUser& user, std::string head,
              Duration within);
  AppQuestion(const AppQuestion&) = delete;
  AppQuestion& operator=(const AppQuestion&) = delete;
  ~AppQuestion();

  void ask();  // while none is under way
  bool under_way() const noexcept { return grave_ != nullptr; }

  void on_connected(std::unique_ptr<net::Transport> transport) noexcept override;
  void on_dial_failed(int error) noexcept override;
  void on_readable() noexcept override;
  void on_writable() noexcept override {}
  void on_hangup() noexcept override {}

 private:
  class Buried;
  void judge(std::string_view bytes);
  bool judge_head();
  void done(bool well, const char* why) noexcept;
  static void slow(void* self) { static_cast<AppQuestion*>(self)->done(false, "no answer in time"); }

  WorkerContext& context_;
  net::Connector& connector_;
  AppQuestionUser& user_;
  const std::string head_;
  const Duration within_;
  std::unique_ptr<net::Dial> dial_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<Buried> grave_;  // of the question under way: there when it is over
  std::string received_;
  Deadline limit_;
};

}  // namespace holdfast::proxy
