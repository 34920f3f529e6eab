#include <roost/live/host_agent.hpp>
#include <roost/live/launch_bound.hpp>
#include <roost/live/launcher.hpp>

#include <algorithm>

namespace roost {

knob const launch_bound({"live.launch_bound", knob_unit::nanosecond, 10'000'000'000, 50'000'000, 60'000'000'000,
                         "how long a launched proc or host agent may take until it runs"});

namespace {

/// An agent ends its procs first.
nanoseconds agent_grace(local_launcher_options const& options) { return 3 * options.grace; }

child_command agent_command(host_id host, local_launcher_options const& options) {
  child_command command{.executable = options.executable,
                        .arguments = agent_arguments(options.own_networks),
                        .origin = {to_string(host), {}},
                        .grace = agent_grace(options)};
  command.arguments.front() += "-" + to_string(host);
  command.arguments.insert(command.arguments.end(), options.arguments.begin(), options.arguments.end());
  return command;
}

}  // namespace

local_launcher::local_launcher(live_executor& executor, proc_id self, knob_values const& knobs, local_launcher_options options)
    : executor_(executor),
      time_(executor.control().clock()),
      self_(self),
      host_count_(options.hosts),
      launch_bound_(knobs.duration(launch_bound)),
      here_(executor, self, knobs, *this,
            {.executable = options.executable, .arguments = options.arguments, .grace = options.grace, .hosts = options.hosts}) {
  for (std::size_t i = 1; i < host_count_; ++i) {
    host_id const host{self.host.value + i};
    auto& made =
        *elsewhere_.emplace(host, std::make_unique<remote_host>(executor, host, knobs, static_cast<proc_host_events&>(*this)))
             .first->second;
    if (options.attached.empty()) {
      made.start(agent_command(host, options), self, host_count_);
    } else {
      made.attach(std::move(options.attached.at(i - 1)), agent_grace(options));
    }
  }
}

local_launcher::~local_launcher() {
  time_.disarm(overdue_);
  here_.mute();
  auto all = here_.processes();
  for (auto const& [id, host] : elsewhere_) {
    host->mute();
    if (host->agent() != nullptr) all.push_back(host->agent());
  }
  end_all(std::move(all), time_);
}

std::vector<host_id> local_launcher::hosts() const {
  std::vector<host_id> all{self_.host};
  for (auto const& [id, host] : elsewhere_) all.push_back(id);
  return all;
}

proc_host* local_launcher::host_of(proc_id id) {
  if (id.host == self_.host) return &here_;
  auto const found = elsewhere_.find(id.host);
  return found == elsewhere_.end() ? nullptr : found->second.get();
}

void local_launcher::later(unique_function<void(local_launcher&)> task) {
  executor_.loop().post([weak = std::weak_ptr(alive_), task = std::move(task)]() mutable {
    if (auto const self = weak.lock()) task(**self);
  });
}

result<void> local_launcher::start(launch_request request) {
  proc_id const id = request.id;
  auto* const host = host_of(id);
  if (host == nullptr) return error(errc::launch_failed, "the program has no host " + to_string(id.host), to_string(id));
  if (auto const started = host->launch(std::move(request)); !started) return started;
  launching_[id] = time_.now() + launch_bound_;
  if (!overdue_.armed()) time_.arm(overdue_, launching_[id]);
  return {};
}

void local_launcher::launch(launch_request request) {
  proc_id const id = request.id;
  auto const started = start(std::move(request));
  if (started) return;
  later([id, why = started.failure()](local_launcher& self) {
    if (self.events_ != nullptr) self.events_->exited(id, why);
  });
}

void local_launcher::wants_launch(proc_id asking, launch_request request) {
  proc_id const id = request.id;
  if (auto const started = start(std::move(request)); !started)
    return host_of(asking)->tell(asking, exited_record(id, started.failure()));
  asked_by_[id] = asking;
  if (events_ != nullptr) events_->launching(id, asking);
}

void local_launcher::wants_kill(proc_id asking, proc_id id) {
  if (auto const found = asked_by_.find(id); found != asked_by_.end() && found->second == asking) kill(id);
}

void local_launcher::kill(proc_id id) {
  if (auto* const host = host_of(id)) host->kill(id);
}

void local_launcher::look_at_host() {
  later([](local_launcher& self) {
    if (self.events_ != nullptr) self.events_->host_seen(self.here_.statuses());
  });
}

void local_launcher::launched(proc_id id) {
  launching_.erase(id);
  if (auto const found = asked_by_.find(id); found != asked_by_.end())
    return host_of(found->second)->tell(found->second, {.kind = control_kind::running, .proc = id});
  if (events_ != nullptr) events_->launched(id);
}

void local_launcher::exited(proc_id id, error why) {
  launching_.erase(id);
  std::vector<proc_id> orphans;
  for (auto const& [other, asking] : asked_by_)
    if (asking == id) orphans.push_back(other);
  if (auto const asked = asked_by_.extract(id); asked) {
    host_of(asked.mapped())->tell(asked.mapped(), exited_record(id, why));
  } else if (events_ != nullptr) {
    events_->exited(id, std::move(why));
  }
  for (proc_id const each : orphans)
    host_of(each)->give_up(each,
                           {errc::proc_failed, "the proc that launched it, " + to_string(id) + ", has ended", to_string(each)});
}

void local_launcher::give_up_launches() {
  instant const now = time_.now();
  std::vector<proc_id> late;
  for (auto const& [id, until] : launching_)
    if (until <= now) late.push_back(id);
  for (proc_id const id : late)
    host_of(id)->give_up(
        id, {errc::launch_failed, "the proc did not run within " + to_string(launch_bound_) + ", and was killed", to_string(id)});
  for (proc_id const id : late) launching_.erase(id);
  instant next = never;
  for (auto const& [id, until] : launching_) next = std::min(next, until);
  if (next != never) time_.arm(overdue_, next);
}

void local_launcher::wants(proc_id asking, std::uint64_t request, proc_id peer) {
  auto* const from = host_of(asking);
  auto* const to = host_of(peer);
  bool const here = peer == self_ && introductions_ != nullptr;
  if (!here && (to == nullptr || !to->has(peer) || peer == asking))
    return from->refuse(asking, request, peer, {errc::unavailable, "there is no proc " + to_string(peer) + " to connect to"});
  auto ends = socket_pair();
  if (!ends) return from->refuse(asking, request, peer, ends.failure());
  // Where one of the two is gone, its end of the socket is too: the other side sees that.
  from->introduce(asking, request, peer, std::move(ends->first));
  if (here) return introductions_->introduced(0, asking, std::move(ends->second));
  to->introduce(peer, 0, asking, std::move(ends->second));
}

std::uint64_t local_launcher::introduce(proc_id peer) {
  std::uint64_t const request = ++last_request_;
  later([request, peer](local_launcher& self) {
    auto const refuse = [&](error why) {
      if (self.introductions_ != nullptr) self.introductions_->refused(request, std::move(why));
    };
    auto* const host = self.host_of(peer);
    if (host == nullptr || !host->has(peer))
      return refuse({errc::unavailable, "there is no proc " + to_string(peer) + " to connect to", to_string(peer)});
    auto ends = socket_pair();
    if (!ends) return refuse(ends.failure());
    host->introduce(peer, 0, self.self_, std::move(ends->second));
    if (self.introductions_ != nullptr) self.introductions_->introduced(request, peer, std::move(ends->first));
  });
  return request;
}

}  // namespace roost
