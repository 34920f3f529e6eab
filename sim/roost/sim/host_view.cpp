// What the agent of a simulated host knows of the procs there, and how it says so.

#include <roost/sim/engine.hpp>

#include <algorithm>
#include <utility>

namespace roost::sim {
namespace {

/// To a proc of the host, which has asked.
class host_word final : public control_item {
 public:
  host_word(proc& to, std::vector<host_proc_status> procs) : to_(to), procs_(std::move(procs)) {}
  void fire() override { to_.control.offer(*this); }
  void run() override {
    proc& to = to_;
    auto procs = std::move(procs_);
    delete this;
    to.sim.records().note(record::launch, to.key.value, procs.size(), 4);
    if (to.sim.records().tracing()) to.sim.records().say(to_string(to.id) + " looks at " + to_string(to.on.id));
    if (to.launcher_listener != nullptr) to.launcher_listener->host_seen(std::move(procs));
  }
  void drop() override { delete this; }

 private:
  proc& to_;
  std::vector<host_proc_status> procs_;
};

}  // namespace

std::vector<host_proc_status> engine::procs_of(host const& where) const {
  std::vector<proc const*> ended;
  std::vector<proc const*> known;
  for (auto const& p : procs_) {
    if (&p->on != &where || !p->started || p == procs_.front()) continue;
    if (p->end != nullptr) ended.push_back(p.get());
    if (!p->ended) known.push_back(p.get());
  }
  std::sort(ended.begin(), ended.end(),
            [](proc const* a, proc const* b) { return std::pair(b->muted_at, a->id) < std::pair(a->muted_at, b->id); });
  ended.resize(std::min(ended.size(), most_ended_procs));
  known.insert(known.end(), ended.begin(), ended.end());
  std::sort(known.begin(), known.end(), [](proc const* a, proc const* b) { return a->id < b->id; });
  std::vector<host_proc_status> said;
  for (auto const* p : known)
    said.push_back({p->id, p->name, 0, p->ended ? "ended" : "running", p->ended ? end_text(*p->end) : ""});
  return said;
}

void engine::look_at_host(proc& by) {
  schedule(now_ + control_time_, by.key, ++by.words, [this, &by] {
    if (find_living(by.id) != nullptr) (new host_word(by, procs_of(by.on)))->fire();
  });
}

}  // namespace roost::sim
