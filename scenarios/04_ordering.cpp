// Ordering: what one actor sends to another is handled in the order in which it was sent, whatever breaks on the way.
//
// Writers on some procs write numbered entries into ledgers on all procs, with every adverb and over changing slices. Each
// ledger checks the numbers that each writer gave it. Procs die and networks part meanwhile; nobody here does anything about
// that but name what failed and go on.

#include <roost/roost.hpp>

#include <map>

using namespace std::chrono_literals;

inline constexpr roost::dim gpu{"gpu"};

/// One line of a ledger: the writer's own count of what it sent to that ledger.
struct entry {
  roost::actor_id writer;
  std::uint64_t number = 0;
  std::string text;
};

/// Keeps what it is given, and watches the order.
struct Ledger : roost::actor {
  std::uint64_t write(entry e) {
    // Numbers may be missing (a write that failed was told to its writer), but never come out of turn.
    auto& last = last_[e.writer];
    roost::always(e.number > last, "04: a writer's entries come in order");
    last = e.number;
    ++lines_;
    if (e.number % 7 == 0) roost::sleep(20us);  // A handler that waits lets nothing overtake.
    return e.number;
  }
  void note(entry e) { write(std::move(e)); }
  std::uint64_t lines() { return lines_; }

 private:
  std::map<roost::actor_id, std::uint64_t> last_;
  std::uint64_t lines_ = 0;
};
ROOST_EXPORT(Ledger, write, note, lines)

/// Writes to ledgers in a mixture of ways, and counts what it was told of.
struct Writer : roost::actor {
  explicit Writer(roost::actor_mesh<Ledger> ledgers) : ledgers_(std::move(ledgers)), numbers_(ledgers_.size()) {}

  std::uint64_t run(std::uint64_t rounds) {
    std::uint64_t confirmed = 0;
    for (std::uint64_t round = 0; round != rounds; ++round) {
      auto const rank = roost::random_below(ledgers_.size());
      auto const ledger = ledgers_.at_rank(rank);
      switch (roost::random_below(4)) {
        case 0:  // One answer, awaited.
          try {
            confirmed += ledger->write.with(2s).call_one(next(rank)).get() != 0;
          } catch (roost::exception const& e) {
            roost::sometimes(e.code() == roost::errc::unknown, "04: a write may or may not have been handled");
          }
          break;
        case 1:  // No answer.
          ledger->note.broadcast(next(rank));
          break;
        case 2: {  // Several under way at once, then all answers.
          std::vector<roost::future<std::uint64_t>> writes;
          for (int i = 0; i != 4; ++i) writes.push_back(ledger->write.call_one(next(rank)));
          for (auto const& write : writes) confirmed += write.wait(2s).has_value();
          break;
        }
        default:  // A coroutine would do; a callback does as well.
          ledger->write.call_one(next(rank)).then([this](std::uint64_t) { ++by_callback_; }).detach();
      }
    }
    return confirmed;
  }
  void undelivered(roost::undelivered const&) override {
    ++told_;
    roost::sometimes(true, "04: a writer is told of an entry that was not handled");
  }

 private:
  entry next(std::uint64_t rank) { return {roost::here().self(), ++numbers_[rank], std::string(roost::random_below(64), 'x')}; }

  roost::actor_mesh<Ledger> ledgers_;
  std::vector<std::uint64_t> numbers_;
  std::uint64_t by_callback_ = 0;
  std::uint64_t told_ = 0;
};
ROOST_EXPORT(Writer, run)

/// Owns ledgers and writers; a lost rank is noted and the rest goes on.
struct Office : roost::actor {
  void run(roost::proc_mesh procs, std::uint64_t rounds) {
    auto const ledgers = procs.spawn<Ledger>("ledgers");
    auto const writers = procs.spawn<Writer>("writers", ledgers);
    auto const results = writers->run.call(rounds).get();
    std::uint64_t confirmed = 0;
    for (auto const& [at, count] : results) {
      if (count) {
        confirmed += *count;
      } else {
        roost::log("writer {} ended early: {}", to_string(at), count.failure().describe());
      }
    }
    std::uint64_t lines = 0;
    for (auto const& [at, count] : ledgers->lines.call().get()) {
      if (count) lines += *count;
    }
    roost::log("{} writes confirmed, {} lines kept, {} ranks lost", confirmed, lines, lost_);
    ledgers.stop();
    writers.stop();
  }
  bool supervise(roost::failure const&) override {
    ++lost_;
    roost::sometimes(true, "04: a rank is lost");
    return true;
  }

 private:
  std::uint64_t lost_ = 0;
};
ROOST_EXPORT(Office, run)

int main(int argc, char** argv) {
  return roost::main(argc, argv, [](roost::hosts hosts, std::vector<std::string> const& arguments) {
    std::uint64_t const rounds = arguments.empty() ? 40 : std::stoull(arguments.front());
    auto const procs = hosts.spawn_procs(gpu = 2);
    roost::spawn<Office>("office")->run.call_one(procs, rounds).get();
  });
}
