// Actors: private state, endpoints that others invoke, meshes of them over procs, and owners that hear of failures.
//
// A library has a branch on every proc, and every branch has a shelf of its own. The head office spawns the branches, calls
// them in the ways there are, loses some to injected faults (and some to a fault of their own), and closes what is left.
// Read from top to bottom; 03_messaging has the rest of what actors can say to each other.

#include <roost/roost.hpp>

#include <map>
#include <set>
#include <stdexcept>

using namespace std::chrono_literals;

// Dimensions are values, so a misspelt one does not compile. `spawn_procs` adds "host" where there are several.
inline constexpr roost::dim desk{"desk"};

// Procs that share one process in simulation must not share globals: one value per proc comes from `proc_local`.
roost::proc_local<int> shelves_open;

/// An actor is a class derived from `roost::actor`. Its members are its own: no one else can touch them, and its handlers run
/// one at a time, so it needs no locks.
struct Shelf : roost::actor {
  Shelf() { ++*shelves_open; }
  void put(std::string title, std::uint64_t copies) { copies_[std::move(title)] += copies; }
  std::uint64_t take(std::string title) {
    auto const found = copies_.find(title);
    if (found == copies_.end()) throw std::out_of_range("no copy of " + title);  // Goes to the caller; the actor lives on.
    auto const left = --found->second;
    if (left == 0) copies_.erase(found);
    return left;
  }
  void take_stock() { throw std::logic_error("the numbers do not add up"); }
  /// Runs once at the end; `why` is null after a clean stop. Not after a crash of the proc: then nothing runs.
  void cleanup(roost::error const* /*why*/) override { --*shelves_open; }

 private:
  std::map<std::string, std::uint64_t> copies_;
};
// The one line that makes member functions endpoints: functions that other actors can invoke from anywhere.
ROOST_EXPORT(Shelf, put, take, take_stock)

/// Messages are plain aggregates of values.
struct card {
  std::string city;
  roost::point where;          ///< Of the branch in its mesh.
  std::uint64_t rank_of_call;  ///< Of the branch among those that were called together.
};

/// Constructor arguments are given to `spawn`, here or on another machine.
struct Branch : roost::actor {
  explicit Branch(std::string city) : city_(std::move(city)), shelf_(roost::spawn<Shelf>("shelf")) {}

  card introduce() { return {city_, roost::here().point(), roost::here().message_rank()}; }
  void deliver(std::string title, std::uint64_t copies) { shelf_->put.broadcast(std::move(title), copies); }
  std::uint64_t lend(std::string title) {
    // `get` suspends this handler, not the thread: other actors go on meanwhile, this one starts nothing else.
    return shelf_->take.call_one(std::move(title)).get();
  }
  // Nobody waits for an answer here, so what the shelf throws is a failure of the shelf. The branch owns it and does not
  // override `supervise`: it fails as well, and its own owner is told, with the shelf's failure as the cause.
  void audit() { shelf_->take_stock.broadcast(); }

  /// What an actor owns has ended before its own cleanup starts.
  void cleanup(roost::error const* /*why*/) override { roost::always(*shelves_open == 0, "01: an actor outlives what it owns"); }

 private:
  std::string city_;
  roost::actor_mesh<Shelf> shelf_;
};
ROOST_EXPORT(Branch, introduce, deliver, lend, audit)

/// References are plain values: they travel in messages and constructor arguments. A visitor may call branches; the head
/// office still owns them.
struct Visitor : roost::actor {
  explicit Visitor(roost::actor_mesh<Branch> branches) : branches_(std::move(branches)) {}
  std::uint64_t tour() {
    std::uint64_t seen = 0;
    for (auto const& [at, found] : branches_->introduce.call().get()) seen += found.has_value();
    return seen;
  }

 private:
  roost::actor_mesh<Branch> branches_;
};
ROOST_EXPORT(Visitor, tour)

struct HeadOffice : roost::actor {
  void open(roost::proc_mesh procs) {
    // One branch per proc, each with its own city: a `value_mesh` argument is scattered over the ranks. The mesh can be used
    // at once; what goes wrong comes back on use, and to `supervise`.
    std::vector<std::string> names;
    for (std::uint64_t rank = 0; rank != procs.size(); ++rank) names.push_back("city " + std::to_string(rank));
    cities_ = roost::value_mesh(procs.extent(), std::move(names));
    branches_ = procs.spawn<Branch>("branches", cities_);
  }

  void day(std::uint64_t number) {
    auto const title = "volume " + std::to_string(number);
    // broadcast: to all, no answer. What is not handled comes back to `undelivered`.
    branches_->deliver.broadcast(title, 2);

    // call: all ranks, one result each. The shape is kept, and a lost rank costs only its own entry.
    for (auto const& [at, found] : branches_->introduce.call().get()) {
      if (!found) continue;
      roost::always(found->city == cities_.at(at), "01: each rank has its own constructor argument");
      roost::always(found->where == at && found->rank_of_call == at.rank(), "01: results stand at the rank they come from");
    }

    // A slice is a mesh as well (an index would remove the dimension, a range keeps it). A branch keeps its place in the whole; its
    // rank in the call is that in the slice.
    for (auto const& [at, found] : branches_.slice(desk = roost::range(1, 2))->introduce.call().get()) {
      if (!found) continue;
      roost::always(found->where[desk] == 1 && found->where.rank() == 2 * at.rank() + 1,
                    "01: a slice reaches the ranks that it names");
      roost::always(found->rank_of_call == at.rank(), "01: the rank of a call is that in the slice");
    }

    // call_one: exactly one rank. The future gives the value, or throws what the handler threw or what became of it.
    auto const firsts = branches_.slice(desk = 0);
    auto const one = firsts.at_rank(number % firsts.size());
    try {
      auto const left = one->lend.call_one(title).get();
      roost::always(left == 1, "01: what is sent first is handled first");  // The delivery came before.
    } catch (roost::exception const& e) {
      roost::sometimes(e.why().because_of(roost::errc::proc_failed), "01: a call learns that its proc is gone");
    }
    try {
      one->lend.call_one("a book that is nowhere").get();
      roost::always(false, "01: a book that is nowhere cannot be lent");
    } catch (roost::exception const& e) {
      roost::sometimes(e.code() == roost::errc::handler_threw, "01: a caller gets what the handler threw");
    }
    try {
      (void)branches_->lend.call_one(title);  // More than one rank: an error at once, and nothing is sent.
    } catch (roost::exception const& e) {
      roost::always(e.code() == roost::errc::not_one_rank, "01: call_one needs exactly one rank");
    }
  }

  /// One branch finds a mistake, fails, and is not called any more: its owner alone decides what to do about it.
  void inspect() {
    auto const last = branches_.at_rank(branches_.size() - 1);
    last->audit.broadcast();
    for (int i = 0; i != 20 && !lost_.contains(last.id()); ++i) roost::sleep(5ms);  // `supervise` runs while a handler waits.
    auto const answer = last->introduce.call_one().wait(1s);                        // `wait` gives an error as a value.
    if (lost_.contains(last.id())) roost::always(!answer, "01: who failed answers no more");
  }

  std::uint64_t visit() { return roost::spawn<Visitor>("visitor", branches_)->tour.call_one().get(); }

  /// stop: members handle what they have, end what they own, clean up, and end. What comes later returns to its sender, with
  /// an error that says what became of the message and, as its cause, why.
  void close() {
    branches_.stop();
    for (auto const& [at, found] : branches_->introduce.call().get()) {
      if (found) continue;
      auto const& why = found.failure();
      bool const stopped = why.cause != nullptr && why.cause->code == roost::errc::actor_stopped;
      roost::sometimes(why.code == roost::errc::not_handled && stopped, "01: who stopped says so");
    }
    roost::log("{} branches lost, {} deliveries returned", lost_.size(), returned_);
  }

  /// A failure of something that this actor owns: once for each rank, with the chain of causes. True: handled, go on.
  bool supervise(roost::failure const& f) override {
    roost::always(lost_.insert(f.actor()).second, "01: a loss is told once");
    roost::error const* root = &f.why();
    while (root->cause != nullptr) root = root->cause.get();
    roost::sometimes(root->what == "the numbers do not add up", "01: an owner sees the first cause of a failure");
    roost::sometimes(f.why().code == roost::errc::proc_failed, "01: an owner is told of a lost proc");
    return true;
  }
  /// A broadcast that was not handled, or perhaps not. Nothing is sent again silently.
  void undelivered(roost::undelivered const& receipt) override {
    roost::always(receipt.endpoint == "Branch.deliver" || receipt.endpoint == "Branch.audit", "01: a receipt names the endpoint");
    ++returned_;
  }

 private:
  roost::value_mesh<std::string> cities_;
  roost::actor_mesh<Branch> branches_;
  std::set<roost::actor_id> lost_;
  std::uint64_t returned_ = 0;
};
ROOST_EXPORT(HeadOffice, open, day, inspect, visit, close)

/// The controller is an actor as well, the root: it owns the head office. When it returns, everything it owns is ended.
int main(int argc, char** argv) {
  return roost::main(argc, argv, [](roost::hosts hosts) {
    auto const procs = hosts.spawn_procs(desk = 2);  // Two on every host.
    auto const office = roost::spawn<HeadOffice>("office");
    office->open.call_one(procs).get();
    for (std::uint64_t number = 0; number != 12; ++number) {
      office->day.call_one(number).get();
      roost::sleep(5ms);
    }
    roost::log("a visitor saw {} branches", office->visit.call_one().get());
    office->inspect.call_one().get();
    office->close.call_one().get();
  });
}
