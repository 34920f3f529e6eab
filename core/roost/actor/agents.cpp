#include <roost/actor/agents.hpp>

#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>
#include <roost/wire/codec.hpp>

#include <algorithm>
#include <type_traits>

namespace roost {

ROOST_DEFINE_PLANT(
    plant_agent_launched_twice, "agent-launched-twice", "G8",
    "The proc of a host's agent is launched once more for each who asks for it, and so declared failed while it lives.");

proc_status proc_agent::status(std::uint64_t most_actors) {
  runtime_entry const inside;
  auto& home = detail::require_home("status()");
  auto said = home.status(most_actors);
  said.id = home.place();
  said.name = home.name();
  said.process = home.seams().process;
  control_hold const hold(home.seams().gate);
  said.sessions = home.sessions();
  return said;
}

std::uint64_t proc_agent::stop_actors(std::string which) {
  runtime_entry const inside;
  return detail::require_home("stop_actors()").stop_actors(which);
}

void host_agent::procs(reply_port<std::vector<host_proc_status>> answer) {
  asking_.push_back(std::move(answer));
  if (asking_.size() > 1) return;  // One look at a time: the next one begins when this one has been answered.
  runtime_entry const inside;
  detail::require_home("procs()").seams().launcher->look_at_host();
}

void host_agent::seen(result<std::vector<host_proc_status>> procs) {
  if (procs) {
    asking_.front().send(*std::move(procs));
  } else {
    asking_.front().fail(procs.failure());
  }
  asking_.pop_front();
  if (asking_.empty()) return;
  runtime_entry const inside;
  detail::require_home("procs()").seams().launcher->look_at_host();
}

namespace detail {

template <class Agent>
class agent_construct final : public message {
 public:
  void invoke(handler_frame& frame) override {
    std::unique_ptr<actor> made(new Agent());
    runtime_entry const inside;
    frame.cell->set_user(std::move(made));
  }
};

/// What a host's agent asked its launcher, as its own message to itself.
class proc_runtime::host_seen_message final : public message {
 public:
  explicit host_seen_message(result<std::vector<host_proc_status>> procs) : procs_(std::move(procs)) {}
  void invoke(handler_frame& frame) override { static_cast<host_agent*>(frame.cell->user())->seen(std::move(procs_)); }

 private:
  result<std::vector<host_proc_status>> procs_;
};

actor_cell* proc_runtime::make_agent(std::uint64_t local) {
  if (mute_ || finishing_ || tombstones_.contains(local)) return nullptr;
  auto const make = [&]<class Agent>(std::type_identity<Agent>, char const* name) {
    auto const& what = roost_class_of(static_cast<Agent const*>(nullptr));
    spawn_here({{self_, local}, {}, {}, &what, name, point(), std::make_unique<agent_construct<Agent>>()});
    return find(local);
  };
  if (local == proc_agent_local) return make(std::type_identity<proc_agent>(), "agent");
  return self_.ordinal == host_agent_ordinal ? make(std::type_identity<host_agent>(), "host-agent") : nullptr;
}

std::string proc_runtime::name() const { return bootstrap_ ? bootstrap_->name : "root"; }

std::uint64_t proc_runtime::stop_actors(std::string_view which) {
  auto const id = parse_actor_id(which);
  std::vector<std::uint64_t> chosen;
  for (auto const& [local, cell] : actors_) {  // banned-call: sorted below
    if (is_agent(local)) continue;
    auto const& place = cell->where();
    bool const named = cell->name() == which || (place.dims() != 0 && cell->name() + "[" + to_string(place) + "]" == which);
    if (id ? *id == cell->id() : named) chosen.push_back(local);
  }
  std::sort(chosen.begin(), chosen.end());
  for (auto const local : chosen) {
    if (seams_->observer != nullptr) seams_->observer->end_asked({self_, local}, {self_, local}, true);
    end_actor({self_, local}, true, {});
  }
  return chosen.size();
}

actor_id proc_runtime::agent_of(host_id where) {
  auto const root = bootstrap_ ? bootstrap_->root : self_;
  if (where == root.host) return {root, host_agent_local};
  proc_id const its{where, host_agent_ordinal, 1};
  if (its == self_ || known_failed(its)) return {its, host_agent_local};
  if (is_root()) {
    launch_agent(where);
  } else if (std::find(agents_asked_.begin(), agents_asked_.end(), where) == agents_asked_.end()) {
    agents_asked_.push_back(where);
    send_agent(root, agent_op::launch_agent, wire::encode_shared(where));
  }
  return {its, host_agent_local};
}

void proc_runtime::launch_agent(host_id where) {
  proc_id const its{where, host_agent_ordinal, 1};
  bool const there = launched_.contains(its) && !ROOST_PLANT(plant_agent_launched_twice);
  if (is_root() && where != self_.host && !there && !known_failed(its) && !finishing_) launch_as(its, "agent");
}

void proc_runtime::host_seen(result<std::vector<host_proc_status>> procs) {
  set_current_platform(seams_);
  if (auto* const agent = find(host_agent_local)) agent->post(std::make_unique<host_seen_message>(std::move(procs)));
}

}  // namespace detail
}  // namespace roost
