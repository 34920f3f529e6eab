// The stage on which the workload's actors play.

#include <tests/properties/workload.hpp>
#include <tests/properties/workload_draw.hpp>

#include <algorithm>

namespace roost::workload {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t most_respawned = 3;

}  // namespace

/// Owns everyone, waits until all is quiet, and has the ledger judge what is left.
struct Stage : actor {
  void run(proc_mesh procs, std::uint32_t steps) {
    brief what;
    what.steps = 1 + static_cast<std::uint32_t>(random_below(2 * steps));
    what.pace_us = static_cast<std::uint32_t>(20U << random_below(6));
    for (std::size_t i = 0; i != deeds; ++i) what.weights.push_back(one_in(3) ? 0 : 1U << random_below(4));
    what.weights[static_cast<std::size_t>(deed::ask_one)] += 1;
    what.clinging = one_in(4);
    if (what.clinging) ledger::now().allow_leaks();
    std::vector<brief> briefs;
    what.name = "peer";
    auto const launcher = random_below(4 * procs.size());
    for (std::uint64_t rank = 0; rank != procs.size(); ++rank) {
      what.level = rank << 32U;
      what.launching = rank == launcher;
      briefs.push_back(what);
    }
    procs_ = procs;
    all_ = procs.spawn<Peer>("peer", value_mesh<brief>(procs.extent(), briefs));
    auto const& all = all_;
    all->meet.broadcast(all, procs);
    auto const all_told = [&] {
      for (std::uint64_t rank = 0; rank != all.size(); ++rank) {
        auto const who = all.id(rank);
        if (!ledger::now().lives(who) && !lost_.contains(who) && !ledger::now().has_stopped(who)) return false;
      }
      return true;
    };
    auto const settled = [&](bool long_since) {
      auto& book = ledger::now();
      return book.quiet(long_since) && all_told() && !book.has_orphans() && !book.has_occupied() && !book.has_uninformed() &&
             !book.has_doomed() && !book.has_leaving() && !book.has_expectant();
    };
    for (int look = 0; look != 280 && !(look > 10 && settled(look > 180)); ++look) sleep(100ms);
    auto& book = ledger::now();
    bool const suspended = book.has_suspended();
    bool const occupied = book.has_occupied();
    book.close();
    always(!suspended, "G4 (workload): every wait for room ends");
    always(!occupied, "G4 (workload): every handler ends");
    always(all_told(), "G8 (workload): the stage is told of every peer that it lost");
    always(!book.has_uninformed(), "G8 (workload): who watches an actor is told of its end");
    always(!book.has_doomed(), "G8 (workload): an actor ends with the failure of one that it is linked to");
    always(!book.has_leaving(), "G7 (workload): who stops itself ends");
    always(!book.has_expectant(), "G4 (workload): every delayed message comes");
    always(!book.has_orphans(), "G7 (workload): nobody outlives its owner");
    if (one_in(2)) all.stop();
    if (one_in(4)) all.kill();
  }
  bool supervise(failure const& f) override {
    sometimes(true, "workload: a peer fails");
    Peer::judge_cause(f);
    always(lost_.insert(f.actor()).second, "G8 (workload): the stage is told once of a peer that it lost");
    if (respawned_ != most_respawned && f.actor() == all_.id(f.rank()) && one_in(2)) {
      ++respawned_;
      auto const before = all_.epoch();
      all_.respawn(f.rank());
      always(all_.epoch() > before, "workload: with another member the epoch is another");
      all_.at_rank(f.rank())->meet.broadcast(all_, procs_);
    }
    return true;
  }

 private:
  peers all_;
  proc_mesh procs_;
  std::set<actor_id> lost_;
  std::uint32_t respawned_ = 0;
};
ROOST_EXPORT(Stage, run)

void run(hosts where, std::vector<std::string> const& arguments) {
  ledger::open();
  std::uint32_t const steps = arguments.empty() ? 20 : static_cast<std::uint32_t>(std::stoul(arguments.front()));
  auto const procs = where.spawn_procs(gpu = 2);
  spawn<Stage>("stage")->run.call_one(procs, steps).get();
}

}  // namespace roost::workload
