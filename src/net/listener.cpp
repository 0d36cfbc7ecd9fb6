#include "net/listener.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "net/tcp.h"

namespace holdfast::net {
namespace {

constexpr int backlog = 4096;
constexpr int accepts_per_turn = 64;       // other connections of the worker get their turn too
constexpr timeval pause_time{0, 100'000};  // out of descriptors

int listen_on(const SocketAddress& address, bool share, bool dual_stack, Fd& out) noexcept {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int on = 1;
  const int v6_only = dual_stack ? 0 : 1;
  if (!address.local()) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return errno;
  if (address.family() == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  set_socket_options(fd.get(), address.local());  // accepted sockets inherit them
  const auto* raw = static_cast<const sockaddr*>(static_cast<const void*>(&address.storage));
  if (::bind(fd.get(), raw, address.size) != 0 || ::listen(fd.get(), backlog) != 0) return errno;
  out = std::move(fd);
  return 0;
}

SocketAddress bound_address(int fd) noexcept {
  SocketAddress address;
  address.size = sizeof address.storage;
  ::getsockname(fd, static_cast<sockaddr*>(static_cast<void*>(&address.storage)), &address.size);
  return address;
}

}  // namespace

Result<BoundSockets, int> bind_listeners(const SocketAddress& address, std::size_t count, bool dual_stack) {
  BoundSockets bound;
  Fd probe;
  if (const int error = listen_on(address, false, dual_stack, probe); error != 0) return error;
  bound.address = bound_address(probe.get());
  if (count == 1) {
    bound.sockets.push_back(std::move(probe));
    return bound;
  }
  probe.reset();
  for (std::size_t i = 0; i < count; ++i) {
    Fd fd;
    if (const int error = listen_on(bound.address, true, dual_stack, fd); error != 0) return error;
    bound.sockets.push_back(std::move(fd));
  }
  return bound;
}

class Listener::Socket {
 public:
  Socket(Loop& loop, Fd fd, AcceptUser& user)
      : loop_(loop), fd_(std::move(fd)), user_(user), last_accept_(steady_now()) {
    event_assign(&event_, loop_.base(), fd_.get(), EV_READ | EV_PERSIST, &Socket::on_ready, this);
    event_assign(&resume_, loop_.base(), -1, 0, &Socket::on_resume, this);
    event_add(&event_, nullptr);
  }
  ~Socket() { stop(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void close() {
    if (!fd_) return;
    // What waits now; in a flood there would always be one more.
    for (int i = 0; i < backlog && accept_one(); ++i) {
    }
    stop();
  }
  bool open() const noexcept { return static_cast<bool>(fd_); }
  void keep_reserve() noexcept {
    if (!reserve_ && fd_) reserve_ = Fd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  }
  TimePoint last_accept() const noexcept { return last_accept_; }

 private:
  void stop() noexcept {
    event_del(&event_);
    event_del(&resume_);
    reserve_.reset();
    fd_.reset();
  }

  bool accept_one() {
    SocketAddress from;
    from.size = sizeof from.storage;
    auto* raw = static_cast<sockaddr*>(static_cast<void*>(&from.storage));
    Fd fd(::accept4(fd_.get(), raw, &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      const int error = errno;
      if (error == ECONNABORTED || error == EINTR) return true;
      if ((error == EMFILE || error == ENFILE) && reserve_) {
        reserve_.reset();
        return true;  // the next try has the descriptor
      }
      if (error != EAGAIN) pause(error);
      return false;
    }
    last_accept_ = steady_now();
    user_.on_accepted(std::move(fd), client_address_from(&from.storage));
    return true;
  }

  void pause(int error) noexcept {
    event_del(&event_);
    event_add(&resume_, &pause_time);
    user_.on_accept_paused(error);
  }

  static void on_ready(int, short, void* self) noexcept {
    auto& socket = *static_cast<Socket*>(self);
    socket.loop_.tick();
    for (int i = 0; i < accepts_per_turn && socket.fd_; ++i) {
      if (!socket.accept_one()) return;
    }
  }
  static void on_resume(int, short, void* self) noexcept {
    auto& socket = *static_cast<Socket*>(self);
    socket.loop_.tick();
    event_add(&socket.event_, nullptr);
  }

  Loop& loop_;
  Fd fd_;
  Fd reserve_;  // a copy of fd_ that nobody uses
  AcceptUser& user_;
  event event_{};
  event resume_{};
  TimePoint last_accept_;
};

Listener::Listener(Loop& loop, Fd socket, AcceptUser& user)
    : socket_(std::make_unique<Socket>(loop, std::move(socket), user)) {}
Listener::~Listener() = default;
void Listener::close() { socket_->close(); }
bool Listener::open() const noexcept { return socket_->open(); }
TimePoint Listener::last_accept() const noexcept { return socket_->last_accept(); }
void Listener::keep_reserve() noexcept { socket_->keep_reserve(); }

}  // namespace holdfast::net
