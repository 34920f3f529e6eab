#pragma once
// What happened in one run of the workload, kept outside of every proc: it feeds the sequential reference model, and settles at
// the end what only the end can settle.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/sim/check/reference_model.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace roost::workload {

/// An actor as the ledger asks it: what it has still to report, and whether it has more to do.
class party {
 public:
  /// Reports every answer that has come. From anywhere; it touches nothing of the runtime.
  virtual void report() = 0;
  /// It starts nothing more by itself, and waits for no answer.
  virtual bool idle() const = 0;
  /// One of its sends waits for room; or one to `who`.
  virtual bool suspended() const = 0;
  virtual bool suspended(actor_id who) const = 0;
  /// One of its handlers started, and has not ended.
  virtual bool occupied() const = 0;
  /// It watches an actor that has ended, and was not told.
  virtual bool uninformed() const = 0;
  /// It was told that an actor which it is linked to failed.
  virtual bool doomed() const = 0;
  /// It stopped itself.
  virtual bool leaving() const = 0;
  /// A delayed message to itself has not come.
  virtual bool expectant() const = 0;

 protected:
  ~party() = default;
};

/// One message of one pair, in the sender's count.
struct slip {
  actor_id to;
  std::uint64_t number = 0;
};

/// Reports become events of the reference model; its violations fail the run at the step that showed them.
class ledger {
 public:
  /// The ledger of the run on this thread; `open` begins a new one.
  static ledger& now();
  static void open();
  ledger() = default;
  ~ledger();
  ledger(ledger const&) = delete;
  ledger& operator=(ledger const&) = delete;

  /// What is allocated from here to the end of this ledger may be lost with the stacks of abandoned handlers.
  void allow_leaks();

  /// Whether one more cleanup may sleep until its bound ends it, of up to 10 s: three, one after the other, would outlast the time that
  /// a run has to settle.
  bool one_more_oversleeps() { return overslept_++ < 2; }

  /// `owner` is nil where the stage owns it.
  void join(actor_id who, actor_id owner, party& what);
  /// `who` has ended or crashed; nothing is reported of it any more.
  void leave(actor_id who);

  void sent(actor_id from, slip const& what, std::uint64_t op, std::uint64_t content, bool request);
  void handled(actor_id by, actor_id from, std::uint64_t number, std::uint64_t op, std::uint64_t content);
  void replied(actor_id by, actor_id from, std::uint64_t number, std::uint64_t content);
  void answered(actor_id from, slip const& what, std::uint64_t content);
  void told(actor_id from, slip const& what, errc why);
  /// A receipt of a message without a reply; it does not say which, so the end decides.
  void receipt(actor_id from, actor_id to, errc fate);
  /// A value of one sender is about to be sent to a port, and was received there (or not sent after all). Of the values between
  /// the two no more than the credit is sent, and one waits for room.
  void lent(port_id const& at, actor_id by);
  void received(port_id const& at, actor_id by);
  void port_closed(port_id const& at);
  /// Nobody looks at what becomes of this message any more, or it may never have been sent.
  void abandoned(actor_id from, slip const& what);

  /// `who` cleans up, since it was stopped, or for that reason.
  void stopped(actor_id who) { stopped_.insert(who); }
  void fell(actor_id who, error const& why);
  bool has_stopped(actor_id who) const { return stopped_.contains(who); }
  /// The first cause of its end; empty where it did not say.
  std::string first_cause(actor_id who) const;
  /// What the actors of a proc count together: gives the count and adds one.
  std::uint64_t count_in(proc_id where) { return counts_[where]++; }

  /// Everyone has reported; whether nobody has anything to do or to wait for. A receipt that says `unknown` may be of a message
  /// that was handled, so it excuses one that was not only where `all_came`.
  bool quiet(bool all_came);
  bool lives(actor_id who) const { return parties_.contains(who); }
  /// Whether somebody outlives its owner.
  bool has_orphans() const;
  bool has_suspended() const;
  bool has_occupied() const;
  bool has_uninformed() const;
  bool has_doomed() const;
  bool has_leaving() const;
  bool has_expectant() const;
  /// Nothing will happen any more: judges what is left. Later reports are ignored. What a handler that never ends, or a send that
  /// never gets room, holds up is not judged: that is the business of whoever judges them.
  void close();

 private:
  struct casts {
    std::set<std::uint64_t> unhandled;
    std::set<std::uint64_t> handled;
    std::uint64_t not_handled = 0;  ///< Receipts.
    std::uint64_t unknown = 0;
  };
  using pair = std::pair<actor_id, actor_id>;

  bool any(bool (party::*what)() const) const;
  bool excused(pair const& who, std::uint64_t number) const;
  bool held_up(pair const& who) const;
  void settle(pair const& who, casts const& what);
  void speak_up();

  sim::check::reference_model model_;
  std::map<actor_id, party*> parties_;
  std::map<actor_id, actor_id> owners_;
  std::map<pair, casts> casts_;
  std::map<pair, std::set<std::uint64_t>> requests_;  ///< Neither answered nor told.
  std::map<pair, std::set<std::uint64_t>> abandoned_;
  std::map<std::pair<port_id, actor_id>, std::uint64_t> lent_;
  std::set<port_id> closed_ports_;
  std::set<actor_id> stopped_;
  std::map<actor_id, std::string> causes_;
  std::map<proc_id, std::uint64_t> counts_;
  std::size_t spoken_ = 0;
  bool closed_ = false;
  bool leaks_ = false;
  int overslept_ = 0;
};

}  // namespace roost::workload
