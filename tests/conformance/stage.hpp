#pragma once
// One proc of a row: its seams, what it was told on them, and the script that it runs.

#include <roost/platform/platform.hpp>
#include <tests/conformance/row.hpp>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace roost::conformance {

/// How a row's deeds are done: an adapter's.
class surroundings {
 public:
  virtual ~surroundings() = default;
  /// Does `what`: to the proc of `here`, or, where `here` is the root, between it and its peers or to their host. May come back
  /// only when a proc that stands still goes on.
  virtual void strike(deed what, stage& here) = 0;
  /// The root lets a proc go on that stands still; `process` is what the proc said of itself.
  virtual void let_go(stage& root, std::uint64_t process) = 0;
  virtual std::uint64_t process() const { return 0; }
  /// The root is over: nobody may be left standing still.
  virtual void over() {}
};

/// What a script throws when it does not see what it must.
struct mismatch {
  std::string text;
};

/// What it does it does on the control plane of its proc, as sessions do.
class stage final : public proc_instance, public transport_events, public launcher_events {
 public:
  /// What became of one channel.
  struct channel {
    proc_id peer;
    bool by_me = false;
    bool connected = false;
    bool closed = false;
    unsigned writable = 0;  ///< Times told.
    unsigned late = 0;      ///< Times anything was told after `closed`.
    error why;
    std::deque<shared_bytes> frames;
  };

  /// `role` is the script; where `result` is set it is the root's, which ends all whom it launched and the program when it is
  /// through.
  stage(platform& p, proc_id id, surroundings& around, script (*role)(stage&), nanoseconds longest, outcome* result);

  platform& seams;
  proc_id const self;
  surroundings& world;
  std::map<channel_id, channel> channels;
  std::map<proc_id, error> exits;  ///< Of launched procs.
  std::set<proc_id> running;       ///< Launched procs that have begun.

  /// Launches a proc with that role on the farthest host; it may not run yet.
  proc_id launch(std::string_view word, std::uint32_t incarnation = 1);
  proc_id launch_at(std::uint32_t ordinal, std::uint32_t incarnation, std::string_view word);
  transport& bytes() noexcept { return *seams.transport; }
  instant now() const { return seams.clock->now(); }

  /// Suspends the script until `condition` gives something true, and gives that. `what` names it when it never comes.
  template <class Condition>
  auto until(char const* what, Condition condition) {
    return wait<stage, Condition>(*this, what, std::move(condition));
  }
  /// The script that the proc goes on with when its own is through.
  void script_after(script (*next)(stage&)) { role_ = next; }
  /// Lets the proc do what else it has to do.
  auto next_turn() {
    return until("its turn", [this, now_is = turns_] {
      if (turns_ != now_is) return true;
      wake();
      return false;
    });
  }
  auto runs(proc_id id) {
    return until("a launched proc to run", [this, id] { return running.contains(id) || exits.contains(id); });
  }
  /// The channel is connected, or closed.
  auto opened(channel_id c) {
    return until("a channel to open", [this, c] { return channels[c].connected || channels[c].closed; });
  }
  auto ended(channel_id c) {
    return until("a channel to be told closed", [this, c] { return channels[c].closed; });
  }
  auto gone(proc_id id) {
    return until("a proc to be told exited", [this, id] { return exits.contains(id); });
  }
  /// Sends as soon as there is room. Gives sent or closed.
  auto send(channel_id c, shared_bytes frame) {
    return until("room to send", [this, c, frame = std::move(frame)]() -> std::optional<send_status> {
      auto const status = bytes().send(c, frame);
      return status == send_status::full ? std::nullopt : std::optional(status);
    });
  }
  struct arrival {
    channel_id from = 0;
    bool closed = false;  ///< Instead of a frame.
    shared_bytes frame = {};
  };
  /// The next frame of that channel, in the order told, or that it is closed and has no more.
  auto receive(channel_id c) {
    return until("a frame", [this, c]() -> std::optional<arrival> {
      auto& from = channels[c];
      if (!from.frames.empty()) return take(c);
      return from.closed ? std::optional(arrival{c, true}) : std::nullopt;
    });
  }
  /// The next frame of any channel.
  auto receive_any() {
    return until("a frame", [this]() -> std::optional<arrival> {
      for (auto const& [c, from] : channels) {
        if (!from.frames.empty()) return take(c);
      }
      return std::nullopt;
    });
  }
  /// The first channel to `peer` that is open.
  auto met(proc_id peer) {
    return until("a peer to connect", [this, peer]() -> std::optional<channel_id> {
      for (auto const& [c, to] : channels) {
        if (to.peer == peer && to.connected && !to.closed) return c;
      }
      return std::nullopt;
    });
  }

  void must(bool holds, std::string const& otherwise) const {
    if (!holds) throw mismatch{otherwise};
  }
  /// The cause happens now; what must be told of it was told now.
  void cause() { caused_ = now(); }
  void report() { delay_ = now() - caused_; }
  /// Something happened that a wait may be for. Others that hear of the seams in this stage's place call it.
  void wake();

  void begin() override;
  void unwind() override;
  void connected(channel_id c, proc_id peer, bool initiated) override;
  void received(channel_id c, shared_bytes frame) override;
  void writable(channel_id c) override;
  void closed(channel_id c, error why) override;
  void launched(proc_id id) override;
  void exited(proc_id id, error why) override;

 private:
  template <class Stage, class Condition>
  friend class wait;
  struct turn final : runnable {
    explicit turn(stage& s) : of(s) {}
    void run() override {
      ++of.turns_;
      of.go_on();
    }
    stage& of;
  };
  struct alarm final : timer {
    explicit alarm(stage& s) : of(s) {}
    void expired() override { of.give_up(); }
    stage& of;
  };

  arrival take(channel_id c);
  void suspended(awaited& what, char const* name);
  void go_on();
  void give_up();
  void conclude(outcome result);
  void end_all();

  control_gate* gate_;
  script (*role_)(stage&);
  nanoseconds longest_;
  outcome* result_;
  turn turn_;
  alarm alarm_;
  awaited* waiting_ = nullptr;
  char const* waiting_for_ = "";
  std::uint64_t turns_ = 0;
  std::uint32_t launched_ = 0;
  instant caused_{};
  std::optional<nanoseconds> delay_;
  bool over_ = false;       ///< The script is.
  std::set<proc_id> left_;  ///< Launched and not exited.
  script script_;
};

/// A program of stages: the root runs the row, others the role they were launched with.
class program final : public proc_program {
 public:
  program(row const& what, surroundings& world, nanoseconds longest) : row_(what), world_(world), longest_(longest) {}
  std::unique_ptr<proc_instance> make(platform& seams, proc_id self, shared_bytes bootstrap) override;
  outcome seen;  ///< By the root.

 private:
  row const& row_;
  surroundings& world_;
  nanoseconds longest_;
};

shared_bytes text(std::string_view content);
std::string text_of(shared_bytes const& content);
/// `size` bytes that nothing else has: by the number of the frame and the place in it.
shared_bytes filled(std::size_t size, std::uint64_t number);
/// Size and hash of a frame: what peers answer.
std::string digest_of(shared_bytes const& frame);

}  // namespace roost::conformance
