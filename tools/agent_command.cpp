#include <roost/base/knobs.hpp>
#include <roost/live/attachment.hpp>
#include <roost/live/standing_agent.hpp>
#include <tools/agent_command.hpp>
#include <tools/command_line.hpp>
#include <tools/simulation.hpp>

#include <filesystem>

namespace roost::tools {
namespace {

int code_of(error const& why) { return why.code == errc::bad_argument ? exit_usage : exit_unreachable; }

nanoseconds bound() { return knob_values().duration(*find_knob("live.agent_bound")); }

}  // namespace

int run_agent(invocation const& asked, output& out) {
  if (asked.listen.empty()) return out.refuse(exit_usage, {errc::bad_argument, "agent: expected --listen PATH"});
  if (auto const armed = arm(asked.plants); !armed) return out.refuse(exit_usage, armed.failure());
  auto const ran =
      run_standing_agent({.path = asked.listen, .own_network = asked.own_networks, .say = [&](std::string_view what) {
                            out.say("agent " + std::string(what));
                            out.object("agent", {{"path", json_of(asked.listen)}, {"what", json_of(what)}});
                          }});
  return ran ? static_cast<int>(exit_ok) : out.refuse(code_of(ran.failure()), ran.failure());
}

bool names_agent(std::string const& path) {
  std::error_code code;
  return std::filesystem::is_socket(path, code);
}

int describe_agent(invocation const& asked, output& out) {
  auto const said = ask_agent(asked.target, bound());
  if (!said) return out.refuse(code_of(said.failure()), said.failure());
  out.print("agent at " + asked.target + ", process " + std::to_string(said->agent) + "\n  " + said->text + "\n");
  out.object("agent", {{"path", json_of(asked.target)},
                       {"process", json_of(static_cast<std::uint64_t>(said->agent))},
                       {"what", json_of(said->text)}});
  return exit_ok;
}

int stop_agent(invocation const& asked, output& out) {
  auto const stopped = roost::stop_agent(asked.target, bound());
  if (!stopped) return out.refuse(code_of(stopped.failure()), stopped.failure());
  out.say("ended the agent at " + asked.target + ", process " + std::to_string(stopped->agent) + ", which was " + stopped->text);
  return exit_ok;
}

}  // namespace roost::tools
