#include <poll.h>

#include <tools/worker_pool.hpp>
#include <tools/worker_protocol.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>

namespace roost::tools {
namespace {

using wall_clock = std::chrono::steady_clock;

std::sig_atomic_t volatile interrupt_came = 0;

void on_interrupt(int) { interrupt_came = 1; }

constexpr std::uint64_t most_warm_ups = 8;

}  // namespace

bool interrupted() noexcept { return interrupt_came != 0; }

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = &on_interrupt;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
}

struct worker_pool::slot {
  std::optional<worker> process;
  std::vector<std::uint64_t> history;
  std::optional<pool_task> task;
  std::uint64_t warm_up = 0;  ///< Runs this many seeds further first, so that the process has run another; 0: none.
  std::uint64_t order = 0;
  wall_clock::time_point deadline;
};

result<void> worker_pool::begin(slot& on, pool_task task, std::uint64_t order) {
  if (task.fresh) on.process.reset();
  bool const warm = on.process && !on.history.empty();
  on.warm_up = task.used && !warm ? 1 : 0;
  on.task = std::move(task);
  on.order = order;
  return send(on);
}

result<void> worker_pool::send(slot& on) {
  if (!on.process) {
    auto started = worker::start(what_, options_.own_logs);
    if (!started) return started.failure();
    on.process = *std::move(started);
    on.history.clear();
  }
  job first = on.task->work;
  if (on.warm_up != 0)
    first = job{.seed = first.seed + on.warm_up, .plan = {}, .until_event = 0, .trace_file = {}, .last_events = 0};
  on.process->send(first);
  on.deadline = wall_clock::now() + what_.what.wall_limit + std::chrono::seconds(2);
  return {};
}

void worker_pool::finish(slot& on, outcome done) {
  bool const over = !done.died.empty() || on.task->fresh;
  if (over && done.died.empty()) {
    done.died = on.process->retire();
    if (!done.died.empty()) {
      done.died = "after the run: " + done.died;
      done.log = on.process->log();
      done.run.outcome = sim::verdict::crashed;
    }
  }
  if (!done.died.empty() && done.run.plan.empty()) {
    done.run.plan = on.task->work.plan.value_or(sim::draw_plan(what_.what, done.seed));
  }
  finished_.emplace_back(on.order, pool_outcome{*std::move(on.task), std::move(done), on.history});
  on.task.reset();
  on.history.push_back(finished_.back().second.task.work.seed);
  if (over) {
    on.process.reset();
    on.history.clear();
  }
}

result<void> worker_pool::look_at(slot& on) {
  std::string line;
  auto const state = on.process->read(line);
  bool const late = wall_clock::now() > on.deadline;
  if (state == worker::state::busy && !late) return {};
  if (on.warm_up != 0) {
    // How it went matters to nobody. Where the process is gone another seed is tried, and where it hung none: that takes long.
    if (state == worker::state::answered) {
      on.history.push_back(on.task->work.seed + on.warm_up);
      on.warm_up = 0;
    } else {
      on.process.reset();
      on.warm_up = state == worker::state::dead && on.warm_up != most_warm_ups ? on.warm_up + 1 : 0;
    }
    return send(on);
  }
  outcome done;
  done.seed = on.task->work.seed;
  if (state == worker::state::answered) {
    auto read = decode_outcome(line);
    if (read) {
      done = *std::move(read);
    } else {
      done.died = read.failure().what;
      done.run.outcome = sim::verdict::crashed;
    }
  } else if (state == worker::state::dead) {
    done.died = on.process->end();
    done.log = on.process->log();
    done.run.outcome = sim::verdict::crashed;
  } else {
    auto const where = on.process->where();
    done.died = "its wall limit of " + roost::to_string(what_.what.wall_limit) + " passed" + (where.empty() ? "" : ", " + where);
    done.log = on.process->log();
    done.run.outcome = sim::verdict::no_verdict;
  }
  finish(on, std::move(done));
  return {};
}

result<void> worker_pool::run(std::function<std::optional<pool_task>()> const& next,
                              std::function<bool(pool_outcome)> const& done, std::function<void()> const& tick) {
  std::vector<slot> slots(std::max(1U, options_.workers));
  std::uint64_t given = 0, handed_back = 0;
  bool more = true;
  while (!interrupted()) {
    for (auto& each : slots) {
      // Far ahead of the oldest task only memory would grow.
      if (!more || each.task || given > handed_back + 64 * slots.size()) continue;
      auto task = next();
      more = task.has_value();
      if (!task) break;
      if (auto const begun = begin(each, *std::move(task), given); !begun) return begun;
      ++given;
    }
    if (given == handed_back) break;
    std::vector<pollfd> watched;
    for (auto const& each : slots) {
      if (each.task) watched.push_back({each.process->answers(), POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), 200);
    for (auto& each : slots) {
      if (!each.task) continue;
      if (auto const looked = look_at(each); !looked) return looked;
    }
    tick();
    std::sort(finished_.begin(), finished_.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
    while (!finished_.empty() && finished_.front().first == handed_back) {
      auto first = std::move(finished_.front().second);
      finished_.erase(finished_.begin());
      ++handed_back;
      if (!done(std::move(first))) return {};
    }
  }
  if (interrupted()) return {};
  for (auto& each : slots) {
    if (!each.process) continue;
    auto const ended = each.process->retire();
    if (ended.empty()) continue;
    pool_outcome last;
    last.done.seed = each.history.empty() ? 0 : each.history.back();
    last.task.work.seed = last.done.seed;
    last.done.died = "after its last run: " + ended;
    last.done.log = each.process->log();
    last.done.run.outcome = sim::verdict::crashed;
    if (!done(std::move(last))) break;
  }
  return {};
}

result<outcome> run_apart(simulation const& what, job work, bool own_log) {
  std::optional<outcome> only;
  bool given = false;
  worker_pool pool(what, {.workers = 1, .own_logs = own_log});
  auto const ran = pool.run(
      [&]() -> std::optional<pool_task> {
        if (std::exchange(given, true)) return std::nullopt;
        return pool_task{.work = std::move(work), .fresh = true, .used = false};
      },
      [&](pool_outcome done) {
        only = std::move(done.done);
        return true;
      },
      [] {});
  if (!ran) return ran.failure();
  if (!only) return error(errc::ended, "interrupted");
  return *std::move(only);
}

}  // namespace roost::tools
