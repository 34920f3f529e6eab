// A controller that goes on for as long as it is told, while its procs are killed and stopped by the program beside this file: what
// it loses it spawns once more, what it is answered it checks, and once a second it says how far it is.

#include <roost/roost.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

inline constexpr roost::dim post{"post"};

namespace {

std::uint64_t answer_to(std::uint64_t question) { return question * 3 + 1; }

std::string block_of(std::uint64_t bytes) { return std::string(bytes, static_cast<char>('a' + bytes % 26)); }

/// What became of calls, by outcome.
struct tally {
  std::uint64_t answers = 0;
  std::vector<std::pair<std::string, std::uint64_t>> failures;

  void add(std::string const& outcome, std::uint64_t count = 1) {
    auto const at = std::find_if(failures.begin(), failures.end(), [&](auto const& each) { return each.first == outcome; });
    if (at != failures.end()) at->second += count;
    if (at == failures.end()) failures.emplace_back(outcome, count);
  }
  void add(tally const& other) {
    answers += other.answers;
    for (auto const& [outcome, count] : other.failures) add(outcome, count);
  }
  template <class T>
  void take(roost::result<T> const& answer, T const& expected) {
    if (!answer) return add(std::string(roost::to_string(answer.failure().code)));
    roost::always(*answer == expected, "soak: an answer is the right one");
    ++answers;
  }
};

}  // namespace

/// Comes and goes within a round.
struct Guest : roost::actor {
  explicit Guest(std::uint64_t number) : number_(number) {}
  std::uint64_t sign() { return number_; }

 private:
  std::uint64_t number_;
};
ROOST_EXPORT(Guest, sign)

struct Worker : roost::actor {
  std::uint64_t answer(std::uint64_t question) { return answer_to(question); }
  std::uint64_t weigh(std::string block) { return block.size() + static_cast<std::uint64_t>(block.empty() ? 0 : block.back()); }
  std::string make_block(std::uint64_t bytes) { return block_of(bytes); }
};
ROOST_EXPORT(Worker, answer, weigh, make_block)

/// Beside a worker, which answers others meanwhile.
struct Asker : roost::actor {
  /// Each worker there is, and a guest of its own.
  tally ask_around(roost::actor_mesh<Worker> all, std::uint64_t question);
};
ROOST_EXPORT(Asker, ask_around)

tally Asker::ask_around(roost::actor_mesh<Worker> all, std::uint64_t question) {
  tally seen;
  auto const guest = roost::spawn<Guest>("guest", question);
  seen.take(guest->sign.call_one().wait(), question);
  for (std::uint64_t rank = 0; rank != all.size(); ++rank)
    seen.take(all.at_rank(rank)->answer.call_one(question + rank).wait(), answer_to(question + rank));
  guest.stop();
  return seen;
}

struct Keeper : roost::actor {
  void begin(roost::proc_mesh procs) {
    procs_ = std::move(procs);
    workers_ = procs_.spawn<Worker>("workers");
    askers_ = procs_.spawn<Asker>("askers");
  }

  void keep_on(std::uint64_t seconds) {
    auto const begun = roost::now();
    auto said = begun;
    for (std::uint64_t round = 0; roost::now() < begun + std::chrono::seconds(seconds); ++round) {
      one_round(round);
      if (roost::now() >= said + 1s) {
        said = roost::now();
        say("is at", round);
      }
      roost::sleep(50ms);
    }
    // Whatever was lost last is there again.
    while (!seen_now(0).failures.empty()) replace_lost();
    say("has done", 0);
  }

  bool supervise(roost::failure const& f) override {
    if (f.mesh() == "guests") return true;
    ++losses_;
    (f.mesh() == "workers" ? lost_workers_ : lost_askers_).push_back(f.rank());
    return true;
  }

 private:
  void one_round(std::uint64_t round) {
    replace_lost();
    seen_.add(seen_now(round));
    auto const some = workers_.at_rank(round % workers_.size());
    if (round % 4 == 0) {
      for (auto const& [at, each] : askers_->ask_around.call(workers_, round).get()) {
        if (each) seen_.add(*each);
        if (!each) seen_.add(std::string(roost::to_string(each.failure().code)));
      }
    }
    if (round % 8 == 1) {
      // Small, whole, in pieces, and lent.
      // The largest first: what the heap keeps of them is there from the beginning.
      std::uint64_t const bytes = std::uint64_t{1} << (21 - round / 8 % 12);
      auto const block = block_of(bytes);
      seen_.take(some->weigh.call_one(block).wait(), bytes + static_cast<std::uint64_t>(block.back()));
      seen_.take(some->make_block.call_one(bytes).wait(), block);
    }
    if (round % 8 == 3) {
      auto const guests = procs_.spawn<Guest>("guests", round);
      for (auto const& [at, each] : guests->sign.call().get()) seen_.take(each, round);
      guests.stop();
    }
    if (round % 32 == 5) some.kill();
  }

  tally seen_now(std::uint64_t question) {
    tally seen;
    for (auto const& [at, each] : workers_->answer.call(question).get()) seen.take(each, answer_to(question));
    return seen;
  }

  void replace_lost() {
    for (auto const rank : std::exchange(lost_workers_, {})) replace(workers_, rank);
    for (auto const rank : std::exchange(lost_askers_, {})) replace(askers_, rank);
  }
  template <class T>
  void replace(roost::actor_mesh<T> const& mesh, std::uint64_t rank) {
    mesh.respawn(rank);
    ++respawns_;
  }

  void say(std::string_view what, std::uint64_t round) const {
    std::string outcomes;
    for (auto const& [outcome, count] : seen_.failures) outcomes += " " + outcome + "=" + std::to_string(count);
    roost::log("soak {} round {}: answers={} losses={} respawns={}{}", what, round, seen_.answers, losses_, respawns_, outcomes);
  }

  roost::proc_mesh procs_;
  roost::actor_mesh<Worker> workers_;
  roost::actor_mesh<Asker> askers_;
  std::vector<std::uint64_t> lost_workers_;
  std::vector<std::uint64_t> lost_askers_;
  tally seen_;
  std::uint64_t losses_ = 0;
  std::uint64_t respawns_ = 0;
};
ROOST_EXPORT(Keeper, begin, keep_on)

int main(int argc, char** argv) {
  return roost::main(argc, argv, [](roost::hosts hosts, std::vector<std::string> const& arguments) {
    auto const procs = hosts.spawn_procs(post = arguments.size() > 0 ? std::stoll(arguments[0]) : 3);
    auto const keeper = roost::spawn<Keeper>("keeper");
    keeper->begin.call_one(procs).get();
    keeper->keep_on.call_one(arguments.size() > 1 ? std::stoull(arguments[1]) : 10).get();
  });
}
