#pragma once
// The runtime's side of one actor: its mailbox, its activations, its life. The user's object hangs below it.

#include <roost/actor/children.hpp>
#include <roost/actor/failure.hpp>
#include <roost/actor/frame.hpp>
#include <roost/actor/message.hpp>
#include <roost/actor/registry.hpp>
#include <roost/actor/watchers.hpp>

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roost::detail {

enum class life : std::uint8_t { starting, running, draining, ending, ended };

/// A delayed or periodic message of an actor to itself.
class self_timer : public timer {
 public:
  virtual ~self_timer() = default;
  std::size_t place = 0;  ///< Among those of its actor.
};

/// What few actors have; made when first needed.
struct cell_extras {
  sibling_list children_here;                       ///< Owned actors of this proc.
  child_list children_away;                         ///< Those of other procs, alive as far as this proc knows.
  std::vector<failure> failures;                    ///< Not yet supervised, oldest first.
  std::vector<std::unique_ptr<self_timer>> timers;  ///< Delayed and periodic messages to itself.
  std::unique_ptr<watcher_list> watchers;           ///< Who is told of the end; null: nobody.
  std::uint64_t spawned = 0;                        ///< Actors ever spawned by it.
  std::uint64_t waits = 0;                          ///< Waits ever begun by it, for observers.
};

/// What an actor is made from.
struct spawn_order {
  actor_id id;
  actor_id owner;
  mesh_id mesh;
  class_descriptor const* what = nullptr;
  std::string name;
  point where;  ///< In its mesh.
  std::unique_ptr<message> construct;
};

/// "Player team[gpu=3] (h0/p1.1/a7)", for errors.
std::string describe_actor(actor_id id, class_descriptor const& what, std::string const& name, point const& where);

/// One actor. Its code runs on one worker at a time; every public function is for code of the runtime.
class actor_cell final : public runnable, public sibling, public pooled {
 public:
  actor_cell(proc_runtime& home, spawn_order&& order);
  ~actor_cell();

  proc_runtime& home() const noexcept { return *home_; }
  inline actor_id id() const noexcept;
  std::uint64_t local() const noexcept { return local_; }
  actor_id owner() const noexcept { return owner_; }
  class_descriptor const& what() const noexcept { return *class_; }
  std::string const& name() const noexcept { return name_; }
  point const& where() const noexcept { return where_; }
  /// With whom it had to do last, as a sender in this proc.
  local_account* last_account = nullptr;
  /// The ports that it opened and that are open, the latest first.
  port_base* ports = nullptr;
  actor* user() const noexcept { return user_.get(); }
  void set_user(std::unique_ptr<actor> object);
  life state() const noexcept { return now_.state; }
  std::uint32_t queued_messages() const noexcept { return mailbox_.size(); }
  /// Messages of `sender` in the mailbox.
  std::uint32_t queued_from(actor_id sender) const noexcept;
  /// See `describe_actor`.
  std::string describe() const;
  /// Writes a line to the proc's log, as said by this actor.
  void log(log_level level, std::string_view line, log_fields const& fields = {}) const;

  /// Custody of a message for a running actor; after `stop` the message is returned to its sender instead.
  inline void accept(std::unique_ptr<message> m);
  /// The same, where the caller has seen that nobody else is inside the runtime. Takes `m`; `seams` are those of its proc.
  inline void take_in(message* m, platform const& seams);
  /// A callback: an ordinary message that nobody sent.
  void post(std::unique_ptr<message> m);
  /// Accepts no more, handles what is queued, then ends.
  void stop();
  /// Ends now: queued messages return to their senders, waiting handlers unwind. Only the first reason counts.
  void end(error why);
  /// The proc ends without a word: unwinds handlers, tells nobody.
  void unwind();

  void add_child_here(actor_cell& child) { extras().children_here.push_back(child); }
  void add_child_away(owned_actor child);
  /// A child of this proc ended; a failure goes to `supervise`, a clean end only out of the list.
  void child_ended(actor_cell& child, error const& why);
  /// The same for one of another proc.
  void child_ended(actor_id child, error const& why);
  std::vector<owned_actor> children_on(proc_id where) const;
  bool owns(actor_id child) const noexcept;
  bool has_children() const noexcept {
    return extras_ != nullptr && (!extras_->children_here.empty() || !extras_->children_away.empty());
  }
  /// Owned actors that the end waits for: all within the cleanup bound, beyond it those of this proc, which cannot refuse.
  bool awaits_children() const noexcept;
  /// A failure for this actor to supervise (or the root's hook to see).
  void add_failure(failure f);

  cell_extras& extras();
  cell_extras* extras_if_any() const noexcept { return extras_.get(); }
  /// Who is told of its end.
  watcher_list& watchers() {
    auto& list = extras().watchers;
    if (list == nullptr) list = std::make_unique<watcher_list>();
    return *list;
  }

  void frame_suspended(handler_frame& frame);
  /// Throws `ended`. Code that goes on all the same, again and again, is given up: it never returns, and the actor ends without it.
  [[noreturn]] void throw_ended(handler_frame& frame);
  bool supervising() const noexcept { return supervising_ != nullptr; }
  std::uint64_t next_wait() { return ++extras().waits; }
  /// Whether a frame waits for a reply of `target`: for the detection of cycles.
  bool waits_for_reply() const noexcept;
  /// Whether it handles nothing before a handler of `who` has brought something; `endless` leaves out waits that have a deadline.
  bool needs(actor_id const& who, bool endless = false) const noexcept;
  /// One more look at whether it has something to do.
  void check_ready();
  std::vector<handler_frame*> frames() const;
  /// Runs a coroutine of this actor to its next suspension, from `at` or from its beginning. `frame` is gone once it is done.
  void step_coroutine(handler_frame& frame, std::coroutine_handle<> at);

  void run() override;
  bool may_move() const noexcept override { return frames_ == nullptr && !class_->dedicated; }

 private:
  void check_inside() const {
    if (!inside_runtime()) used_outside();
  }
  [[noreturn]] void used_outside() const;
  [[noreturn]] void abandon(handler_frame& frame);
  /// It runs, is not mute, and has no failure to supervise: its next step is its next message.
  bool takes_messages_only() const noexcept {
    constexpr standing plain{life::running, ending_step::handlers, false, false};
    return std::bit_cast<std::uint32_t>(now_) == std::bit_cast<std::uint32_t>(plain);
  }
  bool has_step() const noexcept {
    if (!takes_messages_only()) return has_other_step();
    auto const* const first = mailbox_.front();
    return first != nullptr && may_start(*first);
  }
  bool has_other_step() const noexcept;
  bool may_start(message const& m) const noexcept { return frames_ == nullptr || may_start_beside(m); }
  bool may_start_beside(message const& m) const noexcept;
  bool failure_is_due() const noexcept;
  bool closes_cycle(message const& m) const noexcept;
  /// `accept` where it does more than begin with this message.
  void accept_beside(std::unique_ptr<message> m);
  /// The same for `take_in`: it may tell the sender, which is work of the runtime.
  void take_in_beside(message* m);
  void refuse_late(message& m);
  void refuse_cycle(message& m);
  /// One that was owned has ended, and is no longer listed.
  void owned_ended(mesh_id mesh, point const& where, error const& why);
  /// Ends what it owns, which is something: first what is in this proc, then the rest, each in order of spawning.
  void end_children(bool drain, error const& why);
  void run_other_step();
  void run_next_message();
  void run_coroutine(std::unique_ptr<message> m, activation kind);
  /// `endpoint`: that of `m`.
  void run_message(std::unique_ptr<message> m, activation kind, endpoint_descriptor const* endpoint);
  /// A constructor, or what came from no sender.
  void run_message_of_none(std::unique_ptr<message> m);
  /// `endpoint`: that of `m`.
  void start_message(handler_frame& frame, message& m, endpoint_descriptor const* endpoint);
  void tell_of_start(handler_frame const& frame, message const& m);
  /// The handler has returned, or thrown.
  void settle_message(handler_frame& frame, message& m, platform const& seams);
  void answer_nothing(message const& m);
  void settle_thrown(handler_frame& frame, message& m, std::exception_ptr const& thrown);
  /// Whether that is a lack of memory: then this proc is over, since nothing that it still does can be relied on.
  bool out_of_memory(std::exception_ptr const& thrown);
  void run_supervise();
  void run_cleanup();
  void advance_end();
  /// The last step of the end.
  void clean_up();
  void finish();
  void destroy_user();
  void link_frame(handler_frame& frame) noexcept {
    frame.next = frames_;
    frames_ = &frame;
  }
  void unlink_frame(handler_frame& frame) noexcept {
    if (frames_ == &frame) {
      frames_ = frame.next;
    } else {
      unlink_inner(frame);
    }
  }
  void unlink_inner(handler_frame& frame) noexcept;
  void return_mailbox();
  /// Its delayed and periodic messages come no more.
  void drop_timers();
  void end_frames();
  /// From now on the cleanup bound, which began to count when the end began, is kept. Nothing keeps it where the end waits for nothing.
  void keep_cleanup_bound();

  struct end_timer final : timer {
    explicit end_timer(actor_cell& c) : cell(&c) {}
    void expired() override;
    actor_cell* cell;
  };
  struct end_reason : error, pooled {
    end_reason(error why, instant at) : error(std::move(why)), since(at) {}
    instant since;  ///< When the end began.
  };
  enum class ending_step : std::uint8_t { handlers, children, cleanup, done };
  /// What decides whether its next step is its next message, looked at as one word.
  struct standing {
    life state = life::starting;
    ending_step ending = ending_step::handlers;
    bool mute = false;
    bool failing = false;  ///< There are failures to supervise.
  };

  proc_runtime* home_;
  std::uint64_t local_;
  actor_id owner_;
  mesh_id mesh_;
  class_descriptor const* class_;
  std::unique_ptr<actor> user_;
  message_queue mailbox_;
  handler_frame* frames_ = nullptr;
  handler_frame* supervising_ = nullptr;
  std::unique_ptr<cell_extras> extras_;
  std::unique_ptr<end_timer> end_timer_;
  std::unique_ptr<end_reason> end_reason_;
  std::string name_;
  point where_;
  standing now_;
  bool overdue_ = false;  ///< The cleanup bound has passed.
};

}  // namespace roost::detail
