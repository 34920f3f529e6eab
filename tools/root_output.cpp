#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <tools/root_output.hpp>

#include <array>
#include <cerrno>

namespace roost::tools {
namespace {

/// The root is this process's, whichever number its host has.
output_origin root_origin() { return {.host = to_string(host_id{}), .proc = to_string(proc_id{{}, 0, 1})}; }

}  // namespace

result<void> root_output::add(int instead_of, std::string_view name) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("make a pipe", errno);
  streams_.push_back({instead_of, descriptor(ends[0]), descriptor(ends[1]), forwarded_lines(root_origin(), name)});
  return {};
}

result<std::unique_ptr<root_output>> root_output::open(bool all) {
  std::unique_ptr<root_output> made(new root_output);
  if (auto const added = made->add(-1, "log"); !added) return added.failure();
  if (auto const added = made->add(STDERR_FILENO, "stderr"); !added) return added.failure();
  if (!all) return made;
  if (auto const added = made->add(STDOUT_FILENO, "stdout"); !added) return added.failure();
  return made;
}

root_output::~root_output() {
  if (reader_.joinable()) reader_.join();
}

void root_output::take_over() {
  for (auto& each : streams_) {
    each.read.reset();
    if (each.instead_of < 0) {
      set_log_format(log_format::json, each.write.get());
    } else {
      ::dup2(each.write.get(), each.instead_of);
      each.write.reset();
    }
  }
}

void root_output::pass_on() {
  for (auto& each : streams_) each.write.reset();
  reader_ = std::thread([this] { read_all(); });
}

void root_output::read_all() {
  std::array<char, 16'384> buffer;
  for (auto open = streams_.size(); open != 0;) {
    std::vector<pollfd> waiting;
    for (auto const& each : streams_) waiting.push_back({.fd = each.read.get(), .events = POLLIN, .revents = 0});
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    for (std::size_t i = 0; i != streams_.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      auto& from = streams_[i];
      auto const got = ::read(from.read.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got > 0) {
        write_log(from.lines.feed({buffer.data(), static_cast<std::size_t>(got)}));
      } else {
        write_log(from.lines.finish());
        from.read.reset();
        --open;
      }
    }
  }
}

}  // namespace roost::tools
