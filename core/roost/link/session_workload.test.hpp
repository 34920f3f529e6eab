#pragma once
// A drawn workload on a drawn network, and a judge that sees only what goes in and what comes out: sends, handlers, receipts,
// frames. The judge knows nothing of sessions.

#include <roost/base/keyed.hpp>
#include <roost/link/fake_cluster.test.hpp>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace roost::link::testing {

/// Which groups of faults a run has; a property shrinks towards none.
enum fault_group : std::uint32_t {
  losing = 1,
  repeating = 2,
  overtaking = 4,
  damaging = 8,
  resetting = 16,
  partitions = 32,
  crashes = 64,
  restarts = 128,
  returning = 256,
  slow_handlers = 512,
  drawn_knobs = 1024,
  full_transport = 2048,
  verdicts = 4096,
  ending_senders = 8192,
  every_fault = 16383,
};

struct run_plan {
  std::uint64_t seed = 1;
  std::uint32_t faults = every_fault;
  std::size_t procs = 2;
  std::size_t senders = 4;
  std::size_t messages = 40;  ///< Of each sender.
};

/// Sizes, and the groups of faults (each on half of the time), from a seed.
run_plan drawn_plan(std::uint64_t seed);

/// What a run found.
struct verdict {
  std::vector<std::string> broken;  ///< Promise and sentence; empty when all held.
  std::set<std::string> seen;       ///< Rare states.
  std::uint64_t messages = 0;
  std::uint64_t handled = 0;
  std::uint64_t told = 0;
  std::uint64_t resets = 0;
  std::uint64_t frames = 0;
  std::uint64_t digest = 0;  ///< Of all that was seen, in order.
  bool holds() const noexcept { return broken.empty(); }
  bool broke(std::string_view promise) const;
};

verdict run_workload(run_plan const& plan);

/// One run.
class workload {
 public:
  explicit workload(run_plan const& plan);
  ~workload();
  verdict run();

 private:
  struct message {
    proc_id from;
    proc_id to;
    std::uint64_t sender = 0;
    std::uint64_t receiver = 0;
    std::uint64_t size = 0;
    std::uint64_t controls_before = 0;  ///< Controls sent before it to that proc.
    std::size_t handled = 0;
    std::size_t told = 0;
    errc fate = errc::ok;
    bool reply = false;
    bool call = false;
    bool admitted = false;
  };
  struct sender {
    std::uint64_t id = 0;
    std::size_t left = 0;
    std::size_t next_message = 0;  ///< Refused for want of credit, waiting for room; 0: none.
    bool ended = false;
  };
  struct receiver {
    std::deque<incoming> mailbox;
    bool busy = false;
    bool stopped = false;
    nanoseconds pace{1us};
  };
  struct node;
  using pair = std::tuple<proc_id, std::uint64_t, proc_id, std::uint64_t>;

  void build();
  node& add_node(proc_id id);
  void plan_faults();
  void crash(std::size_t index, bool restart);
  void declare(proc_id failed);
  void step_sender(node& n, sender& s);
  void offer(node& n, sender& s, std::size_t index);
  void send_control(node& n);
  void arrived(node& n, incoming m);
  void start_handler(node& n, std::uint64_t receiver);
  void end_wait(node& n, std::size_t message);
  void end_waits(node& n, std::function<bool(std::size_t)> const& which);
  /// `m` is handled or told: with the first of them it is on its way no more.
  void arrive_once(message const& m);
  void told(node& n, receipt const& r);
  void control(node& n, proc_id from, std::uint64_t index);
  void lost(node& n, proc_id peer);
  void watch_frame(proc_id from, proc_id to, shared_bytes const& frame, bool sent);
  void judge_end();
  void fail(std::string promise, std::string sentence);
  void note(std::uint64_t what, std::uint64_t which);
  bool on(fault_group g) const { return (plan_.faults & g) != 0; }
  std::string name(std::size_t index) const;
  proc_id current(std::size_t index) const { return current_[index]; }

  run_plan plan_;
  verdict result_;
  world world_;
  fake_net net_;
  keyed_stream draws_;
  knob_values knobs_;
  std::vector<std::unique_ptr<node>> nodes_;  ///< All that ever lived.
  std::vector<proc_id> current_;              ///< The living incarnation of each place.
  std::vector<message> messages_;
  std::set<proc_id> dead_;
  std::set<proc_id> declared_;
  std::map<pair, std::vector<std::size_t>> sent_order_;
  std::map<pair, std::size_t> on_way_;        ///< Admitted, and neither handled nor told.
  std::map<pair, std::size_t> last_handled_;  ///< Place in `sent_order_`, plus one.
  std::map<std::pair<pair, std::uint64_t>, std::pair<std::size_t, std::uint64_t>> open_;  ///< Per epoch: count, bytes.
  std::map<std::pair<proc_id, proc_id>, std::uint64_t> controls_sent_;
  std::map<std::pair<proc_id, proc_id>, std::uint64_t> controls_heard_;
  std::map<std::pair<proc_id, proc_id>, std::vector<instant>> control_times_;
  std::map<std::pair<proc_id, proc_id>, instant> last_loss_;  ///< (who heard of it, peer).
  std::map<std::tuple<proc_id, proc_id, std::uint64_t>, std::uint64_t> acknowledged_;
  std::map<proc_id, std::set<proc_id>> verdicts_;  ///< Who was declared failed, by proc.
};

}  // namespace roost::link::testing
