// The deeds of the workload's actors with whole meshes, and with what references say.

#include <tests/properties/workload.hpp>
#include <tests/properties/workload_draw.hpp>

#include <algorithm>

namespace roost::workload {

using namespace std::chrono_literals;

namespace {

constexpr dim flat{"rank"};

}  // namespace

void Peer::act_meshes(deed what, std::uint32_t hops) {
  switch (what) {
    case deed::ask_slice: return ask_slice(hops);
    case deed::ask_own: return ask_own(hops);
    case deed::scatter: return scatter(hops);
    case deed::refer: return refer();
    case deed::inspect: return inspect();
    case deed::launch: return launch();
    case deed::stream: {
      auto const some = aim_at_some();
      return stream(some, write(some.to, what, hops, true));
    }
    default: return;
  }
}

void Peer::expect_all(letter const& l, future<answers> const& asked) {
  pending_.push_back([this, l, asked] {
    if (!asked.ready()) return false;
    auto const& outcome = asked.state()->outcome();
    for (std::uint64_t at = 0; at != l.slips.size(); ++at) settle(l.slips[at], outcome->at(at));
    return true;
  });
}

void Peer::ask_slice(std::uint32_t hops) {
  auto const some = aim_at_some();
  auto const l = write(some.to, deed::ask_slice, hops, true);
  future<answers> asked;
  if (!send(l, [&] { asked = some.to->ask.with(some.timeout).call(l); })) return;
  expect_all(l, asked);
  if (auto const all = asked.wait(some.timeout))
    always(all->extent() == some.to.extent(), "G6 (workload): a call answers in the shape of its mesh");
}

void Peer::ask_own(std::uint32_t hops) {
  // From its own rank on all others are higher, so that such a wait needs no deadline.
  auto const own = brief_.level >> 32U;
  bool const free = brief_.generation == 0 && one_in(2);
  aim const some = free ? aim{all_.flatten("rank").slice(flat = range::starting(static_cast<std::int64_t>(own)))}
                        : aim{all_, between(1ms, 100ms)};
  auto const l = write(some.to, deed::ask_own, hops, true);
  if (one_in(3)) return stream(some, l);
  future<answers> asked;
  if (!send(l, [&] { asked = some.to->ask.with(some.timeout).call(l); })) return;
  expect_all(l, asked);
  auto const all = asked.wait(some.timeout);
  if (!all) return;
  for (std::uint64_t at = 0; at != l.slips.size(); ++at) {
    if (l.slips[at].to == self_) judge_own(all->at(at), some.free() && here().deadline() == never);
    sometimes(l.slips[at].to == here().caller() && !all->at(at) && all->at(at).failure().code == errc::deadlock,
              "workload: a mesh that its caller's mesh is called from refuses the caller's rank");
  }
}

void Peer::judge_own(result<std::string> const& entry, bool certain) const {
  always(!entry, "G1 (workload): nobody handles a call of its own while it waits for the answer");
  if (entry) return;
  auto const& why = entry.failure();
  sometimes(why.code == errc::deadlock, "workload: a rank that waits for its own mesh is refused");
  bool const stopping = why.code == errc::not_handled && why.because_of(errc::actor_stopped);
  bool const refused = why.code == errc::deadlock || stopping || (!certain && why.code == errc::timeout);
  always(refused, "G4 (workload): a rank that waits for its own mesh is refused as a deadlock");
}

void Peer::stream(aim const& some, letter const& l) {
  std::vector<bool> heard(l.slips.size());
  bool const sent = send(l, [&] {
    auto results = some.to->ask.with(some.timeout).stream(l);
    try {
      while (auto const next = results.next(some.timeout)) {
        auto const at = next->first.rank();
        always(!heard[at], "G3 (workload): a stream has one result of each rank");
        heard[at] = true;
        settle(l.slips[at], next->second);
        if (l.slips[at].to == self_ && exclusive_ == 1) judge_own(next->second, some.free() && here().deadline() == never);
      }
      always(std::find(heard.begin(), heard.end(), false) == heard.end(), "G6 (workload): a stream has a result of each rank");
    } catch (exception const& e) {
      if (e.code() != errc::timeout) throw;
      for (std::size_t at = 0; at != heard.size(); ++at) {
        if (!heard[at]) ledger::now().abandoned(self_, l.slips[at]);
      }
    }
  });
  sometimes(sent, "workload: a stream is read");
}

void Peer::scatter(std::uint32_t hops) {
  auto const some = aim_at_some();
  auto const letters = write_each(some.to, deed::scatter, hops);
  if (letters.empty()) return;
  auto const& one = letters.front();
  if (one_in(8)) {
    try {
      (void)some.to->ask.call(roost::scatter(value_mesh<letter>::filled(extent{{"rank", letters.size() + 1}}, one)));
      always(false, "workload: values of another extent are refused");
    } catch (exception const& e) {
      always(e.code() == errc::bad_argument, "workload: values of another extent are refused");
    }
    // Nothing was sent; the numbers are spent.
    for (auto const& s : one.slips) ledger::now().told(self_, s, errc::not_handled);
    return;
  }
  future<answers> asked;
  value_mesh<letter> const values(some.to.extent(), letters);
  if (!send(one, [&] { asked = some.to->ask.with(some.timeout).call(roost::scatter(values)); })) return;
  expect_all(one, asked);
  if (asked.wait(some.timeout)) sometimes(true, "workload: each rank of a call had a value of its own");
}

void Peer::refer() {
  auto const epoch = all_.epoch();
  std::vector<actor_id> members;
  for (std::uint64_t at = 0; at != all_.size(); ++at) members.push_back(all_.id(at));
  always(all_.name() == "peer" && all_.slice(gpu = 0).name() == "peer", "workload: a reference says how its mesh is called");
  always(epoch >= epoch_, "workload: an epoch never falls");
  if (!members_.empty() && members != members_) {
    sometimes(true, "workload: a reference names a successor");
    // Of what happened before, news may come later.
    always(epoch > 1, "workload: with another member the epoch is another");
  }
  epoch_ = epoch;
  members_ = std::move(members);
  // However a slice is cut, its ranks are those of the mesh.
  auto const gpus = all_.extent().size("gpu");
  auto const column = random_below(gpus);
  auto const part = all_.rename(gpu = dim("card")).slice(dim("card") = static_cast<std::int64_t>(column));
  for (std::uint64_t at = 0; at != part.size(); ++at)
    always(part.id(at) == members_[at * gpus + column], "workload: a slice names the members of its mesh");
  try {
    (void)all_.at_rank(all_.size());
    always(false, "workload: a rank that is not there is refused");
  } catch (exception const& e) {
    always(e.code() == errc::bad_argument, "workload: a rank that is not there is refused");
  }
}

void Peer::judge_stale(actor_id before) const {
  if (!all_.valid()) return;
  for (std::uint64_t at = 0; at != all_.size(); ++at)
    always(all_.id(at) != before, "G3 (workload): who is told that a message is stale knows the successor");
}

void Peer::inspect() {
  auto const where = random_below(procs_.size());
  auto const agent = procs_.agents().at_rank(where);
  auto const said = agent->status.with(between(1ms, 20ms)).call_one(random_below(8)).wait();
  if (said) {
    sometimes(true, "workload: the agent of a proc answers");
    always(said->id == to_string(procs_.id(where)), "workload: the agent of a proc says where it is");
  }
  if (!brief_.launching || !one_in(4)) return;
  auto const procs =
      all_hosts().agents().at_rank(random_below(all_hosts().size()))->procs.with(between(1ms, 20ms)).call_one().wait();
  sometimes(procs.has_value(), "workload: the agent of a host answers");
}

void Peer::launch() {
  if (!brief_.launching || launched_) return;
  launched_ = true;
  auto const own = this_host().spawn_procs(gpu = 1);
  always(own.size() == 1 && own.id(0).host == here().host(), "workload: procs are launched on the host that was asked for");
  bear(own.at(gpu = 0));
}

}  // namespace roost::workload
