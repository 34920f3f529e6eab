#include <roost/live/child.hpp>
#include <roost/live/launcher.hpp>
#include <roost/live/thread_launcher.hpp>
#include <roost/transports/local.hpp>
#include <roost/transports/loopback/loopback.hpp>
#include <roost/transports/shm/shm.hpp>

namespace roost {
namespace {

live_options options_of(local_run const& how, proc_id self, std::string name) {
  live_options options;
  options.self = self;
  options.name = std::move(name);
  options.log_prefix = "[" + to_string(self) + "] ";
  options.knobs = how.knobs;
  if (how.prepare) how.prepare(options);
  return options;
}

std::vector<host_id> hosts_of(local_run const& how) {
  std::vector<host_id> all;
  for (std::size_t i = 0; i != how.hosts; ++i) all.push_back({how.host.value + i});
  return all;
}

error run_threads(proc_program& program, local_run const& how, live_options options) {
  loopback_hub hub;
  thread_group group(
      program,
      [&hub](live_platform& platform) {
        auto const& made = platform.options();
        return std::make_unique<loopback>(hub, platform.loop(), made.self, made.knobs);
      },
      [&how](launch_request const& request) { return options_of(how, request.id, request.name); }, hosts_of(how));
  live_platform platform(std::move(options));
  loopback transport(hub, platform.loop(), platform.options().self, how.knobs);
  thread_launcher launcher(group, platform);
  return platform.run(program, {}, transport, launcher);
}

error run_processes(proc_program& program, local_run const& how, live_options options, std::vector<attachment> attached) {
  live_platform platform(std::move(options));
  local_launcher launcher(
      platform.executor(), platform.options().self, how.knobs,
      {.arguments = how.arguments, .hosts = how.hosts, .own_networks = how.own_networks, .attached = std::move(attached)});
  shm_transport transport(platform.loop(), launcher, platform.options().self, how.knobs);
  return platform.run(program, {}, transport, launcher);
}

}  // namespace

error run_local(proc_program& program, local_run const& how, std::vector<attachment> attached) {
  live_options options = options_of(how, {how.host, 0, 1}, "root");
  options.catch_signals = how.catch_signals;
  return how.transport == local_transport::loopback ? run_threads(program, how, std::move(options))
                                                    : run_processes(program, how, std::move(options), std::move(attached));
}

int run_local_child(int argc, char const* const* argv, proc_program& program, knob_values knobs,
                    std::function<void(live_options&)> const& prepare) {
  auto start = take_child_start(argc, argv);
  if (!start) {
    write_stderr(start.failure().describe() + "\n");
    return 64;
  }
  live_options options;
  options.self = start->self;
  options.name = start->name;
  options.knobs = std::move(knobs);
  if (prepare) prepare(options);
  try {
    live_platform platform(std::move(options));
    shared_bytes bootstrap = start->bootstrap;
    child_launcher launcher(platform.executor(), *std::move(start));
    shm_transport transport(platform.loop(), launcher, platform.options().self, platform.options().knobs);
    return platform.run(program, std::move(bootstrap), transport, launcher) ? 6 : 0;
  } catch (exception const& lacking) {
    write_stderr(lacking.why().describe() + "\n");
    return 69;
  }
}

}  // namespace roost
