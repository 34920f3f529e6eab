#pragma once
// A program that does everything an actor can do, in a mix drawn from the seed: the properties of G1 to G4 run it under faults,
// and `roost sim run tests/properties/workload.toml` hunts with it. Everything it sends is stamped and told to the ledger.

#include <roost/roost.hpp>
#include <tests/properties/ledger.hpp>

#include <array>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roost::workload {

inline constexpr std::uint32_t most_hops = 3;
inline constexpr dim gpu{"gpu"};
inline constexpr dim host{"host"};

/// What a step of an actor does.
enum class deed : std::uint8_t {
  ask_one,      ///< call_one, awaited without a deadline where that cannot close a cycle.
  ask_in_time,  ///< call_one with a short deadline.
  ask_slice,    ///< call over a slice.
  choose,       ///< One of several, drawn.
  tell_slice,   ///< broadcast over a slice.
  tell_burst,   ///< Many broadcasts to one.
  try_tell,     ///< try_broadcast.
  stream,       ///< Answers as they come.
  several,      ///< Futures under way at once: wait_any, wait_all, wait_n.
  then,         ///< A callback on the answer.
  relay,        ///< A coroutine endpoint, which awaits another call.
  later,        ///< An explicit reply port: answered later, or dropped.
  hand_on,      ///< One that goes from actor to actor before it is answered or dropped.
  think,        ///< A concurrent endpoint.
  refuse,       ///< An endpoint that throws.
  lend,         ///< Ports in a message; values come back on them.
  pause,        ///< sleep, after, every.
  large,        ///< A payload of up to 100 KB.
  cycle,        ///< A call that comes back to its caller.
  bear,         ///< A child here or on another proc, now and then a dedicated one, or one whose constructor throws.
  end_child,    ///< stop or kill.
  watch,        ///< watch, or link_to a child.
  break_down,   ///< A message whose handler throws, or goes on though its actor is ended: its receiver fails.
  ask_own,      ///< A call or a stream over the actor's own mesh, itself among them.
  scatter,      ///< A call with one value for each rank; now and then with values of another extent.
  ask_note,     ///< A call of an endpoint that answers nothing.
  trade,        ///< Receivers that are moved, over each other and away.
  share,        ///< A value of the proc that all its actors have, with a future in it that others wait for.
  remind,       ///< Delayed and periodic messages to itself, whose times are checked.
  leave,        ///< stop_self, with messages in its own mailbox.
  haunt,        ///< A call of somebody who has ended.
  refer,        ///< What references say: names, epochs, members, and slices of slices.
  inspect,      ///< The agents of procs and hosts.
  launch,       ///< Procs of its own, and a child there.
};
inline constexpr std::size_t deeds = 34;

/// The mix of one run, and what an actor is made for.
struct brief {
  std::vector<std::uint32_t> weights;  ///< Of each deed; some are 0.
  std::uint32_t steps = 20;
  std::uint32_t pace_us = 500;  ///< Mean time between steps.
  std::uint64_t level = 0;      ///< Waits without a deadline are on higher levels only, so no two wait for each other.
  std::uint32_t generation = 0;
  actor_id owner;          ///< Nil: the stage.
  bool stillborn = false;  ///< The constructor throws.
  bool clinging = false;   ///< Some handlers catch what would end them, and wait on.
  bool launching = false;  ///< It may launch procs, and ask the agents of hosts, which are procs too.
  std::string name;
};

/// What travels. Its receiver finds its own number among the slips.
struct letter {
  actor_id from;
  std::vector<slip> slips;
  std::vector<std::uint64_t> sizes;  ///< Of the dimensions of what it is cast to.
  std::uint64_t op = 0;
  std::uint32_t hops = 0;
  std::string text;
};

/// What comes back on a port.
struct parcel {
  actor_id from;
  port_id to;
  std::uint64_t number = 0;
  std::string text;
};

/// A request that others answer than the one who was asked.
struct errand {
  reply_port<std::string> port;
  letter what;
  actor_id asked;
  std::uint64_t number = 0;
  std::uint32_t handovers = 0;
};

struct Peer;
using peers = actor_mesh<Peer>;

/// An actor that sends and answers; all of them are of this class.
struct Peer : actor, party {
  explicit Peer(brief what);
  ~Peer() override;

  void meet(peers all, proc_mesh procs);
  void note(letter l);
  void collapse(letter l);
  std::string ask(letter l);
  std::string think(letter l);
  std::string refuse(letter l);
  std::string cling(letter l);
  void later(reply_port<std::string> answer, letter l);
  void hand_on(reply_port<std::string> answer, letter l);
  void fulfil(letter l, errand e);
  task<std::string> relay(letter l);
  void lend(letter l, port<parcel> many, once_port<parcel> one);

  bool supervise(failure const& f) override;
  void cleanup(error const* why) override;
  void undelivered(roost::undelivered const& receipt) override;
  void down(actor_id who, error const& why) override;

  void report() override;
  bool idle() const override { return steps_left_ == 0 && pending_.empty() && awaited_reminders_ == 0; }
  bool suspended() const override { return !busy_.empty(); }
  bool suspended(actor_id who) const override { return busy_.contains(who); }
  bool occupied() const override { return running_ != 0; }
  bool uninformed() const override;
  bool doomed() const override { return doomed_; }
  bool leaving() const override { return left_at_ != never; }
  bool expectant() const override { return left_at_ == never && awaited_reminders_ != 0; }

  /// An owner is told why: with the first cause of what its actor ended of.
  static void judge_cause(failure const& f);

 protected:
  /// The start of every handler, for the flight recorder's judge.
  void began(std::string_view endpoint);

 private:
  struct debt {
    reply_port<std::string> port;
    letter what;
    std::uint64_t number;
  };
  /// Whom a deed is for, and how long it may wait for them.
  struct aim {
    peers to;
    nanoseconds timeout = nanoseconds::max();
    bool free() const { return timeout == nanoseconds::max(); }
  };
  /// What its own start of a handler was, as the flight recorder must have it.
  struct start {
    actor_id sender;
    std::string_view endpoint;
  };
  using answers = value_mesh<result<std::string>>;
  class reserved;

  /// One step of its own: does a deed and comes again.
  void step();
  void schedule();
  void act(deed what, std::uint32_t hops);
  void act_calls(deed what, aim const& at, std::uint32_t hops);
  void offload_more();
  /// One of several handlers that wait on one receiver, or the one that opens and closes it.
  void wait_beside();
  /// Of who was told that a message of its is stale: its references name the successor.
  void judge_stale(actor_id before) const;

  void act_family(deed what, std::uint32_t hops);
  void bear(proc_mesh const& place);
  void end_child();
  void haunt(std::uint32_t hops);
  void leave(std::uint32_t hops);
  /// Watches `who`, or links to it.
  void look_after(actor_id who, bool linked);

  void act_ports(deed what, std::uint32_t hops);
  void lend_one(std::uint32_t hops);
  void trade(std::uint32_t hops);
  /// Receives for some time, and checks what comes.
  void receive(receiver<parcel>& values, port_id const& at, bool linked);

  void act_meshes(deed what, std::uint32_t hops);
  void ask_slice(std::uint32_t hops);
  void ask_own(std::uint32_t hops);
  /// Of the entry of this very actor in a call that it waits for; `certain`: no deadline can have ended it.
  void judge_own(result<std::string> const& entry, bool certain) const;
  void stream(aim const& some, letter const& l);
  void scatter(std::uint32_t hops);
  void refer();
  void inspect();
  void launch();
  /// A whole answer of a mesh, once it has come.
  void expect_all(letter const& l, future<answers> const& asked);

  void share(std::uint32_t hops);
  void remind();
  /// `after`, checked.
  void after_while(nanoseconds delay, std::function<void()> f);
  void judge_context(letter const& l, std::size_t at) const;
  void judge_flight() const;

  aim aim_at_one();
  aim aim_at_some();
  letter write(peers const& to, deed what, std::uint32_t hops, bool request, std::size_t size = 0);
  /// One for each rank, each with a text of its own; none where one of them may not be sent to now.
  std::vector<letter> write_each(peers const& to, deed what, std::uint32_t hops);
  /// Runs `send`, which sends `l`; gives false after settling what became of it where it threw.
  template <class Send>
  bool send(letter const& l, Send invoke);
  void expect(slip of, future<std::string> answer);
  void settle(slip const& of, result<std::string> const& answer);

  /// Hands it on, answers it or drops it.
  void see_to(errand e);

  /// The start of every handler of a letter: its number in its sender's count.
  std::uint64_t open(letter const& l, std::string_view endpoint);
  std::string answer(letter const& l, std::uint64_t number);
  task<void> relay_to_all(std::uint32_t hops);
  /// What a handler does before it answers.
  void linger(letter const& l);

  actor_id self_;
  brief brief_;
  peers all_;
  proc_mesh procs_;
  std::uint32_t steps_left_ = 0;
  std::map<actor_id, std::uint64_t> sent_;
  std::set<actor_id> busy_;  ///< A send to them is suspended.
  std::list<std::function<bool()>> pending_;
  std::list<debt> debts_;
  std::vector<peers> children_;
  future<std::string> shared_;
  std::set<actor_id> linked_;
  bool doomed_ = false;
  std::set<actor_id> watched_;  ///< Whose end it is to be told of, once each.
  std::uint32_t running_ = 0;   ///< Handlers and steps.
  std::uint32_t exclusive_ = 0;
  std::uint32_t thinking_ = 0;
  std::deque<start> starts_;  ///< Of its endpoints, the last ones.
  std::vector<peers> gone_;   ///< Children that have ended.
  std::string unhandled_;     ///< Of a failure that it does not cope with: what failed.
  instant left_at_ = never;   ///< When it stopped itself.
  std::uint32_t owed_ = 0;    ///< Messages that were in its own mailbox then.
  bool refused_itself_ = false;
  std::uint32_t awaited_reminders_ = 0;
  instant last_tick_{};
  bool ticked_late_ = false;       ///< Once, after it had stopped itself.
  std::vector<actor_id> members_;  ///< Of its mesh, when it last looked, and
  std::uint64_t epoch_ = 0;        ///< the epoch then.
  bool launched_ = false;
  std::optional<receiver<parcel>> common_;
  std::uint64_t values_sent_ = 0;  ///< To ports.
};
/// Keeps other handlers of the actor from sending to the same receivers while a send waits for room: numbers follow sends.
class Peer::reserved {
 public:
  reserved(std::set<actor_id>& busy, letter const& l) : busy_(busy), letter_(l) {
    for (auto const& s : l.slips) busy_.insert(s.to);
  }
  ~reserved() {
    for (auto const& s : letter_.slips) busy_.erase(s.to);
  }
  reserved(reserved const&) = delete;
  reserved& operator=(reserved const&) = delete;

 private:
  std::set<actor_id>& busy_;
  letter const& letter_;
};

template <class Send>
bool Peer::send(letter const& l, Send invoke) {
  if (l.slips.empty()) return false;
  reserved const only(busy_, l);
  try {
    invoke();
    return true;
  } catch (exception const& e) {
    sometimes(e.code() == errc::would_block, "workload: a send that may not wait is refused");
    sometimes(e.code() == errc::timeout, "workload: a deadline passes while a sender waits for room");
    for (auto const& s : l.slips) {
      if (l.slips.size() == 1) {
        ledger::now().told(self_, s, errc::not_handled);
      } else {
        ledger::now().abandoned(self_, s);
      }
    }
    return false;
  }
}

inline constexpr std::uint32_t most_thinking = 3;
ROOST_CONCURRENT(Peer, think, most_thinking)
ROOST_EXPORT(Peer, meet, note, collapse, ask, think, refuse, cling, later, hand_on, fulfil, relay, lend)

/// A peer with a worker of its own.
struct Loner : Peer {
  static constexpr bool dedicated = true;
  using Peer::Peer;
  void stay() { began("stay"); }
};
ROOST_EXPORT_DERIVED(Loner, (Peer), stay)

/// Runs the program: for `controller`.
void run(hosts where, std::vector<std::string> const& arguments);

}  // namespace roost::workload
