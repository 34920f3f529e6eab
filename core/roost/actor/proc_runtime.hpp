#pragma once
// The runtime of one proc: its actors, ports, sessions and children. Everything here runs inside the runtime, under its lock.

#include <roost/actor/agent.hpp>
#include <roost/actor/agent_ids.hpp>
#include <roost/actor/cell.hpp>
#include <roost/actor/guarded_sessions.hpp>
#include <roost/actor/lease_sender.hpp>
#include <roost/actor/membership.hpp>
#include <roost/actor/mesh_ref.hpp>
#include <roost/actor/port_base.hpp>
#include <roost/platform/launcher.hpp>
#include <roost/platform/platform.hpp>
#include <roost/platform/progress.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace roost::detail {

/// One entry of a proc's flight recorder.
struct flight_entry {
  instant at{};
  std::uint64_t actor = 0;
  std::uint64_t endpoint = 0;
  actor_id sender;
};

/// Makes the first actor of the root proc.
using root_factory = std::function<void(proc_runtime&)>;

class proc_runtime final : public proc_instance, private link::session_events, private launcher_events {
 public:
  proc_runtime(platform& seams, proc_id self, std::optional<bootstrap_body> bootstrap, root_factory root);
  ~proc_runtime() override;

  void begin() override;
  void unwind() override;
  proc_status status(std::size_t most_actors) const override;
  std::vector<std::string> sessions() const override;

  platform& seams() const noexcept { return *seams_; }
  proc_id self() const noexcept { return self_; }
  bool is_root() const noexcept { return !bootstrap_.has_value(); }
  bool mute() const noexcept { return mute_; }
  std::string place() const { return to_string(self_); }
  /// As it was launched: "procs/3".
  std::string name() const;
  /// Tells those who look that the code of this frame runs now.
  static void show(handler_frame const& frame) noexcept {
    show(*frame.cell, frame.handled != nullptr ? frame.handled->endpoint : nullptr);
  }
  static void show(actor_cell const& cell, endpoint_descriptor const* endpoint) noexcept {
    if (auto* const page = current_progress())
      page->set(cell.local(), &cell.what().name, endpoint != nullptr ? &endpoint->name : nullptr);
  }

  // Actors.
  actor_cell* find(std::uint64_t local) const {
    actor_cell* const recent = recent_[place_of(local)];
    return recent != nullptr && recent->local() == local ? recent : look_up(local);
  }
  /// The same for whom a message or a watch is: an agent is made where there is none yet.
  actor_cell* addressed(std::uint64_t local) {
    auto* const cell = find(local);
    return cell == nullptr && is_agent(local) ? make_agent(local) : cell;
  }
  /// A fresh id for an actor of `spawner` on `where`; never reused.
  actor_id new_actor_id(actor_cell& spawner, proc_id where);
  /// Makes the actor here; its constructor runs as its first message.
  void spawn_here(spawn_order&& order);
  /// Spawns on another proc.
  void spawn_there(spawn_body body, proc_id where);
  /// The actor has ended: tells owner, watchers and the rest, keeps a tombstone, frees the cell soon.
  void retire(actor_cell& cell, error const& why);
  /// Ends an actor anywhere: `drain` lets it handle its mailbox first.
  void end_actor(actor_id who, bool drain, error why);
  void watch(actor_id watcher, actor_id watched, bool linked);
  /// See `proc_agent::stop_actors`.
  std::uint64_t stop_actors(std::string_view which);
  std::size_t actor_count() const noexcept { return actors_.size(); }

  // Messages.
  /// Suspends the frame until a message may leave it for `receiver` (an actor, or the key of a port of `blocker`), or throws (the
  /// frame's deadline or this one, ended, `errc::deadlock`). Returns when the target is gone for good: then sending reports it.
  void await_credit(handler_frame* frame, actor_id receiver, std::uint64_t size, instant deadline) {
    await_credit(frame, receiver, size, deadline, receiver);
  }
  void await_credit(handler_frame* frame, actor_id receiver, std::uint64_t size, instant deadline, actor_id blocker);
  /// The same for an invocation; throws `no_room` at once where that does not wait.
  void await_room(invocation const& from, actor_id receiver, std::uint64_t size);
  bool has_credit(std::uint64_t sender, actor_id receiver, std::uint64_t size) const;
  /// The account of a sender with a receiver of this proc. While it holds nothing it may become that of others with the next call.
  local_account& account_of(actor_cell& sender, std::uint64_t receiver) {
    return accounts_.of(sender.last_account, sender.local(), receiver);
  }
  bool has_room(local_account const& account, std::uint64_t size) const noexcept {
    if (account.messages == 0) [[likely]]
      return true;
    return (account.messages < credit_messages_ && account.size + size <= credit_bytes_);
  }
  /// Sends to the receiver of `through` within this proc. Credit has been awaited.
  void send_local(local_account& through, std::unique_ptr<message> m) {
    check_inside();
    bool const plain = seams_->observer == nullptr && !m->reply && through.cell != nullptr && through.seen_changes == changes_;
    if (!plain && !prepare_sending(through, *m)) return;
    queue_charged(through, m.release());
  }
  /// The account of `sender` with `to` where a message without a reply only has to be queued there once there is room: an actor of
  /// this proc, known to the account, and nobody observes. Null for all others.
  [[gnu::always_inline]] local_account* at_hand(actor_cell& sender, actor_id const& to) const noexcept {
    local_account* account = sender.last_account;
    if (account == nullptr || to.proc != self_) return nullptr;
    if (!account->is_of(sender.local(), to.local)) [[unlikely]] {
      account = account->after;
      if (account == nullptr || !account->is_of(sender.local(), to.local)) return nullptr;
      sender.last_account = account;
    }
    return account->at_hand == changes_ ? account : nullptr;
  }
  /// To the receiver of an account that is at hand, or was made ready otherwise. Takes `m`.
  [[gnu::always_inline]] void queue_charged(local_account& through, message* m) {
    ++through.messages;
    through.size += m->size;
    m->charged = &through;
    through.cell->take_in(m, *seams_);
  }
  /// Sends to another proc, with credit, for which it waits as `await_credit`. False: it was refused, and the sender is told.
  bool send_remote(invocation const& from, actor_id to, link::outgoing&& out, reply_route reply);
  /// Returns the credit of a message of this proc or reports its handling to its proc.
  void message_started(message& m) {
    if (m.charged != nullptr) {
      give_back_credit(*std::exchange(m.charged, nullptr), m.size);
    } else if (m.travel != nullptr) {
      report_handling(m.travel->origin);
    }
  }
  /// The message is not handled by `receiver` and never will be.
  void message_returned(actor_id receiver, message& m, error const& why);
  /// Tells a sender of this proc, by its port or by a receipt.
  /// `back`: that it came back was noted already.
  void tell(actor_id sender, reply_route reply, message_stamp stamp, std::uint64_t endpoint, actor_id receiver, errc fate,
            error const& why, bool back = false);
  void note_returned(actor_id sender, message_stamp stamp) {
    if (seams_->observer != nullptr && find(sender.local) != nullptr) seams_->observer->returned(sender, stamp);
  }

  // Ports.
  void open_port(port_base& p, actor_id owner);
  void close_port(port_base& p) noexcept;
  /// Closes those of an actor that ends; waits of others for them end with an error.
  void end_ports(actor_cell& cell, error const& why);
  port_ptr find_port(std::uint64_t number) const { return open_port_of(number); }
  /// The same, for as long as nothing closes it.
  port_base* open_port_of(std::uint64_t number) const {
    auto* const recent = recent_ports_[place_of(number)].get();
    return recent != nullptr && recent->number == number ? recent : look_up_port(number);
  }
  /// The request that the port stands for leaves: from now on the silence of its target's proc ends the wait.
  void mark_sent(std::uint64_t port);
  /// An error as the answer to a request.
  void answer_error(reply_route to, error const& why, actor_id replier, message_stamp request);
  /// A value for a port of another proc.
  void answer_bytes(reply_route to, shared_bytes encoded, std::uint64_t type, actor_id replier, message_stamp request);
  /// The value of a once port of another proc.
  void send_once_value(port_id to, shared_bytes encoded, std::uint64_t type) {
    send_answer({to.owner.proc, to.number}, std::move(encoded), type);
  }
  /// A value for a channel of another proc. Credit has been awaited. Throws `errc::too_large`.
  void send_port_value(actor_id sender, port_id to, shared_bytes encoded, std::uint64_t type);
  /// A value of a sender of this proc is in the channel, and holds credit until it is received or the port closed.
  void value_arrived(port_base& p, std::uint64_t sender, std::uint64_t size);
  /// `number`: as it was opened.
  void value_received(port_base& p, std::uint64_t number);
  void note_received(port_base const& p, std::uint64_t number) const;
  /// An answer that came for a relay, on its way to the caller.
  void pass_value(reply_route to, shared_bytes const& encoded, std::uint64_t type);
  void pass_error(reply_route to, error const& why);
  void note_replied(actor_id replier, message_stamp request) {
    if (seams_->observer != nullptr) seams_->observer->replied(replier, request);
  }
  void note_reply_arrived(port_base const& p, errc outcome) {
    // A relay stands for no request of its own.
    if (p.awaited && p.request != message_stamp{} && seams_->observer != nullptr)
      seams_->observer->reply_arrived(p.owner, p.request, outcome);
  }
  /// A wait on another actor's life: `port` fails when `watched` ends.
  void link_port(port_base& p, actor_id watched);

  /// While something here depends on the proc of `other` with no message under way, the silence of that proc is noticed and told
  /// as a lost path. Calls are counted; of an actor of this proc they do nothing.
  void depend_on(actor_id other);
  void depend_no_more_on(actor_id other);
  /// The same for an actor of this proc and its owner, whose proc may be silent for no longer than `actor.lease`.
  void live_by(actor_id owner);
  void live_no_more_by(actor_id owner);

  /// What accounts remember of their receivers holds no more.
  void change_accounts() noexcept { ++changes_; }

  // Members of meshes.
  membership& members() noexcept { return members_; }
  /// Who stands at a rank of the base of `mesh`, as far as known here.
  actor_id member_now(mesh_record const& mesh, std::uint64_t base_rank) {
    actor_id const& member = mesh.members[base_rank];
    return member.proc == self_ && members_.knows_no_successors() ? member : members_.current(mesh, member);
  }
  /// Whether a member of `mesh` is known here to accept no more: its proc failed, it is of this proc and ends, a message came back from
  /// it, who watches it here was told, or its owner is here and was.
  bool known_over(mesh_record const& mesh, actor_id member);
  void send_succession(proc_id to, succession const& news);
  /// False where it cannot be asked.
  bool send_question(proc_id to, actor_id about);
  void tell_receipt(link::receipt const& r, error const& why, bool back = false);

  // Procs.
  std::vector<host_id> hosts() const { return seams_->launcher->hosts(); }
  /// Starts a proc; its failure is told to everyone this proc reaches.
  proc_id launch(host_id where, std::string name);
  /// The agent of a host, usable at once: where it has a proc of its own, the root is asked to launch that.
  actor_id agent_of(host_id where);
  /// Throws `errc::bad_argument` where `count` more procs on a host would have no numbers.
  void require_room_for_procs(std::uint64_t count) const;
  bool known_failed(proc_id which) const { return failed_procs_.contains(which); }
  /// The local id of the program's first actor.
  std::uint64_t reserve_root() noexcept { return root_local_ = root_actor_local; }
  /// The program's first actor ended.
  void root_ended(error const& why);

  /// The value of a `proc_local` by its index; made by the caller where empty.
  std::shared_ptr<void>& proc_local_slot(std::size_t index);
  /// The next entry of the flight recorder, to be written as a whole.
  flight_entry& next_flight() {
    if (flight_next_ == flight_end_) turn_flight();
    return *flight_next_++;
  }
  proc_counters& counters() noexcept { return counters_; }
  std::vector<flight_record> flight_of(std::uint64_t actor) const;
  /// Writes the last starts of an actor that fails to the log.
  void log_flight(actor_cell const& failing) const;

 private:
  void check_inside() const {
    if (!inside_runtime()) used_outside();
  }
  [[noreturn]] void used_outside() const;
  static constexpr std::size_t recent_cells = 64;
  static std::size_t place_of(std::uint64_t local) noexcept { return (local >> 1) % recent_cells; }
  actor_cell* look_up(std::uint64_t local) const;
  port_base* look_up_port(std::uint64_t number) const;
  struct id_hash {
    std::size_t operator()(std::uint64_t id) const noexcept { return mix(id); }
  };
  class credit_wait;
  class host_seen_message;
  struct watch_entry {
    actor_id watcher;    ///< Of this proc; or nil and
    std::uint64_t port;  ///< a port that fails.
    actor_id watched;    ///< On another proc.
    bool linked;
  };
  /// What is known of an actor that has ended.
  struct tombstone {
    class_descriptor const* what = nullptr;  ///< Null: it never lived here, and `why` says what became of it.
    std::string name;
    point where;
    std::unique_ptr<error const> why;  ///< Null: it stopped.
  };
  struct held_messages {
    instant until;
    std::vector<link::incoming> raw;
  };

  // link::session_events
  void deliver(link::incoming&& in) override;
  void told(link::receipt const& r) override;
  void room(std::uint64_t sender, actor_id receiver) override;
  void control(proc_id from, std::uint16_t kind, shared_bytes body) override;
  void session_lost(proc_id peer, error why) override;
  void suspected(proc_id peer, bool suspect) override;
  // launcher_events
  void launched(proc_id id) override;
  void exited(proc_id id, error why) override;
  void launching(proc_id id, proc_id by) override;
  void host_seen(result<std::vector<host_proc_status>> procs) override;

  /// Takes the watches that `gone` names out of the list, and gives them.
  std::vector<watch_entry> take_watches(std::function<bool(watch_entry const&)> const& gone);
  void add_watch(watch_entry entry);
  watch_entry* find_watch(actor_id watcher, actor_id watched);
  /// Watches an actor of another proc for one of this. True: it did not watch it before. A link counts beside a plain watch.
  bool watch_away(actor_id watcher, actor_id watched, bool linked);
  /// Null where it cannot be made: the program ends, or this is no proc for it.
  actor_cell* make_agent(std::uint64_t local);
  /// At the root: launches the proc of that host's agent, where it has not been.
  void launch_agent(host_id where);
  void launch_as(proc_id id, std::string name);
  /// The rest of `send_remote`, once there is room.
  bool send_charged(actor_id to, link::outgoing&& out, reply_route reply, actor_id sender);
  void deliver_user(link::incoming&& in);
  void deliver_value(link::incoming const& in);
  static void keep_claim(port_base& p, value_claim claim);
  void give_back_claim(port_base const& p, value_claim const& claim);
  bool is_gone(actor_id receiver) const;
  void report_handling(message_origin const& origin);
  /// Makes the flight recorder longer, up to its limit; then begins again with its first entry.
  void turn_flight();
  /// Tells who is to know of a message, and looks for its receiver. False: it is not here, and the sender has been told.
  bool prepare_sending(local_account& through, message& m);
  /// What a message brings is not for anyone here: reply ports in it end unanswered, and its sender is told `why`.
  void return_incoming(link::incoming const& in, errc why);
  void port_value(std::uint64_t port, shared_bytes const& encoded, std::uint64_t type);
  void port_error(std::uint64_t port, error const& why);
  /// `waited`: it was held for the spawn of its target, which has not come.
  void deliver_agent(link::incoming const& in, bool waited = false);
  void agent_spawn(proc_id from, spawn_body body);
  void agent_ended(ended_body const& body);
  void notify_end(actor_cell& ended, watcher_list const* watchers, error const& why);
  void owner_told(actor_id owner, actor_id child, error const& why);
  void watcher_told(actor_id watcher, actor_id watched, bool linked, error const& why);
  bool send_agent(proc_id to, agent_op op, shared_bytes body, std::uint64_t reply_port = 0, std::uint64_t type = 0,
                  error* refused = nullptr);
  /// A value for a port of another proc that takes one; where it is too large, the error instead.
  void send_answer(reply_route to, shared_bytes encoded, std::uint64_t type);
  void peer_gone(proc_id peer, error const& why);
  void declare(proc_id dead, error const& why, proc_id told_by);
  /// Takes the word that a proc failed, which is not passed on yet; false where it was known.
  bool take_verdict(proc_id dead, error const& why);
  /// At the root: declares failed what others had launched with who launched it, `of`; false where there is nothing.
  bool take_orphans(proc_id of, error const& why);
  void pass_on_or_gather(proc_id told_by);
  /// The numbers of procs that this one launches are above it, and no other's are.
  std::uint64_t numbers_above() const;

  // Credit and cycles of suspended senders (proc_credit.cpp).
  void give_back_credit(local_account& account, std::uint64_t size) {
    --account.messages;
    account.size -= size;
    if (!credit_waits_.empty()) wake_credit(account);
  }
  void give_back_credit(std::uint64_t sender, actor_id receiver, std::uint64_t size);
  void wake_credit(local_account const& account) { wake_credit(account.sender, {self_, account.receiver}, errc::ok); }
  void wake_credit(std::uint64_t sender, actor_id receiver, errc outcome);
  /// Has everyone who waits for room at an actor of `peer` look again.
  void wake_credit_of(proc_id peer);
  bool credit_cycle(actor_id sender, actor_id blocker) const;
  credit_wait* suspended_sender(actor_id who) const;
  /// Messages of `sender` that `receiver` has not handled, as this proc knows it.
  std::uint32_t open_messages(std::uint64_t sender, actor_id receiver) const;
  /// Whether everything that `from` has open waits at `to`.
  bool all_has_come(cycle_probe_body const& probe) const;
  /// Follows a probe from one suspended sender to the next while they are of this proc, then sends it on.
  void chase(cycle_probe_body probe);

  error gone_reason(std::uint64_t local);
  static error reason_of(actor_id gone, tombstone const& end);
  /// Keeps a tombstone for as long as no more than the limit of later ones are kept.
  void remember_end(std::uint64_t local, tombstone&& end);
  void hold_unknown(std::uint64_t local, link::incoming in);
  void release_held(std::uint64_t local);
  void expire_held();
  void check_lease();
  /// The launched proc is over, or declared so; false when it was before.
  bool forget_launched(proc_id which);
  void check_exit();
  /// Passes on the news of procs that are dead, but not to who `told_by`.
  void pass_on_verdicts(proc_id told_by);
  void pass_on_gathered() { pass_on_verdicts(self_); }

  template <void (proc_runtime::*Action)()>
  struct runtime_timer final : timer {
    explicit runtime_timer(proc_runtime& r) : home(&r) {}
    void expired() override {
      set_current_platform(home->seams_);
      (home->*Action)();
    }
    proc_runtime* home;
  };

  platform* seams_;
  proc_id self_;
  std::optional<bootstrap_body> bootstrap_;
  root_factory make_root_;
  guarded_sessions sessions_;
  boost::unordered_flat_map<std::uint64_t, std::unique_ptr<actor_cell>, id_hash> actors_;
  mutable std::array<actor_cell*, recent_cells> recent_{};  ///< Some of `actors_`, by their ids.
  local_credit accounts_;
  std::uint32_t credit_messages_;
  std::uint64_t credit_bytes_;
  std::size_t flight_limit_;
  std::array<port_ptr, recent_cells> recent_ports_;                    ///< Open ports by their numbers; and
  boost::unordered_flat_map<std::uint64_t, port_ptr, id_hash> ports_;  ///< those whose place there was taken.
  std::vector<std::unique_ptr<actor_cell>> graveyard_;
  std::vector<credit_wait*> credit_waits_;
  std::vector<watch_entry> watches_;
  membership members_{*this};
  std::map<std::uint64_t, held_messages> held_;
  boost::unordered_flat_map<std::uint64_t, tombstone, id_hash> tombstones_;
  std::vector<std::uint64_t> tombstone_order_;
  std::size_t next_tombstone_ = 0;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t, id_hash> names_;  ///< Actors ever spawned here, by name and rank.
  std::set<proc_id> launched_;
  std::map<proc_id, std::vector<proc_id>> launched_by_others_;  ///< At the root, by who launched them.
  lease_sender leases_{*seams_, sessions_};
  std::set<proc_id> failed_procs_;
  std::map<host_id, std::uint32_t> ordinals_;
  std::vector<std::shared_ptr<void>> locals_;
  std::vector<flight_entry> flight_;
  flight_entry* flight_next_ = nullptr;  ///< The next to be written; all before it are, and
  flight_entry* flight_end_ = nullptr;
  bool flight_full_ = false;  ///< those behind it too.
  proc_counters counters_;
  std::uint64_t changes_ = 1;  ///< Of what accounts remember: actors that end, the first successor, the end of the proc.
  std::uint64_t next_port_ = 0;
  std::uint64_t next_credit_wait_ = 0;
  std::uint64_t root_local_ = 0;
  instant lease_until_ = never;
  std::optional<error> finishing_;
  std::vector<verdict_body> untold_;   ///< Verdicts not yet passed on.
  std::vector<host_id> agents_asked_;  ///< Of the root, for these hosts.
  runtime_timer<&proc_runtime::check_lease> lease_timer_{*this};
  runtime_timer<&proc_runtime::expire_held> held_timer_{*this};
  runtime_timer<&proc_runtime::check_exit> exit_timer_{*this};
  runtime_timer<&proc_runtime::pass_on_gathered> verdict_timer_{*this};
  bool mute_ = false;
  bool finished_ = false;
};

inline actor_id actor_cell::id() const noexcept { return {home_->self(), local_}; }

[[gnu::always_inline]] inline void actor_cell::accept(std::unique_ptr<message> m) {
  if (!inside_runtime()) used_outside();
  take_in(m.release(), home_->seams());
}

[[gnu::always_inline]] inline void actor_cell::take_in(message* m, platform const& seams) {
  if (!mailbox_.empty() || frames_ != nullptr || !takes_messages_only()) [[unlikely]]
    return take_in_beside(m);
  mailbox_.push_first(m);
  seams.executor->ready_user(*this);
}

/// The runtime of the handler that runs now; throws outside an actor, naming `what`.
proc_runtime& require_home(char const* what);

}  // namespace roost::detail
