// Messaging: the ways in which actors talk. Adverbs and futures, answers that come later, ports, delayed and periodic messages,
// concurrent endpoints, coroutines, and what a sender is told of a message that nobody handled.
//
// An editor has pages printed on presses and bound by binders, over a bad network between two hosts whose procs die. 01_actors
// tells what an actor is; here every step of `Editor` shows one way to send, and what may come of it.

#include <roost/roost.hpp>

#include <map>
#include <vector>

using namespace std::chrono_literals;

inline constexpr roost::dim press{"press"};

struct page {
  std::uint64_t number = 0;
  std::string text;
};
struct progress {
  std::uint64_t step = 0;
  std::uint64_t oiled = 0;
};

struct Press : roost::actor {
  // A periodic message of the actor to itself; it ends with the actor. Like every message it waits for its turn.
  Press() {
    roost::every(20ms, [this] { ++oiled_; });
  }

  std::uint64_t print(page p) {
    roost::sleep(100us);  // Lets other actors run, and nothing else of this one.
    printed_.push_back(p.number);
    if (auto const asked = collectors_.extract(p.number)) asked.mapped().send(printed_.size());
    return p.number;
  }

  /// Takes the obligation to answer, and meets it from another handler. Caller and types are those of any endpoint.
  void collect(roost::reply_port<std::uint64_t> answer, std::uint64_t number) { collectors_[number] = std::move(answer); }
  /// An answer port that is dropped is an answer too: the caller gets `errc::no_reply`, at once.
  void forget(roost::reply_port<std::uint64_t> /*answer*/) {}

  /// Sends on a port that came in a message, now and then: each step is a delayed message.
  void follow(roost::port<progress> to, std::uint64_t steps) { step(to, 1, steps); }

  /// Declared concurrent below: up to three handlers of it take turns wherever one waits.
  std::uint64_t look() {
    auto const others = looking_++;
    roost::always(looking_ <= 3, "03: a concurrent endpoint keeps its limit");
    roost::sometimes(others != 0, "03: handlers of a concurrent endpoint overlap");
    roost::sleep(200us);
    --looking_;
    return printed_.size();
  }

  void note(std::uint64_t number) {
    roost::always(number > last_note_, "03: notes come in order, and once");
    last_note_ = number;
    ++notes_;
  }
  std::uint64_t notes() { return notes_; }

 private:
  void step(roost::port<progress> to, std::uint64_t number, std::uint64_t last) {
    to.send({number, oiled_});
    if (number != last) roost::after(300us, [this, to, number, last] { step(to, number + 1, last); });
  }

  std::vector<std::uint64_t> printed_;
  std::map<std::uint64_t, roost::reply_port<std::uint64_t>> collectors_;
  std::uint64_t looking_ = 0;
  std::uint64_t last_note_ = 0;
  std::uint64_t notes_ = 0;
  std::uint64_t oiled_ = 0;
};
ROOST_CONCURRENT(Press, look, 3)
ROOST_EXPORT(Press, print, collect, forget, follow, look, note, notes)

struct Binder : roost::actor {
  explicit Binder(roost::actor_mesh<Press> presses) : presses_(std::move(presses)) {}
  /// A coroutine endpoint: `co_await` where another would say `get()`. Both printings are under way before the first is awaited.
  roost::task<std::uint64_t> bind(std::uint64_t first) {
    auto const left = presses_.at_rank(0)->print.call_one({first, "left"});
    auto const right = presses_.at_rank(1)->print.call_one({first + 1, "right"});
    std::uint64_t const one = co_await left;
    std::uint64_t const other = co_await right;
    co_return one + other;
  }

 private:
  roost::actor_mesh<Press> presses_;
};
ROOST_EXPORT(Binder, bind)

struct Editor : roost::actor {
  void hire(roost::proc_mesh procs) {
    presses_ = procs.slice(press = roost::range(0, 3)).spawn<Press>("presses");
    binders_ = procs.slice(press = 3).spawn<Binder>("binders", presses_);
    sent_.resize(presses_.size());
    told_.resize(presses_.size());
    surely_.resize(presses_.size());
  }

  void adverbs(std::uint64_t round) {
    auto const number = round * 1000;
    for (auto const& [at, done] :
         presses_->print.call({number, "all"}).get()) {  // One result per rank, in the shape of the mesh.
      if (done) roost::always(*done == number, "03: an answer belongs to its call");
    }
    auto results = presses_->print.stream({number + 1, "as they come"});  // The same in order of arrival; each rank once.
    std::uint64_t arrived = 0;
    while (auto const next = results.next()) ++arrived;
    roost::always(arrived == presses_.size(), "03: a stream has one result per rank");
    try {
      auto const chosen = presses_->print.choose({number + 2, "whoever"}).get();  // One rank that is alive, as far as known.
      roost::always(chosen == number + 2, "03: an answer belongs to its call");
    } catch (roost::exception const& e) {
      roost::sometimes(e.code() == roost::errc::unknown || e.code() == roost::errc::proc_failed, "03: the chosen rank dies");
    }
    for (std::uint64_t rank = 0; rank != presses_.size(); ++rank) {  // No answer: see `undelivered` and `balance`.
      presses_.at_rank(rank)->note.broadcast(++sent_[rank]);
    }
  }

  void futures(std::uint64_t round) {
    auto const number = round * 1000 + 100;
    auto const any = presses_.at_rank(roost::random_below(presses_.size()));
    auto const slow = any->print.call_one({number, "slow"});
    try {
      slow.get(150us);
    } catch (roost::exception const& e) {
      roost::sometimes(e.code() == roost::errc::timeout, "03: a deadline passes");
      if (auto const later = slow.wait()) roost::always(*later == number, "03: a timeout does not spoil a future");
    }
    // `with`: the whole call has a deadline, from the wait for room on its way to whatever its handlers wait for.
    try {
      binders_.at_rank(0)->bind.with(400us).call_one(number + 1).get();
    } catch (roost::exception const& e) {
      roost::sometimes(e.code() == roost::errc::timeout, "03: a call runs out of time");
    }

    std::vector<roost::future<std::uint64_t>> pages;
    for (std::uint64_t rank = 0; rank != presses_.size(); ++rank)
      pages.push_back(presses_.at_rank(rank)->print.call_one({number + 3, "race"}));
    auto const first = roost::wait_any(pages);
    roost::always(pages[first].ready(), "03: wait_any gives one that is ready");
    roost::always(roost::wait_n(pages.size() / 2, pages).size() >= pages.size() / 2, "03: wait_n gives as many as asked");
    // A callback is a message of this actor: it runs after this handler, so do not wait for it here.
    for (auto const& each : pages) each.then([this](std::uint64_t) { ++by_callback_; }).detach();

    auto const bound = binders_.at_rank(binders_.size() - 1)->bind.call_one(number + 4).wait();
    if (bound) roost::always(*bound == 2 * number + 9, "03: a coroutine gets both of its answers");
  }

  void answers(std::uint64_t round) {
    auto const number = round * 1000 + 200;
    auto const one = presses_.at_rank(round % presses_.size());
    auto const collected = one->collect.call_one(number);  // Not answered before the page is printed.
    one->print.broadcast({number, "to collect"});
    roost::sometimes(collected.wait().has_value(), "03: an answer comes from a later handler");
    auto const forgotten = one->forget.call_one().wait();
    roost::always(!forgotten, "03: nothing answers for a dropped reply port");
    roost::sometimes(forgotten.failure().code == roost::errc::no_reply, "03: a dropped reply port is told");

    std::vector<roost::future<std::uint64_t>> looks;
    for (int i = 0; i != 5; ++i) looks.push_back(one->look.call_one());
    roost::wait_all(looks);
  }

  void ports(std::uint64_t round) {
    auto const one = presses_.at_rank((round + 1) % presses_.size());
    auto [to, updates] = roost::channel<progress>();
    try {
      updates.recv();  // Could wait for ever, so it is refused at once ...
    } catch (roost::exception const& e) {
      roost::always(e.code() == roost::errc::unbounded_wait, "03: a receive is linked or has a deadline");
    }
    updates.link(one.id());  // ... unless the receiver is linked to who sends: then it ends with them,
    one->follow.broadcast(to, 4);
    try {
      for (std::uint64_t step = 1; step <= 3; ++step) {
        roost::always(updates.recv().step == step, "03: values of a port come in order");
      }
      updates.recv(100us);  // or has a deadline; the receiver stays as it was.
    } catch (roost::exception const& e) {
      roost::sometimes(e.code() == roost::errc::timeout, "03: nothing comes on a port in time");
      roost::sometimes(e.code() == roost::errc::proc_failed, "03: a linked receive ends with the sender");
    }
  }

  /// Asks every press that answers how many notes it had ...
  void tally() {
    tally_.clear();
    for (auto const& [at, count] : presses_->notes.call().get()) {
      if (count) tally_[at.rank()] = *count;
    }
    presses_.stop();
    presses_->print.broadcast({0, "too late"});  // Returned by those that stop, lost by those that are dead.
  }
  /// ... and compares, one handler later, when this actor has read what it was told before it asked.
  void balance() {
    for (auto const& [rank, handled] : tally_) {
      roost::always(handled + told_[rank] >= sent_[rank], "03: a note is handled, or its sender is told");
      roost::always(handled + surely_[rank] <= sent_[rank], "03: what is told as not handled is not handled");
    }
    roost::log("{} callbacks, {} procs lost", by_callback_, lost_);
  }

  /// One of this actor's messages without a reply was not handled (`not_handled`), or perhaps not (`unknown`).
  void undelivered(roost::undelivered const& receipt) override {
    roost::sometimes(receipt.fate == roost::errc::not_handled, "03: a sender is told that a message was not handled");
    roost::sometimes(receipt.fate == roost::errc::unknown, "03: a sender is told that a message may not have been handled");
    if (receipt.endpoint != "Press.note") return;
    for (std::uint64_t rank = 0; rank != presses_.size(); ++rank) {
      if (presses_.id(rank) != receipt.receiver) continue;
      ++told_[rank];
      surely_[rank] += receipt.fate == roost::errc::not_handled;
    }
  }
  bool supervise(roost::failure const&) override {
    ++lost_;
    return true;
  }

 private:
  roost::actor_mesh<Press> presses_;
  roost::actor_mesh<Binder> binders_;
  std::vector<std::uint64_t> sent_;    ///< Notes by rank: sent,
  std::vector<std::uint64_t> told_;    ///< told as not handled or unknown,
  std::vector<std::uint64_t> surely_;  ///< told as not handled.
  std::map<std::uint64_t, std::uint64_t> tally_;
  std::uint64_t by_callback_ = 0;
  std::uint64_t lost_ = 0;
};
ROOST_EXPORT(Editor, hire, adverbs, futures, answers, ports, tally, balance)

int main(int argc, char** argv) {
  return roost::main(argc, argv, [](roost::hosts hosts) {
    auto const editor = roost::spawn<Editor>("editor");
    editor->hire.call_one(hosts.spawn_procs(press = 4)).get();
    for (std::uint64_t round = 1; round != 4; ++round) {
      editor->adverbs.call_one(round).get();
      editor->futures.call_one(round).get();
      editor->answers.call_one(round).get();
      editor->ports.call_one(round).get();
    }
    editor->tally.call_one().get();
    editor->balance.call_one().get();
  });
}
