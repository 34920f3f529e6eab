#include <roost/live/thread_launcher.hpp>

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace roost {

thread_group::thread_group(proc_program& program, transport_maker make_transport, options_maker make_options,
                           std::vector<host_id> hosts)
    : program_(program),
      make_transport_(std::move(make_transport)),
      make_options_(std::move(make_options)),
      hosts_(std::move(hosts)) {}

thread_group::~thread_group() {
  std::vector<std::thread> threads;
  {
    std::lock_guard const lock(changing_);
    ending_ = true;
    for (auto& [id, each] : members_) {
      if (each.platform != nullptr)
        each.platform->loop().post([platform = each.platform] {
          platform->executor().finish({errc::unavailable, "the root proc is over", to_string(platform->options().self)});
        });
      threads.push_back(std::move(each.thread));
    }
  }
  for (auto& each : threads) each.join();
}

bool thread_group::start(launch_request request, proc_id parent) {
  std::lock_guard const lock(changing_);
  proc_id const id = request.id;
  if (ending_ || members_.contains(id) || launchers_.contains(id)) return false;
  if (parent != *root_) tell_locked(*root_, [id, parent](launcher_events& events) { events.launching(id, parent); });
  members_[id].name = request.name;
  members_[id].thread = std::thread([this, request = std::move(request), parent]() mutable { run(std::move(request), parent); });
  return true;
}

void thread_group::run(launch_request request, proc_id parent) {
  proc_id const id = request.id;
  error why;
  {
    live_options options = make_options_(request);
    options.self = id;
    options.name = request.name;
    live_platform platform(std::move(options));
    auto const bytes_to_peers = make_transport_(platform);
    thread_launcher procs(*this, platform,
                          [this, id, parent] { tell(parent, [id](launcher_events& events) { events.launched(id); }); });
    {
      std::lock_guard const lock(changing_);
      members_[id].platform = &platform;
      if (ending_ || members_[id].killed) platform.executor().finish({errc::unavailable, "the proc was ended before it began"});
    }
    why = platform.run(program_, std::move(request.bootstrap), *bytes_to_peers, procs);
    std::lock_guard const lock(changing_);
    members_[id].platform = nullptr;
    members_[id].ended = true;
    if (members_[id].killed) why = {errc::proc_failed, "the proc was killed", to_string(id)};
    members_[id].end = why;
  }
  tell(parent, [id, why](launcher_events& events) { events.exited(id, why); });
}

std::vector<host_proc_status> thread_group::procs_of(host_id where) {
  std::lock_guard const lock(changing_);
  std::vector<host_proc_status> all;
  for (auto const& [id, each] : members_) {
    if (id.host != where) continue;
    auto const* const state = each.ended ? "ended" : each.platform != nullptr ? "running" : "starting";
    all.push_back({id, each.name, static_cast<std::uint64_t>(::getpid()), state, each.ended ? end_text(each.end) : ""});
  }
  return all;
}

void thread_group::kill(proc_id id) {
  std::lock_guard const lock(changing_);
  auto const found = members_.find(id);
  if (found == members_.end() || found->second.ended) return;
  found->second.killed = true;
  if (live_platform* const platform = found->second.platform)
    platform->loop().post([platform] { platform->executor().finish({errc::proc_failed, "the proc was killed"}); });
}

void thread_group::add(thread_launcher& launcher) {
  std::lock_guard const lock(changing_);
  if (!root_) root_ = launcher.self_;
  launchers_[launcher.self_] = &launcher;
}

void thread_group::remove(thread_launcher& launcher) {
  std::lock_guard const lock(changing_);
  launchers_.erase(launcher.self_);
}

void thread_group::tell(proc_id parent, std::function<void(launcher_events&)> what) {
  std::lock_guard const lock(changing_);
  tell_locked(parent, std::move(what));
}

void thread_group::tell_locked(proc_id whom, std::function<void(launcher_events&)> what) {
  auto const found = launchers_.find(whom);
  if (found == launchers_.end()) return;
  found->second->executor_.loop().post([weak = std::weak_ptr(found->second->alive_), what = std::move(what)] {
    auto const launcher = weak.lock();
    if (launcher && (*launcher)->events_ != nullptr) what(*(*launcher)->events_);
  });
}

thread_launcher::thread_launcher(thread_group& group, live_platform& platform, std::function<void()> on_running)
    : group_(group), executor_(platform.executor()), self_(platform.options().self), on_running_(std::move(on_running)) {
  group_.add(*this);
}

thread_launcher::~thread_launcher() { group_.remove(*this); }

std::vector<host_id> thread_launcher::hosts() const {
  std::vector<host_id> all{self_.host};
  for (host_id const each : group_.hosts_)
    if (each != self_.host) all.push_back(each);
  return all;
}

void thread_launcher::launch(launch_request request) {
  proc_id const id = request.id;
  auto const known = hosts();
  if (std::find(known.begin(), known.end(), id.host) != known.end() && group_.start(std::move(request), self_)) return;
  group_.tell(self_, [id](launcher_events& events) {
    events.exited(id, {errc::launch_failed, "no such host, or the proc runs already, or the program is ending", to_string(id)});
  });
}

void thread_launcher::look_at_host() {
  group_.tell(self_, [procs = group_.procs_of(self_.host)](launcher_events& events) { events.host_seen(procs); });
}

void thread_launcher::running() {
  if (on_running_) on_running_();
}

}  // namespace roost
