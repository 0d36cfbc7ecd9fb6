// transport: one byte stream to a peer, whatever carries it: a TCP or unix socket here, TLS later, memory in tests.
//
// A transport may hold bytes while its descriptor is silent. Users read and write when told to and never block. Loop
// thread only.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/client_address.h"

namespace holdfast::net {

struct Io {
  enum class State : std::uint8_t {
    ok,       // `bytes` were moved
    blocked,  // nothing now; the user is told when it is worth trying again
    end,      // read: the peer closed its side in order
    lost,     // the connection is broken (reset, or closed under us)
  };
  State state = State::ok;
  std::size_t bytes = 0;
};

// What a transport tells its user. A call may end the life of the transport.
class TransportUser {
 public:
  virtual void on_readable() noexcept = 0;
  virtual void on_writable() noexcept = 0;
  virtual void on_hangup() noexcept = 0;  // the peer closed while reading was paused

 protected:
  ~TransportUser() = default;
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;  // closes in order, or by RST after reset_on_close()

  virtual void attach(TransportUser& user) noexcept = 0;  // starts with reading wanted
  virtual Io read(char* into, std::size_t room) noexcept = 0;
  virtual Io write(std::span<const iovec> parts) noexcept = 0;
  virtual void want_read(bool wanted) noexcept = 0;  // when not wanted, a close by the peer is still reported, once
  virtual void want_write(bool wanted) = 0;          // only after a blocked write; throws when memory runs out
  virtual void shutdown_write() noexcept = 0;
  virtual void reset_on_close() noexcept = 0;
  virtual std::size_t undelivered() const noexcept = 0;  // bytes written that the peer has not acknowledged
  virtual bool readable_now() noexcept = 0;              // bytes or the end of the stream wait to be read
};

// Opens connections to one fixed place.
class DialUser {
 public:
  virtual void on_connected(std::unique_ptr<Transport> transport) noexcept = 0;
  virtual void on_dial_failed(int error) noexcept = 0;  // errno

 protected:
  ~DialUser() = default;
};

class Dial {  // destroying it gives the attempt up
 public:
  Dial() = default;
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;
  virtual ~Dial() = default;
};

class Connector {
 public:
  virtual ~Connector() = default;
  // Answers `user` later, never from inside this call.
  virtual std::unique_ptr<Dial> dial(DialUser& user) = 0;
};

}  // namespace holdfast::net
