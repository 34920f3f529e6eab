#include <roost/base/plant.hpp>
#include <roost/live/attached_agent.hpp>
#include <roost/live/host_procs.hpp>
#include <roost/live/launch_bound.hpp>
#include <roost/live/remote_host.hpp>

#include <utility>

namespace roost {
namespace {

knob const agent_bound({"live.agent_bound", knob_unit::nanosecond, 3'000'000'000, 200'000'000, 60'000'000'000,
                        "silence of a host's agent after which the host counts as failed"});

ROOST_DEFINE_PLANT(plant_agent_death_unreported, "agent-death-unreported", "G8",
                   "Nobody is told of the procs of a host whose agent died.");

constexpr int probes_per_bound = 6;

}  // namespace

remote_host::remote_host(live_executor& executor, host_id host, knob_values const& knobs, proc_host_events& events)
    : loop_(executor.loop()),
      time_(executor.control().clock()),
      host_(host),
      events_(&events),
      bound_(knobs.duration(agent_bound)),
      launch_bound_(knobs.duration(launch_bound)),
      since_(time_.now()) {}

void remote_host::start(child_command const& command, proc_id root, std::size_t hosts) {
  control_record const first{.kind = control_kind::start, .request = hosts, .proc = {host_, 0, 0}, .other = root};
  auto started = child_process::start(loop_, command, first, *this);
  if (started) return begin(*std::move(started));
  gone_ = error(errc::launch_failed, "the agent of host " + to_string(host_) + " could not be started", to_string(host_))
              .caused_by(started.failure());
}

void remote_host::attach(attachment taken, nanoseconds grace) {
  begin(std::make_unique<attached_agent>(loop_, time_, std::move(taken), output_origin{to_string(host_), {}}, grace,
                                         static_cast<process_events&>(*this)));
}

void remote_host::begin(std::unique_ptr<controlled_process> agent) {
  agent_ = std::move(agent);
  since_ = time_.now();
  time_.arm(look_, since_ + launch_bound_);
}

remote_host::~remote_host() { time_.disarm(look_); }

result<void> remote_host::launch(launch_request request) {
  proc_id const id = request.id;
  auto const refused = [&](error const& why) {
    return error(errc::launch_failed, "the proc could not be started", to_string(id)).caused_by(why);
  };
  if (gone_) return refused(gone_);
  if (procs_.contains(id)) return error(errc::launch_failed, "the proc runs already", to_string(id));
  auto bootstrap = sealed_copy("roost-bootstrap", request.bootstrap.view());
  if (!bootstrap) return refused(bootstrap.failure());
  procs_.emplace(id, false);
  send({.kind = control_kind::launch, .proc = id, .text = std::move(request.name), .attached = *std::move(bootstrap)});
  return {};
}

void remote_host::kill(proc_id id) {
  if (has(id)) send({.kind = control_kind::kill, .proc = id});
}

void remote_host::give_up(proc_id id, error why) {
  kill(id);
  tell_exit(id, std::move(why));
}

void remote_host::introduce(proc_id to, std::uint64_t request, proc_id peer, descriptor socket) {
  send({.kind = control_kind::introduced, .request = request, .proc = peer, .other = to, .attached = std::move(socket)});
}

void remote_host::tell(proc_id to, control_record news) {
  news.other = to;
  send(std::move(news));
}

void remote_host::refuse(proc_id to, std::uint64_t request, proc_id peer, error const& why) {
  send({.kind = control_kind::refused, .request = request, .proc = peer, .other = to, .code = why.code, .text = why.what});
}

void remote_host::send(control_record record) {
  if (agent_ != nullptr) agent_->send(std::move(record));
}

void remote_host::received(controlled_process&, control_record record) {
  switch (record.kind) {
    case control_kind::running:
      if (record.proc == proc_id{host_, 0, 0}) {
        running_ = true;
        since_ = time_.now();
        return time_.arm(look_, since_);
      }
      if (auto const found = procs_.find(record.proc); found != procs_.end() && !std::exchange(found->second, true))
        if (events_ != nullptr) events_->launched(record.proc);
      return;
    case control_kind::finished: finished_ = error(record.code, std::move(record.text), to_string(host_)); return;
    case control_kind::exited: return tell_exit(record.proc, exit_of(record));
    case control_kind::introduce:
      if (events_ != nullptr && has(record.other)) events_->wants(record.other, record.request, record.proc);
      return;
    case control_kind::launch: {
      auto bootstrap = read_sealed(record.attached.get());
      if (!bootstrap) return tell(record.other, exited_record(record.proc, bootstrap.failure()));
      if (events_ != nullptr && has(record.other))
        events_->wants_launch(record.other, {record.proc, std::move(record.text), *std::move(bootstrap)});
      return;
    }
    case control_kind::kill:
      if (events_ != nullptr && has(record.other)) events_->wants_kill(record.other, record.proc);
      return;
    case control_kind::present:
      if (record.request == probe_) answered_ = true;
      return;
    default: return;
  }
}

void remote_host::leaving(controlled_process& which, error why) {
  time_.disarm(look_);
  if (!ROOST_PLANT(plant_agent_death_unreported)) lose({why.code, name_of(which) + " " + why.what, to_string(host_)});
}

void remote_host::ended(controlled_process& which, process_end const& end) {
  auto why = error(errc::unavailable, name_of(which) + " " + fate_of(end), to_string(host_));
  if (finished_) why = why.caused_by(finished_);
  auto const gone = std::move(agent_);  // Destroyed with the scope.
  time_.disarm(look_);
  if (ROOST_PLANT(plant_agent_death_unreported)) return;
  lose(std::move(why));
}

std::string remote_host::name_of(controlled_process const& agent) const {
  return "the agent of host " + to_string(host_) + " (" + agent.name() + ")";
}

void remote_host::look_at_agent() {
  if (agent_ == nullptr || gone_) return;
  // What it said while this proc was busy counts.
  agent_->read_control();
  instant const now = time_.now();
  if (answered_) since_ = now;
  if (!running_ || now - since_ >= bound_) {
    agent_->kill();
    return lose({running_ ? errc::unavailable : errc::launch_failed,
                 name_of(*agent_) + (running_ ? " has not answered for " + to_string(bound_)
                                              : " did not run within " + to_string(launch_bound_) + ", and was killed"),
                 to_string(host_)});
  }
  if (answered_ || probe_ == 0) {
    answered_ = false;
    send({.kind = control_kind::probe, .request = ++probe_});
  }
  time_.arm(look_, now + bound_ / probes_per_bound);
}

void remote_host::lose(error why) {
  if (gone_) return;
  gone_ = std::move(why);
  for (auto const& [id, runs] : std::exchange(procs_, {})) {
    if (events_ != nullptr)
      events_->exited(id, error(runs ? errc::proc_failed : errc::launch_failed, "the proc is gone with its host", to_string(id))
                              .caused_by(gone_));
  }
}

void remote_host::tell_exit(proc_id id, error why) {
  if (procs_.erase(id) != 0 && events_ != nullptr) events_->exited(id, std::move(why));
}

}  // namespace roost
