#include "tls/server_transport.h"

#include <algorithm>
#include <cstring>

namespace holdfast::tls {

using net::Io;

namespace {

// A record takes two reads; a handshake some records.
constexpr unsigned reads_of_a_call = 16;

}  // namespace

ServerTransport::ServerTransport(SSL_CTX* context, net::Loop& loop, std::unique_ptr<net::Transport> under,
                                 HandshakeUser& told)
    : under_(std::move(under)),
      ssl_(SSL_new(context)),
      told_(told),
      soon_(
          loop, [](void* self) { static_cast<ServerTransport*>(self)->more_waits(); }, this),
      stage_() {
  Handle<BIO> bio(BIO_new(&method()));
  if (!ssl_ || !bio) throw std::bad_alloc();
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  BIO* both = bio.release();
  SSL_set_bio(ssl_.get(), both, both);
  SSL_set_accept_state(ssl_.get());
  // Makes the write event below, so that no later call can fail.
  under_->want_write(true);
  under_->want_write(false);
}

ServerTransport::~ServerTransport() {
  if (!resets_) say_goodbye();
}

void ServerTransport::attach(net::TransportUser& user) noexcept {
  user_ = &user;
  under_->attach(*this);
}

Io ServerTransport::read(char* into, std::size_t room) noexcept {
  if (state_ != State::open) return {state_ == State::broken ? Io::State::lost : Io::State::blocked};
  read_waits_to_write_ = false;
  reads_left_ = reads_of_a_call;
  ERR_clear_error();
  const int n = SSL_read(ssl_.get(), into, static_cast<int>(std::min<std::size_t>(room, 1U << 30U)));
  if (n > 0) {
    if (SSL_pending(ssl_.get()) > 0) soon_.ask();
    return {Io::State::ok, static_cast<std::size_t>(n)};
  }
  const Io::State state = state_after(n, read_waits_to_write_, SSL_ERROR_WANT_WRITE);
  watch();
  return {state};
}

Io ServerTransport::write(std::span<const iovec> parts) noexcept {
  if (state_ != State::open) return {state_ == State::broken ? Io::State::lost : Io::State::blocked};
  std::size_t taken = 0;
  write_waits_to_read_ = false;
  reads_left_ = reads_of_a_call;
  for (;;) {
    if (staged_ == 0) stage(parts, taken);
    if (staged_ == 0) return {Io::State::ok, taken};
    ERR_clear_error();
    const int n = SSL_write(ssl_.get(), stage_.data(), static_cast<int>(staged_));
    if (n > 0) {
      taken += std::exchange(staged_, 0);
      continue;
    }
    const Io::State state = state_after(n, write_waits_to_read_, SSL_ERROR_WANT_READ);
    watch();
    if (taken > 0) return {Io::State::ok, taken};  // the rest of the story is told by the next call
    return {state};
  }
}

// What fits of `parts` behind the first `skip` bytes.
void ServerTransport::stage(std::span<const iovec> parts, std::size_t skip) noexcept {
  for (const iovec& part : parts) {
    const std::size_t skipped = std::min(skip, part.iov_len);
    skip -= skipped;
    const std::size_t n = std::min(part.iov_len - skipped, stage_.size() - staged_);
    if (n != 0) std::memcpy(stage_.data() + staged_, static_cast<const char*>(part.iov_base) + skipped, n);
    staged_ += n;
  }
}

// What a call that moved nothing means. `crosswise` is the wait that the other direction has to end.
Io::State ServerTransport::state_after(int result, bool& waits_crosswise, int crosswise) noexcept {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == crosswise) waits_crosswise = true;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Io::State::blocked;
  if (error == SSL_ERROR_ZERO_RETURN) return Io::State::end;
  state_ = State::broken;
  ERR_clear_error();
  return Io::State::lost;
}

void ServerTransport::want_read(bool wanted) noexcept {
  wants_read_ = wanted;
  watch();
  if (wanted && state_ == State::open && SSL_pending(ssl_.get()) > 0) soon_.ask();
}

void ServerTransport::want_write(bool wanted) {
  wants_write_ = wanted;
  watch();
}

// What waits crosswise is not told of its own direction, which may be ready all the time.
void ServerTransport::watch() noexcept {
  if (state_ == State::handshake) {
    under_->want_read(!handshake_waits_to_write_);
    under_->want_write(handshake_waits_to_write_);
    return;
  }
  const bool write_needs_input = wants_write_ && write_waits_to_read_;
  const bool read_needs_room = wants_read_ && read_waits_to_write_;
  under_->want_read((wants_read_ && !read_waits_to_write_) || write_needs_input);
  under_->want_write((wants_write_ && !write_waits_to_read_) || read_needs_room);
}

void ServerTransport::say_goodbye() noexcept {
  if (state_ != State::open || std::exchange(goodbye_said_, true)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void ServerTransport::shutdown_write() noexcept {
  say_goodbye();
  under_->shutdown_write();
}

void ServerTransport::reset_on_close() noexcept {
  resets_ = true;
  under_->reset_on_close();
}

bool ServerTransport::readable_now() noexcept {
  return state_ == State::broken || SSL_pending(ssl_.get()) > 0 || under_->readable_now();
}

// After a call of the user nothing of this object may be touched.
void ServerTransport::on_readable() noexcept {
  if (state_ == State::handshake) return handshake();
  if (write_waits_to_read_ && wants_write_) return user_->on_writable();
  if (wants_read_) user_->on_readable();
}

void ServerTransport::on_writable() noexcept {
  if (state_ == State::handshake) return handshake();
  if (read_waits_to_write_) {
    read_waits_to_write_ = false;
    watch();
    if (wants_read_) return user_->on_readable();
  }
  if (wants_write_) user_->on_writable();
}

void ServerTransport::on_hangup() noexcept { user_->on_hangup(); }

// As often as the descriptor would have told it: every turn, while bytes wait and are wanted.
void ServerTransport::more_waits() noexcept {
  if (!wants_read_ || state_ != State::open || SSL_pending(ssl_.get()) == 0) return;
  soon_.ask();
  user_->on_readable();
}

void ServerTransport::handshake() noexcept {
  reads_left_ = reads_of_a_call;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::open;
    handshake_waits_to_write_ = false;
    told_.on_handshake(nullptr);
    return watch();
  }
  const int error = SSL_get_error(ssl_.get(), result);
  handshake_waits_to_write_ = error == SSL_ERROR_WANT_WRITE;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return watch();
  const unsigned long code = ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  broke(reason != nullptr ? reason : under_ended_ ? "the client closed the connection" : "the connection broke");
}

void ServerTransport::broke(const char* why) noexcept {
  state_ = State::broken;
  told_.on_handshake(why);
  ERR_clear_error();
  user_->on_readable();  // which reads `lost`
}

const BIO_METHOD& ServerTransport::method() {
  static const Handle<BIO_METHOD> ours = [] {
    Handle<BIO_METHOD> made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport"));
    const bool set = made && BIO_meth_set_read(made.get(), &ServerTransport::bio_read) == 1 &&
                     BIO_meth_set_write(made.get(), &ServerTransport::bio_write) == 1 &&
                     BIO_meth_set_ctrl(made.get(), &ServerTransport::bio_control) == 1;
    if (!set) throw std::bad_alloc();
    return made;
  }();
  return *ours;
}

int ServerTransport::bio_read(BIO* bio, char* into, int room) noexcept {
  auto& self = *static_cast<ServerTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.reads_left_ == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  --self.reads_left_;
  const Io io = self.under_->read(into, static_cast<std::size_t>(room));
  if (io.state == Io::State::ok) return static_cast<int>(io.bytes);
  if (io.state == Io::State::blocked) BIO_set_retry_read(bio);
  self.under_ended_ = io.state == Io::State::end;
  return self.under_ended_ ? 0 : -1;
}

int ServerTransport::bio_write(BIO* bio, const char* from, int size) noexcept {
  auto& self = *static_cast<ServerTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const iovec part{const_cast<char*>(from), static_cast<std::size_t>(size)};
  const Io io = self.under_->write({&part, 1});
  if (io.state == Io::State::ok) return static_cast<int>(io.bytes);
  if (io.state == Io::State::blocked) BIO_set_retry_write(bio);
  return -1;
}

long ServerTransport::bio_control(BIO* bio, int command, long, void*) noexcept {
  if (command == BIO_CTRL_EOF) return static_cast<ServerTransport*>(BIO_get_data(bio))->under_ended_ ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace holdfast::tls
