// Procs that are threads of this process, over loopback.

#include <roost/transports/local.hpp>
#include <tests/conformance/local.hpp>
#include <tests/conformance/stage.hpp>

#include <condition_variable>
#include <mutex>

namespace roost::conformance {
namespace {

/// Where a thread that stands still waits.
class threads final : public surroundings {
 public:
  void strike(deed what, stage&) override {
    ROOST_INVARIANT(what == deed::stand_still, std::string(to_string(what)));
    std::unique_lock lock(changing_);
    stands_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return free_; });
  }
  void let_go(stage&, std::uint64_t) override {
    std::unique_lock lock(changing_);
    changed_.wait(lock, [this] { return stands_; });
    free_ = true;
    changed_.notify_all();
  }
  void over() override {
    std::lock_guard const lock(changing_);
    free_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex changing_;
  std::condition_variable changed_;
  bool stands_ = false;
  bool free_ = false;
};

class over_loopback final : public adapter {
 public:
  std::string_view name() const override { return "loopback"; }
  std::string_view obstacle(deed what) const override {
    switch (what) {
      case deed::stand_still: return {};
      case deed::stand_for_good: return "A thread that stands still cannot be killed.";
      case deed::reset:
      case deed::cut: return "Between two threads of one process there is nothing that can break without the process.";
      case deed::damage:
      case deed::scribble: return "Frames are handed over as objects of one process: there are no bytes of a peer to damage.";
      case deed::lose_host: return "All procs are threads of one process, which is their host.";
    }
    return {};
  }
  outcome run(row const& what, nanoseconds longest) const override {
    threads world;
    program rows(what, world, longest);
    local_run how;
    how.transport = local_transport::loopback;
    how.knobs = local_knobs(what.limits);
    how.catch_signals = false;
    if (error const why = run_local(rows, how)) return {verdict::fails, why.describe(), {}};
    return rows.seen;
  }
};

}  // namespace

adapter const& loopback_adapter() {
  static over_loopback const made;
  return made;
}

}  // namespace roost::conformance
