#pragma once
// What all checkers know: who lives, which messages are under way between whom, and when. Drawn from observations alone.

#include <roost/sim/check/flat_index.hpp>
#include <roost/sim/check/observation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roost::sim::check {

inline constexpr int longest_end = 3;  ///< Cleanup bounds: those that an actor owns end first, each within one.

enum class life : std::uint8_t {
  heard_of,  ///< Named by others; its own start was not seen.
  running,
  ended,  ///< By its own end, or because its proc exited by itself.
  lost,   ///< With its proc, which crashed: it can never be seen again.
};

struct actor_facts {
  actor_id id;
  std::uint32_t owner = nobody;
  life state = life::heard_of;
  errc reason = errc::ok;
  instant over_at{};           ///< When it ended or was lost.
  std::uint32_t open = 0;      ///< Handlers and `supervise` that run or wait.
  instant idle_since = never;  ///< When the last of them ended; `never` before that, and while there are some.

  bool over() const noexcept { return state >= life::ended; }
};

/// One (sender, receiver incarnation). Counts cover what was sent and is neither started nor told.
struct pair_facts {
  std::uint32_t sender = nobody;
  std::uint32_t receiver = nobody;
  std::uint32_t ledger = nobody;  ///< Of the sender.
  std::uint32_t messages = 0;
  std::uint64_t size = 0;
  std::uint32_t sent = 0;
  std::uint32_t next_place = 0;    ///< Of all places that started, the one after the last.
  std::uint64_t last_started = 0;  ///< The highest send number that started.
  instant last_released{};         ///< When the last of those that started or were told did.
};

struct message_facts {
  std::uint32_t pair = nobody;  ///< `nobody`: no message of this number was sent.
  bool awaits_reply = false;
  bool started = false;
  bool told = false;
  bool returned = false;  ///< Back at its sender, which is not told yet.
  bool answered = false;
  bool forgotten = false;  ///< Completed in the ordinary way; all but its number, `pair`'s sender and that is lost.
  errc fate = errc::ok;
  std::uint32_t place = 0;  ///< Among those of its pair.
  endpoint_id endpoint;
  std::uint64_t size = 0;
  std::uint64_t event = 0;  ///< Of its `sent`.
  instant sent_at{};
  instant deadline = never;

  /// Nothing more is expected to happen to it.
  bool complete() const noexcept { return told || (started && (answered || !awaits_reply)); }
  /// It was handled as most are, so that its number alone says all of it.
  bool ordinary() const noexcept { return started && !told && complete(); }
  /// It holds credit.
  bool outstanding() const noexcept { return pair != nobody && !started && !told && !returned; }
};

/// The messages of one sender by its send numbers, in a ring whose base moves on as they complete.
///
/// What completed in the ordinary way (started, answered where it asks, not told) is soon forgotten and known by its number
/// alone; some 60 bytes are kept for each of the others.
class ledger {
 public:
  /// The largest step from one send number to the next that is believed.
  static constexpr std::uint64_t widest_gap = 1 << 20;

  /// Empty where the number was used before or is absurdly far ahead.
  message_facts* add(std::uint64_t number);
  /// Empty where no message of this number was sent. Valid until the next `add` or `settle`.
  message_facts* find(std::uint64_t number);
  /// Empty where none was sent, or where it was forgotten.
  message_facts const* peek(std::uint64_t number) const;
  /// Forgets what completed, as far as it comes first.
  void settle();
  /// All that are neither started nor told, oldest first.
  template <class Visit>
  void each_outstanding(Visit visit) const {
    each_outstanding(base_, next_, visit);
  }
  /// Those from `first` on and before `last`. How many were looked at.
  template <class Visit>
  std::uint64_t each_outstanding(std::uint64_t first, std::uint64_t last, Visit visit) const {
    first = std::max(first, base_);
    last = std::max(first, std::min(last, next_));
    for (std::uint64_t number = first; number != last; ++number) {
      if (slot(number).outstanding()) visit(number, slot(number));
    }
    return last - first;
  }

  std::uint64_t high = 0;                ///< Of its stamps.
  std::uint32_t last_receiver = nobody;  ///< The pair of the last send, for the next one.
  std::uint32_t last_pair = nobody;

 private:
  struct stray {
    std::uint64_t number = 0;
    message_facts message;
  };
  static constexpr std::uint64_t most_held = 1024;  ///< So many wait in the ring for answers before they become strays.

  void keep(stray one);
  /// Where it is or would be.
  std::ptrdiff_t place_of_stray(std::uint64_t number) const;
  message_facts& slot(std::uint64_t number) { return ring_[number & (ring_.size() - 1)]; }
  message_facts const& slot(std::uint64_t number) const { return ring_[number & (ring_.size() - 1)]; }

  std::vector<message_facts> ring_;
  std::vector<stray> strays_;  ///< By number.
  std::uint64_t base_ = 1;
  std::uint64_t next_ = 1;
  std::size_t kept_strays_ = 0;  ///< After the last sweep.
};

/// One observation with what was known just before it.
struct scene {
  observation const& seen;
  std::uint32_t actor = nobody;
  std::uint32_t other = nobody;
  message_facts* message = nullptr;  ///< Of the stamp; for `sent` the new one, empty where the stamp cannot be used.
  pair_facts* pair = nullptr;        ///< Of the message.
};

class facts {
 public:
  /// Looks up whom and what `seen` names. The scene is valid until `leave`.
  scene enter(observation const& seen);
  /// Takes over what the scene changed.
  void leave(scene const& at);

  actor_facts const& actor(std::uint32_t number) const noexcept { return actors_[number]; }
  /// Actors by number, in the order in which they were first named.
  std::vector<actor_facts> const& actors() const noexcept { return actors_; }
  std::vector<pair_facts> const& pairs() const noexcept { return pairs_; }
  /// Null: `sender` has sent nothing to `receiver`.
  pair_facts const* pair_between(std::uint32_t sender, std::uint32_t receiver) const {
    std::uint32_t const known = pair_index_.find(both_of(sender, receiver));
    return known == nobody ? nullptr : &pairs_[known];
  }
  /// Whether `sender` sent the request of `stamp`, of which it has neither an answer nor word yet, and has `more` time for it.
  bool lacks_word(std::uint32_t sender, message_stamp const& stamp, nanoseconds more) const;
  /// The number of each actor of a proc.
  template <class Visit>
  void each_actor_of(proc_id const& id, Visit visit) const {
    std::uint32_t const proc = proc_index_.find(id);
    if (proc == nobody) return;
    for (std::uint32_t const number : procs_[proc].actors) visit(number);
  }
  /// Whether nobody keeps that proc busy, or did in the last second, so that what is due there has had its turn.
  bool has_time(proc_id const& id) const {
    std::uint32_t const proc = proc_index_.find(id);
    return proc == nobody || now_ >= procs_[proc].busy_until;
  }
  /// Whether it was seen to start, and not to end.
  bool runs(proc_id const& id) const {
    std::uint32_t const proc = proc_index_.find(id);
    return proc != nobody && procs_[proc].started && procs_[proc].state == life::running;
  }
  std::vector<ledger> const& ledgers() const noexcept { return ledgers_; }
  /// "h0/p1.1/a3", or "nobody".
  std::string name(std::uint32_t number) const;

  bool healed() const noexcept { return healed_; }
  bool settled() const noexcept { return settled_; }
  std::uint64_t crashes() const noexcept { return crashes_; }
  instant healed_at() const noexcept { return healed_at_; }
  instant now() const noexcept { return now_; }
  std::uint64_t event() const noexcept { return event_; }

 private:
  struct hash_actor {
    std::size_t operator()(actor_id const& id) const noexcept {
      std::uint64_t const proc = (std::uint64_t{id.proc.ordinal} << 32) | id.proc.incarnation;
      return spread(id.local + spread(proc ^ (id.proc.host.value * 0xd6e8feb86659fd93ULL)));
    }
  };
  struct hash_proc {
    std::size_t operator()(proc_id const& id) const noexcept { return hash_of(id); }
  };
  struct hash_word {
    std::size_t operator()(std::uint64_t word) const noexcept { return spread(word); }
  };
  struct proc_facts {
    life state = life::running;
    bool started = false;
    instant over_at{};
    instant busy_until{};
    std::vector<std::uint32_t> actors;
  };

  static constexpr std::uint64_t both_of(std::uint32_t sender, std::uint32_t receiver) noexcept {
    return (std::uint64_t{sender} << 32) | receiver;
  }

  /// Of the actor that an observation is about.
  std::uint32_t number_of(actor_id const& id);
  std::uint32_t other_number(actor_id const& id);
  std::uint32_t receiver_number(ledger const& sends, actor_id const& id);
  /// Gives `id` its number.
  std::uint32_t meet(actor_id const& id);
  std::uint32_t proc_of(proc_id const& id);
  std::uint32_t ledger_of(std::uint64_t high);
  std::uint32_t pair_of(std::uint32_t sender, std::uint32_t receiver, std::uint32_t book);
  void find_message(scene& at);
  void end_proc(proc_id const& id, life state);
  void release(scene const& at);
  void begin(std::uint32_t number) noexcept {
    ++actors_[number].open;
    actors_[number].idle_since = never;
  }
  void finish(std::uint32_t number) noexcept {
    actor_facts& actor = actors_[number];
    if (actor.open != 0 && --actor.open == 0) actor.idle_since = now_;
  }

  flat_index<actor_id, hash_actor> actor_index_;
  flat_index<proc_id, hash_proc> proc_index_;
  flat_index<std::uint64_t, hash_word> ledger_index_;
  flat_index<std::uint64_t, hash_word> pair_index_;
  std::vector<actor_facts> actors_;
  std::uint32_t last_ = nobody;  ///< Whom the last observation was about.
  std::vector<proc_facts> procs_;
  std::vector<ledger> ledgers_;
  std::vector<pair_facts> pairs_;
  std::uint64_t crashes_ = 0;
  bool healed_ = false;
  bool settled_ = false;
  instant healed_at_{};
  instant now_{};
  std::uint64_t event_ = 0;
};

/// Collects violations, at most `most` of them: a broken run repeats itself.
class findings {
 public:
  static constexpr std::size_t most = 100;

  void add(std::string_view promise, std::string what, instant at, std::uint64_t event) {
    if (all_.size() < most) all_.push_back({std::string(promise), std::move(what), at, event});
  }
  void add(std::string_view promise, std::string what, observation const& seen) {
    add(promise, std::move(what), seen.at, seen.event);
  }
  std::vector<violation> const& all() const noexcept { return all_; }

 private:
  std::vector<violation> all_;
};

/// A set of kinds of observations, as bits.
template <class... Kinds>
constexpr std::uint64_t kinds(Kinds... each) {
  return ((std::uint64_t{1} << static_cast<unsigned>(each)) | ...);
}

/// "message 7 of h0/p1.1/a3": the message of the scene's stamp.
std::string message_name(facts const& known, scene const& at);

}  // namespace roost::sim::check
