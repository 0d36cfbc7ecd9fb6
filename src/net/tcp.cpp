#include "net/tcp.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::net {
namespace {

const sockaddr* as_sockaddr(const SocketAddress& address) noexcept {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address.storage));
}

// recv and send go to the kernel directly: in a program with threads the library's functions are points of
// cancellation, which nobody here wants and every call pays for. The sanitizers watch the library's.
#ifdef HOLDFAST_SANITIZED
long receive(int fd, char* into, std::size_t room) noexcept { return ::recv(fd, into, room, 0); }
long send(int fd, const iovec& all) noexcept { return ::send(fd, all.iov_base, all.iov_len, MSG_NOSIGNAL); }
#else
long receive(int fd, char* into, std::size_t room) noexcept {
  return ::syscall(SYS_recvfrom, fd, into, room, 0, nullptr, nullptr);
}
long send(int fd, const iovec& all) noexcept {
  return ::syscall(SYS_sendto, fd, all.iov_base, all.iov_len, MSG_NOSIGNAL, nullptr, 0);
}
#endif

// One persistent read event for the connection's life; the same event watches for the peer's close while reading is
// paused. A write event exists only after a send that would have blocked.
class TcpTransport final : public Transport {
 public:
  TcpTransport(Loop& loop, Fd fd) noexcept : loop_(loop), fd_(std::move(fd)) {}
  ~TcpTransport() override {
    if (watching_ != Watching::nothing) event_del(&read_);
    if (write_) event_del(write_.get());
  }
  int fd() const noexcept { return fd_.get(); }

  void attach(TransportUser& user) noexcept override {
    user_ = &user;
    watch(Watching::input);
  }

  Io read(char* into, std::size_t room) noexcept override {
    const long n = receive(fd_.get(), into, room);
    if (n > 0) return {Io::State::ok, static_cast<std::size_t>(n)};
    if (n == 0) return {Io::State::end};
    return {errno == EAGAIN || errno == EINTR ? Io::State::blocked : Io::State::lost};
  }

  Io write(std::span<const iovec> parts) noexcept override {
    long n = 0;
    if (parts.size() == 1) {
      n = send(fd_.get(), parts.front());
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(parts.data());
      message.msg_iovlen = parts.size();
      n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    }
    if (n >= 0) return {Io::State::ok, static_cast<std::size_t>(n)};
    return {errno == EAGAIN || errno == EINTR ? Io::State::blocked : Io::State::lost};
  }

  void want_read(bool wanted) noexcept override { watch(wanted ? Watching::input : Watching::hangup); }

  void want_write(bool wanted) override {
    if (wanted == writing_) return;
    if (!write_) write_ = std::make_unique<event>();
    writing_ = wanted;
    wanted ? add_write() : static_cast<void>(event_del(write_.get()));
  }

  void shutdown_write() noexcept override { ::shutdown(fd_.get(), SHUT_WR); }

  void reset_on_close() noexcept override {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  std::size_t undelivered() const noexcept override {
    int bytes = 0;
    return ::ioctl(fd_.get(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
  }

  bool readable_now() noexcept override {
    char byte = 0;
    const ssize_t n = ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n >= 0 || errno != EAGAIN;
  }

 private:
  enum class Watching : std::uint8_t { nothing, input, hangup };

  void watch(Watching what) noexcept {
    if (what == watching_) return;
    if (watching_ != Watching::nothing) event_del(&read_);
    if (writing_) event_del(write_.get());
    watching_ = what;
    // A reset is reported as readable only, never as closed; edge-triggered, so that bytes which nobody wants do not
    // spin.
    const int events = what == Watching::input ? EV_READ : EV_READ | EV_CLOSED | EV_ET;
    event_assign(&read_, loop_.base(), fd_.get(), static_cast<short>(events | EV_PERSIST), &TcpTransport::on_read,
                 this);
    event_add(&read_, nullptr);
    if (writing_) add_write();
  }

  // Both events of a descriptor must be of one kind.
  void add_write() noexcept {
    const int edge = watching_ == Watching::hangup ? EV_ET : 0;
    event_assign(write_.get(), loop_.base(), fd_.get(), static_cast<short>(EV_WRITE | EV_PERSIST | edge),
                 &TcpTransport::on_write, this);
    event_add(write_.get(), nullptr);
  }

  bool peer_gone(short what) const noexcept {
    if ((what & EV_CLOSED) != 0) return true;
    pollfd now{fd_.get(), 0, 0};  // SO_ERROR would take the error away: the next read must still see a reset
    return ::poll(&now, 1, 0) == 1 && (now.revents & (POLLERR | POLLHUP)) != 0;
  }

  static void on_read(int, short what, void* self) noexcept {
    auto& transport = *static_cast<TcpTransport*>(self);
    transport.loop_.tick();
    if (transport.watching_ == Watching::input) return transport.user_->on_readable();
    if (!transport.peer_gone(what)) return;
    event_del(&transport.read_);  // told once
    transport.watching_ = Watching::nothing;
    transport.user_->on_hangup();
  }

  static void on_write(int, short, void* self) noexcept {
    auto& transport = *static_cast<TcpTransport*>(self);
    transport.loop_.tick();
    transport.user_->on_writable();
  }

  Loop& loop_;
  Fd fd_;
  TransportUser* user_ = nullptr;
  event read_{};
  std::unique_ptr<event> write_;
  Watching watching_ = Watching::nothing;
  bool writing_ = false;
};

class TcpDial final : public Dial {
 public:
  // The transport is made now: once the app has accepted, nothing needs memory.
  TcpDial(Loop& loop, DialUser& user, const SocketAddress& to)
      : loop_(loop),
        user_(user),
        to_(to),
        transport_(std::make_unique<TcpTransport>(
            loop, Fd(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)))) {
    const int socket_error = errno;
    event_assign(&event_, loop_.base(), transport_->fd(), EV_WRITE, &TcpDial::on_ready, this);
    event_assign(&again_, loop_.base(), -1, 0, &TcpDial::on_again, this);
    if (transport_->fd() < 0) {
      fail_later(socket_error);
      return;
    }
    set_socket_options(transport_->fd(), to.local());
    connect_now();
  }
  ~TcpDial() override {
    event_del(&event_);
    event_del(&again_);
  }

 private:
  // A unix socket whose backlog is full says EAGAIN and nothing afterwards: try again until the connect deadline.
  void connect_now() noexcept {
    constexpr timeval soon{0, 10'000};
    const bool waits = ::connect(transport_->fd(), as_sockaddr(to_), to_.size) == 0 || errno == EINPROGRESS;
    if (!waits && to_.local() && errno == EAGAIN) {
      if (event_add(&again_, &soon) != 0) fail_later(ENOMEM);
    } else if (!waits) {
      fail_later(errno);
    } else if (event_add(&event_, nullptr) != 0) {
      fail_later(ENOMEM);
    }
  }

  static void on_again(int, short, void* self) noexcept {
    auto& dial = *static_cast<TcpDial*>(self);
    dial.loop_.tick();
    dial.connect_now();
  }

  // The answer never comes from inside dial(): it waits for the loop.
  void fail_later(int error) noexcept {
    error_ = error;
    event_active(&event_, EV_TIMEOUT, 0);
  }

  static void on_ready(int, short, void* self) noexcept {
    auto& dial = *static_cast<TcpDial*>(self);
    dial.loop_.tick();
    int error = dial.error_;
    socklen_t size = sizeof error;
    if (error == 0 && ::getsockopt(dial.transport_->fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return dial.user_.on_dial_failed(error);
    dial.user_.on_connected(std::move(dial.transport_));
  }

  Loop& loop_;
  DialUser& user_;
  SocketAddress to_;
  std::unique_ptr<TcpTransport> transport_;
  event event_{};
  event again_{};
  int error_ = 0;
};

}  // namespace

std::unique_ptr<Transport> tcp_transport(Loop& loop, Fd fd) {
  return std::make_unique<TcpTransport>(loop, std::move(fd));
}

std::unique_ptr<Dial> TcpConnector::dial(DialUser& user) { return std::make_unique<TcpDial>(loop_, user, to_); }

void set_socket_options(int fd, bool local) noexcept {
  if (local) return;
  const int on = 1;
  const int idle_seconds = 60;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
}

}  // namespace holdfast::net
