#pragma once
// Runs many jobs in a few workers at once and hands back the outcomes in the order of the jobs.

#include <tools/worker.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace roost::tools {

/// Whether SIGINT has come since `catch_interrupts`.
bool interrupted() noexcept;
void catch_interrupts();

struct pool_task {
  job work;
  bool fresh = false;  ///< In a process that has run nothing and runs nothing after; else in one that has run another seed.
  bool used = false;   ///< In a process that has run another seed before, unless of eight others each crashed it, or one hung.
};

struct pool_outcome {
  pool_task task;
  outcome done;
  std::vector<std::uint64_t> history;  ///< Seeds that the process had run before.
};

struct pool_options {
  unsigned workers = 1;
  bool own_logs = true;
};

class worker_pool {
 public:
  worker_pool(simulation const& what, pool_options options) : what_(what), options_(options) {}

  /// Takes tasks from `next` until it has none, and gives each outcome to `done`, in order. Stops early when `done` returns false
  /// or an interrupt comes. A worker that dies, or runs for longer than the scenario's wall limit and two seconds, gives an outcome
  /// with `died`. `tick` is called at least twice a second. Errors: no worker can be started.
  result<void> run(std::function<std::optional<pool_task>()> const& next, std::function<bool(pool_outcome)> const& done,
                   std::function<void()> const& tick);

 private:
  struct slot;
  result<void> begin(slot& on, pool_task task, std::uint64_t order);
  void finish(slot& on, outcome done);
  result<void> send(slot& on);
  result<void> look_at(slot& on);

  simulation const& what_;
  pool_options options_;
  std::vector<std::pair<std::uint64_t, pool_outcome>> finished_;  ///< With their places in the order of tasks.
};

/// One job in a worker of its own.
result<outcome> run_apart(simulation const& what, job work, bool own_log);

}  // namespace roost::tools
