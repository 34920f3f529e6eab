#pragma once
// Tells whoever of the same user asks what a proc is doing, also while a handler keeps its loop busy. It listens on an abstract
// socket, which has no file and is gone with its process.

#include <roost/live/executor.hpp>
#include <roost/platform/launcher.hpp>
#include <roost/platform/status.hpp>

#include <memory>
#include <string>
#include <vector>

namespace roost {

/// A proc that can be asked.
struct status_address {
  std::string run;   ///< As the run is called.
  std::string proc;  ///< "h0/p1.1".
};

/// On the control plane of one proc; all outlive it.
class status_server {
 public:
  /// `name` is that of the proc, for people. It listens in `network`, the path of a network namespace, as who asks is in another
  /// than a proc that has one of its own; empty: in the proc's. Where nobody can listen, nobody answers.
  status_server(live_executor& executor, proc_instance const& instance, proc_id self, std::string name, std::string run,
                std::string network = {});
  ~status_server();
  status_server(status_server const&) = delete;
  status_server& operator=(status_server const&) = delete;

 private:
  void accept_all();
  proc_status compose(std::size_t most_actors);

  live_executor& executor_;
  proc_instance const& instance_;
  proc_id self_;
  std::string name_;
  instant began_;
  descriptor socket_;
  fd_watch watch_;
  std::shared_ptr<status_server*> alive_ = std::make_shared<status_server*>(this);
};

/// The procs on this machine that can be asked, sorted; those of other users too.
std::vector<status_address> listening_procs();
/// Asks one. Errors: `errc::unavailable` where nobody answers within two seconds, `errc::version_mismatch` where the answer is that
/// of another build.
result<proc_status> ask_status(status_address const& whom, std::size_t most_actors);

}  // namespace roost
