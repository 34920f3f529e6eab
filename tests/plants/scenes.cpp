#include <tests/plants/scenes.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace roost::scenes {

using namespace std::chrono_literals;

/// Text that is damaged on its way where it is short: its encoding says that it is longer than it is.
struct torn {
  std::string text;
};

}  // namespace roost::scenes

template <>
struct roost::wire::codec<roost::scenes::torn> {
  static void encode(writer& out, roost::scenes::torn const& value) {
    if (value.text.size() > 2) return encode_value(out, value.text);
    encode_value(out, std::uint32_t{200});
    encode_value(out, std::array<std::uint8_t, 2>{'h', 'i'});
  }
  static bool decode(reader& in, roost::scenes::torn& value) { return decode_value(in, value.text); }
  static constexpr std::uint64_t fingerprint = fingerprint_text("torn");
};

namespace roost::scenes {

constexpr std::uint32_t most_pondering = 2;
constexpr int crowd = 50;  ///< More than there is credit for in crowding.toml.

/// Does what the scenes need of an actor that somebody else owns.
struct Extra : actor {
  explicit Extra(std::uint32_t lines) : lines_(lines) {}

  void hear() {
    ++heard_;
    sleep(20us);
  }
  void mark() { ++marks_; }
  std::uint32_t marks() { return marks_; }
  std::uint32_t told() { return told_; }
  void hold() { sleep(60s); }
  void answer_late() { sleep(5s); }
  void ponder() {
    always(++pondering_ <= most_pondering, "G1 (scenes): a concurrent endpoint keeps its limit");
    sleep(1ms);
    --pondering_;
  }
  void fail() { throw std::runtime_error("fails as it was told"); }
  void read(torn) { always(false, "G3 (scenes): no message is handled that was damaged on its way"); }
  void spend_twice(once_port<int> to) {
    to.send(1);
    to.send(2);
  }
  errc begin(actor_mesh<Extra> self, actor_mesh<Extra> next);
  errc call_back(actor_mesh<Extra> first);
  void bear(proc_mesh where, once_port<actor_mesh<Extra>> tell);
  void settle(proc_mesh where, once_port<actor_mesh<Extra>> tell);
  void beat() {
    every(50ms, [this] { ++marks_; });
  }
  void talk(actor_mesh<Extra> to, std::uint32_t lines);
  nanoseconds wait_for(actor_mesh<Extra> other);
  void await_late(actor_mesh<Extra> other);
  void flood(port<int> to) {
    for (int value = 0; value != crowd; ++value, ++flooded_) to.send(value);
  }
  int flooded() { return flooded_; }
  void pour(actor_mesh<Extra> into);
  void meet(actor_mesh<Extra> other);
  errc mark_other();
  std::uint64_t ask_hosts();

  void undelivered(roost::undelivered const&) override { ++told_; }
  void cleanup(error const* why) override {
    always(why != nullptr || heard_ == lines_, "G3 (scenes): a stopped actor handles what it had accepted");
  }

 private:
  std::uint32_t lines_;
  std::uint32_t heard_ = 0;
  std::uint32_t marks_ = 0;
  std::uint32_t told_ = 0;
  std::uint32_t pondering_ = 0;
  int flooded_ = 0;
  std::unique_ptr<actor_mesh<Extra>> other_;  ///< Whom it met.
};
ROOST_CONCURRENT(Extra, ponder, most_pondering)
ROOST_EXPORT(Extra, ponder, hear, mark, marks, told, hold, answer_late, await_late, fail, read, spend_twice, begin, call_back,
             bear, settle, beat, talk, wait_for, flood, flooded, pour, meet, mark_other, ask_hosts)

using extras = actor_mesh<Extra>;

errc Extra::begin(extras self, extras next) { return next->call_back.call_one(self).get(); }

errc Extra::call_back(extras first) {
  try {
    first->mark.call_one().get();
    return errc::ok;
  } catch (exception const& e) {
    return e.code();
  }
}

void Extra::bear(proc_mesh where, once_port<extras> tell) {
  auto const orphan = where.spawn<Extra>("orphan", 0U);
  tell.send(orphan);
  sleep(500ms);  // Until it is told: the first beat may be the end of this proc.
  orphan->beat.broadcast();
}

void Extra::settle(proc_mesh where, once_port<extras> tell) {
  (void)this_host().spawn_procs().spawn<Extra>("settled", 0U)->bear.call_one(std::move(where), tell).wait();
  sleep(60s);  // Its end is that of its proc.
}

void Extra::talk(extras to, std::uint32_t lines) {
  for (std::uint32_t line = 0; line != lines; ++line) {
    to->mark.broadcast();
    sleep(10ms);
  }
}

void Extra::pour(extras into) {
  for (int line = 0; line != crowd; ++line) into->mark.broadcast();
}

void Extra::meet(extras other) { other_ = std::make_unique<extras>(std::move(other)); }

errc Extra::mark_other() {
  auto const marked = (*other_)->mark.call_one().wait();
  return marked ? errc::ok : marked.failure().code;
}

std::uint64_t Extra::ask_hosts() {
  std::uint64_t answers = 0;
  for (auto const& [at, procs] : all_hosts().agents()->procs.call().get()) answers += procs.has_value();
  return answers;
}

void Extra::await_late(extras other) { (void)other->answer_late.call_one().wait(); }

nanoseconds Extra::wait_for(extras other) {
  auto const since = now();
  (void)other->hold.call_one().wait();
  return now() - since;
}

namespace {

/// Whether `who` ends within `patience`.
bool ends(actor_id who, nanoseconds patience) {
  auto [port, end] = channel<int>();
  end.link(who);
  try {
    (void)end.recv(patience);
  } catch (exception const& e) {
    return e.code() != errc::timeout;
  }
  return false;
}

}  // namespace

/// Takes its time to clean up; with none it spawns what is too late.
struct Closer : actor {
  explicit Closer(std::uint32_t seconds) : seconds_(seconds) {}
  void own(std::uint32_t seconds);
  void gather(proc_mesh where, std::uint32_t many) {
    for (std::uint32_t i = 0; i != many; ++i) where.spawn<Extra>("leaf", 0U)->beat.broadcast();
  }
  void ready() {}
  void cleanup(error const*) override {
    if (seconds_ == 0) spawn<Extra>("late", 0U)->beat.broadcast();
    sleep(std::chrono::seconds(seconds_));
  }

 private:
  std::uint32_t seconds_;
};
ROOST_EXPORT(Closer, own, gather, ready)

void Closer::own(std::uint32_t seconds) { spawn<Closer>("inner", seconds)->ready.call_one().get(); }

/// Owns the others and handles every failure, slowly.
struct Director : actor {
  void stop_drains(proc_mesh procs) {
    constexpr std::uint32_t lines = 12;
    auto const listeners = procs.spawn<Extra>("listener", lines);
    for (std::uint32_t line = 0; line != lines; ++line) listeners->hear.broadcast();
    listeners.stop();
    for (std::uint64_t rank = 0; rank != listeners.size(); ++rank) (void)ends(listeners.id(rank), 60s);
  }

  /// The same, and nobody says what he heard.
  void stop_in_silence(proc_mesh procs) {
    auto const marked = procs.spawn<Extra>("stopped", 0U);
    for (int times = 0; times != 12; ++times) marked->mark.broadcast();
    marked.stop();
    for (std::uint64_t rank = 0; rank != marked.size(); ++rank) (void)ends(marked.id(rank), 60s);
  }

  void once_is_once(proc_mesh procs) {
    auto const far = last(procs.spawn<Extra>("spender", 0U));
    auto [port, values] = once_channel<int>();
    far->spend_twice.call_one(port).get();
    always(values.recv(1s) == 1, "G3 (scenes): a port for one value gives the first");
    bool another = true;
    try {
      (void)values.recv(1s);
    } catch (exception const&) {
      another = false;
    }
    always(!another && values.empty(), "G3 (scenes): a port for one value takes no second");
  }

  void circle_is_refused(proc_mesh procs) {
    auto const runners = procs.spawn<Extra>("runner", 0U);
    auto const code = runners.at_rank(0)->begin.call_one(runners.at_rank(0), last(runners)).get();
    always(code == errc::deadlock, "G4 (scenes): a call that closes a circle is refused");
  }

  void patience_ends(proc_mesh procs) {
    auto const busy = last(procs.spawn<Extra>("busy", 0U));
    auto const held = busy->hold.with(30s).call_one();
    auto const start = now();
    (void)held.wait(2s);
    always(now() - start < 3s, "G4 (scenes): a wait ends at its deadline");
  }

  void few_at_a_time(proc_mesh procs) {
    auto const thinkers = procs.spawn<Extra>("thinker", 0U);
    std::vector<future<void>> all;
    for (int times = 0; times != 6; ++times) all.push_back(thinkers.at_rank(0)->ponder.call_one());
    wait_all(all);
  }

  void kill_overtakes_spawn(proc_mesh procs) {
    for (int times = 0; times != 20; ++times) {
      auto const born = last(procs.spawn<Extra>("short-lived", 0U));
      born.kill();
      always(ends(born.id(), 60s), "G7 (scenes): what is killed ends, though it was hardly spawned");
    }
  }

  void failures_queue(proc_mesh procs) {
    auto const failing = procs.spawn<Extra>("failing", 0U);
    failing->fail.broadcast();
    for (std::uint64_t rank = 0; rank != failing.size(); ++rank) (void)ends(failing.id(rank), 60s);
    sleep(10ms);
  }

  void damage_is_refused(proc_mesh procs) {
    auto const reader = last(procs.spawn<Extra>("reader", 0U));
    reader->read.broadcast({});
    reader->mark.call_one().get();
  }

  void proc_dies(proc_mesh procs) {
    auto const listener = last(procs.spawn<Extra>("listener", 0U));
    auto const marked = last(procs.spawn<Extra>("marked", 0U));
    listener.stop();
    (void)ends(listener.id(), 60s);
    auto const [port, born] = once_channel<extras>();
    marked->bear.call_one(proc_mesh({procs.id(0)}, region(extent())), port).get();
    auto const held = last(procs.spawn<Extra>("held", 0U))->hold.call_one();
    for (int times = 0; times != 100; ++times) {
      try {
        listener->hear.with(10ms).broadcast();
        marked->mark.with(10ms).broadcast();
      } catch (exception const& e) {
        always(e.code() == errc::timeout, "G4 (scenes): a send waits for room until its deadline");
      }
      sleep(30us);
    }
    (void)held.wait();
    sleep(30s);
  }

  void launcher_dies(proc_mesh procs) {
    auto [port, born] = once_channel<extras>();
    auto const settling =
        last(procs.spawn<Extra>("settling", 0U))->settle.call_one(proc_mesh({procs.id(0)}, region(extent())), port);
    auto const orphan = born.recv(20s);
    (void)settling.wait();
    auto const since = now();
    (void)ends(orphan.id(), 20s);
    always(now() - since < 3s, "G7 (scenes): procs end with the one that launched them, and with them who is owned from there");
    sleep(30s);
  }

  void path_is_lost(proc_mesh procs) {
    constexpr std::uint32_t lines = 500;
    auto const all = procs.spawn<Extra>("parted", 0U);
    auto const near = all.at_rank(1);
    auto const far = all.at_rank(2);
    near->talk.call_one(far, lines).get();
    sleep(1s);
    always(far->marks.call_one().get() + near->told.call_one().get() >= lines,
           "G3 (scenes): each message is handled, or its sender told");
    auto const waited = near->wait_for.call_one(far);
    sleep(500ms);
    all.at_rank(0)->beat.broadcast();  // Parts them, now that both know that the call is handled.
    always(waited.get() < 10s, "G4 (scenes): a wait ends within the bound where the path is lost");
  }

  /// Where the path is lost in between, nobody but those who look on says what became of it.
  void path_is_cut(proc_mesh procs) {
    auto const all = procs.spawn<Extra>("parted", 0U);
    all.at_rank(1)->talk.call_one(all.at_rank(2), 500).get();
    sleep(1s);
  }
  void answer_is_lost(proc_mesh procs) {
    auto const all = procs.spawn<Extra>("distant", 0U);
    auto const waited = all.at_rank(1)->await_late.call_one(all.at_rank(2));
    sleep(500ms);
    all.at_rank(0)->beat.broadcast();  // Parts them, or ends the host of the last, now that both know that the call is handled.
    (void)waited.wait();
    sleep(30s);
  }

  void port_fills(proc_mesh procs) {
    auto const far = last(procs.spawn<Extra>("flooding", 0U));
    auto [port, values] = channel<int>();
    (void)far->flood.with(200ms).call_one(port).wait();
    always(far->flooded.call_one().get() < crowd / 2, "G10 (scenes): a port that nobody empties takes what there is credit for");
  }

  void senders_wait_in_a_circle(proc_mesh procs) {
    auto const both = procs.spawn<Extra>("pouring", 0U);
    auto const one = both.at_rank(0)->pour.call_one(last(both));
    auto const other = last(both)->pour.call_one(both.at_rank(0));
    (void)one.wait();
    (void)other.wait();
  }

  void place_is_taken(proc_mesh procs) {
    understudied_ = procs.spawn<Extra>("understudied", 0U);
    auto const near = understudied_.at_rank(0);
    auto const far = last(understudied_);
    auto const first = far.id();
    near->meet.call_one(far).get();
    far->fail.broadcast();
    while (far.id() == first) sleep(1ms);  // Its failure comes to `supervise`.
    far->mark.call_one().get();
    always(near->mark_other.call_one().get() == errc::stale, "G3 (scenes): a message for an earlier member comes back stale");
    always(near->mark_other.call_one().get() == errc::ok, "G3 (scenes): by then the reference names the successor");
    always(far->marks.call_one().get() == 2, "G3 (scenes): a successor handles what was sent to it, and nothing else");
  }

  void late_children(proc_mesh procs) {
    auto const closing = last(procs.spawn<Closer>("closing", 0U));
    closing->ready.call_one().get();
    closing.stop();
    sleep(30s);
  }
  void long_cleanup() {
    auto const outer = spawn<Closer>("outer", 100U);
    outer->own.call_one(100).get();
    outer.kill();
    always(ends(outer.id(), 20s), "G7 (scenes): cleanup is cut at its bound, though owned actors have used it up");
  }
  void many_are_killed(proc_mesh procs) {
    auto const owner = last(procs.spawn<Closer>("crowd", 1U));
    owner->gather.call_one(proc_mesh({procs.id(0)}, region(extent())), 60).get();
    owner.kill();
    sleep(30s);
  }

  void agents_answer(proc_mesh procs) {
    for (auto const& [at, said] : procs.agents()->status.call(0).get())
      always(said.has_value(), "G3 (scenes): an agent is there for whoever addresses it");
    auto const asking = procs.spawn<Extra>("asking", 0U);
    for (std::uint64_t rank = 0; rank != asking.size(); ++rank) {
      always(asking.at_rank(rank)->ask_hosts.call_one().get() == all_hosts().size(),
             "G8 (scenes): the agent of a host has not failed while its proc lives");
    }
  }

  bool supervise(failure const& f) override {
    if (f.mesh() == "understudied") {
      understudied_.respawn(f.rank());
    } else {
      sleep(1ms);
    }
    return true;
  }
  void undelivered(roost::undelivered const&) override {}

 private:
  template <class T>
  static actor_mesh<T> last(actor_mesh<T> const& of) {
    return of.at_rank(of.size() - 1);
  }
  extras understudied_;
};
ROOST_EXPORT(Director, stop_drains, stop_in_silence, path_is_cut, answer_is_lost, once_is_once, circle_is_refused, patience_ends,
             few_at_a_time, kill_overtakes_spawn, failures_queue, damage_is_refused, proc_dies, launcher_dies, path_is_lost,
             port_fills, senders_wait_in_a_circle, place_is_taken, agents_answer, late_children, long_cleanup, many_are_killed)

void run(hosts where, std::vector<std::string> const& scenes) {
  auto const procs = where.spawn_procs();
  auto const director = spawn<Director>("director");
  auto const wanted = [&](char const* scene) { return std::find(scenes.begin(), scenes.end(), scene) != scenes.end(); };
  if (wanted("silent stop")) director->stop_in_silence.call_one(procs).get();
  if (wanted("stop")) director->stop_drains.call_one(procs).get();
  if (wanted("once")) director->once_is_once.call_one(procs).get();
  if (wanted("circle")) director->circle_is_refused.call_one(procs).get();
  if (wanted("patience")) director->patience_ends.call_one(procs).get();
  if (wanted("limit")) director->few_at_a_time.call_one(procs).get();
  if (wanted("kill")) director->kill_overtakes_spawn.call_one(procs).get();
  if (wanted("fail")) director->failures_queue.call_one(procs).get();
  if (wanted("place")) director->place_is_taken.call_one(procs).get();
  if (wanted("damage")) director->damage_is_refused.call_one(procs).get();
  if (wanted("port")) director->port_fills.call_one(procs).get();
  if (wanted("senders")) director->senders_wait_in_a_circle.call_one(procs).get();
  if (wanted("agents")) director->agents_answer.call_one(procs).get();
  if (wanted("late")) director->late_children.call_one(procs).get();
  if (wanted("cleanup")) director->long_cleanup.call_one().get();
  if (wanted("many")) director->many_are_killed.call_one(procs).get();
  if (wanted("death")) director->proc_dies.call_one(procs).get();
  if (wanted("orphans")) director->launcher_dies.call_one(procs).get();
  if (wanted("cut")) director->path_is_cut.call_one(procs).get();
  if (wanted("lost answer")) director->answer_is_lost.call_one(procs).get();
  if (wanted("parting")) director->path_is_lost.call_one(procs).get();
}

}  // namespace roost::scenes
