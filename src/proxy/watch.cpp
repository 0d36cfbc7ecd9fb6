#include "proxy/watch.h"

#include <sys/stat.h>

#include <algorithm>

namespace holdfast::proxy {
namespace {

constexpr Duration look_every = std::chrono::milliseconds(500);
constexpr Duration still_for = std::chrono::seconds(1);

}  // namespace

Watch::Watch(WorkerContext& context, WatchUser& user) : context_(context), user_(user), next_(&Watch::look_due, this) {}

void Watch::watch(std::vector<std::string> files) {
  files_ = std::move(files);
  known_.clear();
  for (const std::string& file : files_) known_.push_back(look_at(file));
  seen_ = known_;
  if (!files_.empty()) context_.deadlines.arm(next_, context_.now, look_every);
}

Watch::State Watch::look_at(const std::string& file) noexcept {
  struct stat s{};
  if (::stat(file.c_str(), &s) != 0) return {};
  return {s.st_dev, s.st_ino, static_cast<std::uint64_t>(s.st_size), static_cast<std::uint64_t>(s.st_mtim.tv_sec),
          static_cast<std::uint64_t>(s.st_mtim.tv_nsec)};
}

void Watch::look() {
  context_.deadlines.arm(next_, context_.now, look_every);
  std::vector<State> now;
  now.reserve(files_.size());
  for (const std::string& file : files_) now.push_back(look_at(file));
  if (now != seen_) {
    seen_ = std::move(now);
    still_since_ = context_.now;
    return;
  }
  if (seen_ == known_ || context_.now - still_since_ < still_for) return;
  // A file that is gone for the moment of a swap is not a change yet.
  if (std::find(seen_.begin(), seen_.end(), State{}) != seen_.end()) return;
  known_ = seen_;
  user_.on_files_changed();
}

}  // namespace holdfast::proxy
