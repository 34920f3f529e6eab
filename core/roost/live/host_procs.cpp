#include <roost/base/plant.hpp>
#include <roost/live/child.hpp>
#include <roost/live/host_procs.hpp>
#include <roost/wire/codec.hpp>

#include <algorithm>
#include <utility>

namespace roost {
namespace {

knob const stopped_bound({"live.stopped_bound", knob_unit::nanosecond, 1'000'000'000, 100'000'000, 60'000'000'000,
                          "how long a proc may be stopped by a signal before it counts as failed"});
knob const stop_grace({"live.stop_grace", knob_unit::nanosecond, 1'000'000'000, 0, 60'000'000'000,
                       "how long a stopped proc that counts as failed gets to go on and end by itself before it is killed"});

ROOST_DEFINE_PLANT(plant_readiness_lost, "readiness-lost", "G4", "A proc that runs is never told as launched.");

constexpr std::size_t longest_name = 1024;
constexpr int looks_per_launch = 5;

}  // namespace

host_procs::host_procs(live_executor& executor, proc_id root, knob_values const& knobs, proc_host_events& events,
                       host_procs_options options)
    : loop_(executor.loop()),
      time_(executor.control().clock()),
      root_(root),
      events_(&events),
      options_(std::move(options)),
      stopped_bound_(knobs.duration(stopped_bound)),
      stop_grace_(knobs.duration(stop_grace)) {}

host_procs::~host_procs() {
  mute();
  time_.disarm(look_);
  end_all(processes(), time_);
}

std::vector<controlled_process*> host_procs::processes() const {
  std::vector<controlled_process*> all;
  for (auto const& [id, each] : procs_) all.push_back(each.process.get());
  return all;
}

std::vector<pid_t> host_procs::numbers() const {
  std::vector<pid_t> all;
  for (auto const& [id, each] : procs_) all.push_back(each.process->number());
  return all;
}

std::vector<host_proc_status> host_procs::statuses() const {
  std::vector<host_proc_status> all(ended_.begin(), ended_.end());
  for (auto const& [id, each] : procs_) all.push_back(status_of(each));
  std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.id < b.id; });
  return all;
}

host_proc_status host_procs::status_of(proc const& which) {
  auto const* const state = which.told ? "ended" : which.running ? "running" : "starting";
  return {which.id, which.name, static_cast<std::uint64_t>(which.process->number()), state,
          which.told ? end_text(which.reason) : ""};
}

auto host_procs::find(proc_id id) -> proc* {
  auto const found = procs_.find(id);
  return found == procs_.end() ? nullptr : &found->second;
}

bool host_procs::has(proc_id id) const {
  auto const found = procs_.find(id);
  return found != procs_.end() && !found->second.told;
}

result<void> host_procs::launch(launch_request request) {
  proc_id const id = request.id;
  if (id == root_ || procs_.contains(id)) return error(errc::launch_failed, "the proc runs already", to_string(id));
  auto const refused = [&](error const& why) {
    return error(errc::launch_failed, "the proc could not be started", to_string(id)).caused_by(why);
  };
  auto bootstrap = sealed_copy("roost-bootstrap", request.bootstrap.view());
  if (!bootstrap) return refused(bootstrap.failure());
  child_command command{.executable = options_.executable,
                        .arguments = {"roost-proc", std::string(proc_command), std::to_string(child_socket)},
                        .origin = {to_string(id.host), to_string(id)},
                        .grace = options_.grace};
  command.arguments.insert(command.arguments.end(), options_.arguments.begin(), options_.arguments.end());
  auto const name = request.name.substr(0, longest_name);
  proc& made = procs_.try_emplace(id, *this, id, name).first->second;
  auto started = child_process::start(loop_, command,
                                      {.kind = control_kind::start,
                                       .request = options_.hosts,
                                       .proc = id,
                                       .other = root_,
                                       .text = name,
                                       .attached = *std::move(bootstrap)},
                                      made);
  if (!started) {
    procs_.erase(id);
    return refused(started.failure());
  }
  made.process = *std::move(started);
  if (!look_.armed()) time_.arm(look_, time_.now() + stopped_bound_ / looks_per_launch);
  return {};
}

void host_procs::kill(proc_id id) {
  if (auto* const which = find(id)) which->process->kill();
}

void host_procs::give_up(proc_id id, error why) {
  auto* const which = find(id);
  if (which == nullptr) return;
  which->process->kill();
  tell_exit(*which, std::move(why));
}

void host_procs::introduce(proc_id to, std::uint64_t request, proc_id peer, descriptor socket) {
  if (auto* const which = find(to))
    which->process->send({.kind = control_kind::introduced, .request = request, .proc = peer, .attached = std::move(socket)});
}

void host_procs::tell(proc_id to, control_record news) {
  if (auto* const which = find(to)) which->process->send(std::move(news));
}

void host_procs::refuse(proc_id to, std::uint64_t request, proc_id peer, error const& why) {
  if (auto* const which = find(to))
    which->process->send({.kind = control_kind::refused, .request = request, .proc = peer, .code = why.code, .text = why.what});
}

void host_procs::received(proc& which, control_record record) {
  switch (record.kind) {
    case control_kind::running:
      if (std::exchange(which.running, true) || which.told || ROOST_PLANT(plant_readiness_lost)) return;
      if (events_ != nullptr) events_->launched(which.id);
      return;
    case control_kind::finished: which.finished = error(record.code, std::move(record.text), to_string(which.id)); return;
    case control_kind::introduce:
      if (events_ != nullptr) events_->wants(which.id, record.request, record.proc);
      return;
    case control_kind::launch: {
      auto bootstrap = read_sealed(record.attached.get());
      if (!bootstrap) return tell(which.id, exited_record(record.proc, bootstrap.failure()));
      if (events_ != nullptr) events_->wants_launch(which.id, {record.proc, std::move(record.text), *std::move(bootstrap)});
      return;
    }
    case control_kind::kill:
      if (events_ != nullptr) events_->wants_kill(which.id, record.proc);
      return;
    case control_kind::look: {
      auto encoded = sealed_copy("roost-procs", wire::encode_shared(statuses()).view());
      if (!encoded)
        return tell(which.id, {.kind = control_kind::seen, .code = encoded.failure().code, .text = encoded.failure().what});
      return tell(which.id, {.kind = control_kind::seen, .attached = *std::move(encoded)});
    }
    default: return;
  }
}

void host_procs::ended(proc& gone, process_end const& end) {
  auto const node = procs_.extract(gone.id);  // Destroyed with the scope.
  tell_end(gone, end);
  ended_.push_back(status_of(gone));
  if (ended_.size() > most_ended_procs) ended_.pop_front();
}

void host_procs::tell_end(proc& gone, process_end const& end) {
  bool const by_itself = end.code == CLD_EXITED;
  if (by_itself && gone.finished && (*gone.finished || end.status == 0)) return tell_exit(gone, *gone.finished);
  tell_exit(gone, {gone.running ? errc::proc_failed : errc::launch_failed,
                   "the proc " + fate_of(end) + (by_itself ? " unasked" : ""), to_string(gone.id)});
}

void host_procs::tell_exit(proc& which, error why) {
  if (std::exchange(which.told, true)) return;
  which.reason = why;
  if (events_ != nullptr) events_->exited(which.id, std::move(why));
}

void host_procs::look_at_procs() {
  instant const now = time_.now();
  std::vector<proc_id> stopped;
  for (auto& [id, each] : procs_) {
    if (now >= each.kill_at) {
      each.process->kill();
    } else if (!each.told && each.process->stopped_for(now) >= stopped_bound_) {
      each.kill_at = now + stop_grace_;
      stopped.push_back(id);
    }
  }
  for (proc_id const id : stopped) {
    if (auto* const which = find(id))
      tell_exit(*which,
                {errc::proc_failed, "the proc does not answer: it has been stopped by a signal for " + to_string(stopped_bound_),
                 to_string(id)});
  }
  if (!procs_.empty()) time_.arm(look_, now + stopped_bound_ / looks_per_launch);
}

}  // namespace roost
