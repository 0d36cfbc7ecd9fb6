// users-service: puts the parts together and gives every way to end its exit code (sysexits.h).
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "backend/argon2id.h"
#include "backend/crash.h"
#include "backend/http_server.h"
#include "backend/listen_socket.h"
#include "backend/log.h"
#include "backend/options.h"
#include "backend/service.h"
#include "backend/store_health.h"
#include "backend/store_place.h"
#include "core/death.h"

namespace {

constexpr int exit_usage = 64;
constexpr int exit_cannot_bind = 69;
constexpr int exit_internal = 70;
constexpr std::chrono::seconds last_seconds{5};  // more than the longest store call

int complain(std::string_view sentence, int code) {
  std::fprintf(stderr, "users-service: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
  return code;
}

// From here on nothing is left to serve, but the rest may have no end of its own: a call on a stuck disk, a lookup of a
// host name, log lines that nobody reads.
void bound_what_is_left(const std::stop_token& all_done) {
  std::mutex lock;
  std::condition_variable_any wake;
  std::unique_lock guard(lock);
  wake.wait_for(guard, all_done, last_seconds, [] { return false; });
  if (!all_done.stop_requested()) std::quick_exit(exit_internal);  // without the streams: one of them is what is stuck
}

int serve(const users::Options& options, users::ListenSocket socket) {
  std::jthread bound;  // first, so that it sees the end of all others
  users::Log log;
  const auto store = users::open_store(options.store);
  const users::Argon2id hasher;
  const users::StoreHealth health(*store, log);  // a store that is down is waited for while serving
  users::Service service(*store, hasher, health, log, options.faults);
  const std::string address = socket.address;
  const std::string store_name = users::printable(options.store);
  {
    users::HttpServer server(std::move(socket), service, log, options.stop_delay);
    log.write(users::Level::info, "listening",
              {{"address", std::string_view(address)}, {"store", std::string_view(store_name)}});
    server.run();
    bound = std::jthread(bound_what_is_left);
  }
  log.write(users::Level::info, "stopped");
  return 0;
}

int run(const std::vector<std::string_view>& arguments) {
  const auto options = users::parse_options(arguments);
  if (!options) return complain(options.error(), exit_usage);
  if (options.value().help) {
    std::fwrite(users::help_text.data(), 1, users::help_text.size(), stdout);
    return 0;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of its own write
  std::signal(SIGXFSZ, SIG_IGN);  // so is a file that may not grow
  auto socket = users::open_listen_socket(options.value().listen);
  if (!socket) return complain(socket.error(), exit_cannot_bind);
  return serve(options.value(), std::move(socket).value());
}

}  // namespace

int main(int count, char** values) {
  const holdfast::SignalStack signal_stack;
  users::report_crashes();
  try {
    return run(std::vector<std::string_view>(values + 1, values + count));
  } catch (const std::exception& fault) {
    return complain(fault.what(), exit_internal);
  }
}
