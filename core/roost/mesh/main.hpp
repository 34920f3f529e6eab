#pragma once
// The entry of a program: the same executable is simulated, runs here, and is every proc that it launches.

#include <roost/mesh/hosts.hpp>
#include <roost/platform/launcher.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace roost {

/// The user's controller, run as the root actor. `arguments` are those behind "--" on the command line, or `argv` of a scenario.
using controller = std::function<void(hosts, std::vector<std::string> const& arguments)>;

/// What a program may decide beside its controller.
struct program_options {
  /// Sees a failure that reached the root, once, with its chain. The default prints nothing more and lets the program fail.
  std::function<void(error const&)> unhandled_fault_hook;
};

/// The program of a controller, for the simulator and the live runtime.
class program final : public proc_program {
 public:
  explicit program(controller run, program_options options = {});
  std::unique_ptr<proc_instance> make(platform& seams, proc_id self, shared_bytes bootstrap) override;
  void set_arguments(std::vector<std::string> arguments) override { arguments_ = std::move(arguments); }

 private:
  controller run_;
  program_options options_;
  std::vector<std::string> arguments_;
};

/// Reads the command line, runs the program as it says, and gives the exit code. Defined by the library `roost::main`.
int main(int argc, char** argv, proc_program& what);

/// The same for a controller as a function: `return roost::main(argc, argv, [](roost::hosts hosts) { ... });`
template <class F>
  requires std::is_invocable_v<F, hosts> || std::is_invocable_v<F, hosts, std::vector<std::string> const&>
int main(int argc, char** argv, F run) {
  program what([run](hosts where, [[maybe_unused]] std::vector<std::string> const& arguments) {
    if constexpr (std::is_invocable_v<F, hosts>) {
      run(std::move(where));
    } else {
      run(std::move(where), arguments);
    }
  });
  return main(argc, argv, static_cast<proc_program&>(what));
}

}  // namespace roost
