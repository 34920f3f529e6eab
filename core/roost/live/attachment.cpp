#include <roost/live/agent_socket.hpp>
#include <roost/live/attach_request.hpp>
#include <roost/live/attachment.hpp>
#include <roost/live/control_socket.hpp>
#include <roost/live/host_agent.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

extern char** environ;

namespace roost {
namespace {

using steady = std::chrono::steady_clock;
constexpr auto look_again = std::chrono::milliseconds(10);
constexpr auto try_again = std::chrono::milliseconds(100);

int milliseconds_until(steady::time_point when) {
  auto const left = std::chrono::ceil<std::chrono::milliseconds>(when - steady::now());
  return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

error no_answer(std::string const& path, nanoseconds bound) {
  return {errc::unavailable, "the agent does not answer within " + to_string(bound), path};
}

/// A connection to the agent, whose user may be trusted with what this process has.
result<attach_stream> connect_to(std::string const& path, nanoseconds bound) {
  auto const address = address_of_agent(path);
  if (!address) return address.failure();
  auto const until = steady::now() + bound;
  descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error("make a socket", errno);
  while (::connect(socket.get(), reinterpret_cast<sockaddr const*>(&*address), sizeof *address) != 0) {
    int const why = errno;
    if (why == EINTR) continue;
    if (why == ECONNREFUSED) return error(errc::unavailable, "no agent listens there any more", path);
    if (why != EAGAIN) return error(errc::unavailable, system_error("reach an agent", why).what, path);
    // Its queue is full: it does not take what comes.
    if (steady::now() >= until) return no_answer(path, bound);
    ::poll(nullptr, 0, static_cast<int>(look_again.count()));
  }
  auto const peer = peer_of(socket.get());
  if (!peer) return peer.failure();
  if (peer->user != ::geteuid() && peer->user != 0)
    return error(errc::unauthenticated,
                 "the agent runs as user " + std::to_string(peer->user) + ", this process as user " + std::to_string(::geteuid()),
                 path);
  return attach_stream(std::move(socket));
}

/// The next note, at the latest at `until`.
result<attach_note> await_note(attach_stream& from, std::string const& path, steady::time_point until, nanoseconds bound) {
  for (;;) {
    attach_note note;
    switch (from.receive(note)) {
      case attach_stream::status::note:
        if (note.kind == attach_kind::alive) continue;
        if (note.kind == attach_kind::refused)
          return error(note.status == 0 ? errc::unavailable : errc::would_block, "the agent refuses: " + note.text, path);
        return note;
      case attach_stream::status::closed: return error(errc::unavailable, "the agent hung up without an answer", path);
      case attach_stream::status::refused: {
        auto why = from.failure();
        why.what = "what listens there is no agent of this roost: " + why.what;
        why.where = path;
        return why;
      }
      case attach_stream::status::nothing: break;
    }
    if (steady::now() >= until) return no_answer(path, bound);
    pollfd waiting{.fd = from.get(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, milliseconds_until(until));
  }
}

result<attach_note> ask(attach_stream& agent, std::string const& path, attach_note const& what, std::vector<int> const& with,
                        attach_kind answer, nanoseconds bound) {
  auto const until = steady::now() + bound;
  // What cannot be sent was refused before it was read: the reason is there to be read.
  agent.send(what, with);
  auto const note = await_note(agent, path, until, bound);
  if (note && note->kind != answer) return error(errc::bad_frame, "the agent answers something else", path);
  return note;
}

/// Tries again within the bound as long as the agent has too many callers.
template <class Attempt>
auto while_crowded(nanoseconds bound, Attempt const& attempt) -> decltype(attempt()) {
  auto const until = steady::now() + bound;
  for (;;) {
    auto const begun = steady::now();
    auto got = attempt();
    if (got || got.failure().code != errc::would_block) return got;
    if (begun >= until) return error(errc::unavailable, got.failure().what, got.failure().where);
    ::poll(nullptr, 0, std::min(milliseconds_until(until), static_cast<int>(try_again.count())));
  }
}

std::vector<std::string> this_environment() {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) all.emplace_back(*each);
  return all;
}

result<attachment> attach_once(std::string const& path, attach_options const& options) {
  attachment made{.path = path, .agent = -1, .bound = options.bound, .notes = {}, .control = {}, .written = {}};
  auto connected = connect_to(path, options.bound);
  if (!connected) return connected.failure();
  made.notes = *std::move(connected);
  auto control = socket_pair();
  if (!control) return control.failure();
  auto pipes = make_output_pipes();
  if (!pipes) return pipes.failure();
  made.control = std::move(control->first);
  made.written = std::move(pipes->read);
  if (auto const told = send_record(
          made.control.get(),
          {.kind = control_kind::start, .request = options.hosts, .proc = {options.host, 0, 0}, .other = options.root});
      !told)
    return told.failure();

  std::error_code code;
  attach_words words{.program = std::filesystem::read_symlink("/proc/self/exe", code).string(),
                     .run = options.run,
                     .build = options.build,
                     .bound_ns = options.bound.count(),
                     .arguments = agent_arguments(false),
                     .environment = this_environment()};
  words.arguments.front() += "-" + to_string(options.host);
  words.arguments.insert(words.arguments.end(), options.arguments.begin(), options.arguments.end());
  auto const written = write_attach_words(words);
  if (!written) return written.failure();
  descriptor const executable(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  descriptor const directory(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!executable || !directory) return system_error("open this executable and its folder", errno);
  std::vector<int> with{written->get(),   control->second.get(), pipes->write.output.get(), pipes->write.errors.get(),
                        executable.get(), directory.get()};
  if (pipes->write.log) with.push_back(pipes->write.log.get());
  auto const accepted = ask(made.notes, path, {.kind = attach_kind::attach}, with, attach_kind::accepted, options.bound);
  if (!accepted) return accepted.failure();
  made.agent = static_cast<pid_t>(accepted->number);
  return made;
}

/// An agent, and what it said when it was asked.
struct asked_agent {
  attach_stream stream;
  attach_note said;
};
result<asked_agent> ask_once(std::string const& path, attach_kind what, attach_kind answer, nanoseconds bound) {
  auto agent = connect_to(path, bound);
  if (!agent) return agent.failure();
  auto said = ask(*agent, path, {.kind = what}, {}, answer, bound);
  if (!said) return said.failure();
  return asked_agent{*std::move(agent), *std::move(said)};
}

}  // namespace

result<attachment> attach_agent(std::string const& path, attach_options const& options) {
  return while_crowded(options.bound, [&] { return attach_once(path, options); });
}

result<agent_state> ask_agent(std::string const& path, nanoseconds bound) {
  auto const asked = while_crowded(bound, [&] { return ask_once(path, attach_kind::inquire, attach_kind::state, bound); });
  if (!asked) return asked.failure();
  return agent_state{static_cast<pid_t>(asked->said.number), asked->said.text};
}

result<agent_state> stop_agent(std::string const& path, nanoseconds bound) {
  auto asked = while_crowded(bound, [&] { return ask_once(path, attach_kind::stop, attach_kind::accepted, bound); });
  if (!asked) return asked.failure();
  attach_note note;
  while (asked->stream.receive(note) != attach_stream::status::closed) {
    pollfd waiting{.fd = asked->stream.get(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, -1);
  }
  return agent_state{static_cast<pid_t>(asked->said.number), asked->said.text};
}

}  // namespace roost
