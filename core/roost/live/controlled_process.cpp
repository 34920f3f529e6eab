#include <roost/base/plant.hpp>
#include <roost/live/controlled_process.hpp>
#include <roost/platform/clock.hpp>

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace roost {
namespace {

ROOST_DEFINE_PLANT(plant_log_line_torn, "log-line-torn", "G13", "A line that comes in two pieces is passed on as two lines.");

}  // namespace

std::string fate_of(process_end const& end) {
  if (!end.lost.empty()) return end.lost;
  if (end.code == CLD_EXITED) return "exited with code " + std::to_string(end.status);
  return "was killed by signal " + std::to_string(end.status) + " (" + ::strsignal(end.status) + ")";
}

controlled_process::controlled_process(output_origin const& origin, nanoseconds grace, process_events& events)
    : events_(events),
      grace_(grace),
      output_{{}, forwarded_lines(origin, "stdout")},
      errors_{{}, forwarded_lines(origin, "stderr")},
      log_{{}, forwarded_lines(origin, "log")} {}

void controlled_process::begin(event_loop& loop, descriptor control, output_pipes read) {
  control_.emplace(loop, std::move(control), static_cast<control_channel_events&>(*this));
  output_.from = std::move(read.output);
  errors_.from = std::move(read.errors);
  log_.from = std::move(read.log);
  for (stream* each : streams())
    if (each->from) each->watch = loop.add(each->from.get(), EPOLLIN, [each](std::uint32_t) { forward(*each); });
  end_watch_ = loop.add(end_descriptor(), EPOLLIN, [this](std::uint32_t) {
    if (has_ended()) collect();
  });
}

void controlled_process::forward(stream& from) {
  std::array<char, 16'384> buffer;
  for (;;) {
    ssize_t const got = ::read(from.from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      from.watch.reset();
      return from.from.reset();
    }
    write_log(from.lines.feed({buffer.data(), static_cast<std::size_t>(got)}));
    if (ROOST_PLANT(plant_log_line_torn)) write_log(from.lines.finish());
  }
}

void controlled_process::hang_up() noexcept {
  control_->close();
  for (stream* each : streams()) each->watch.reset();
  end_watch_.reset();
}

void controlled_process::collect() {
  control_->read();
  hang_up();
  auto const end = reap();
  for (stream* each : streams()) {
    if (each->from) forward(*each);
    write_log(each->lines.finish());
  }
  events_.ended(*this, end);
}

void end_all(std::vector<controlled_process*> living, clock const& time) {
  for (auto* each : living) {
    each->detach();
    each->hang_up();
  }
  instant const begun = time.now();
  while (!living.empty()) {
    instant const now = time.now();
    nanoseconds left = std::chrono::hours(1);
    std::vector<pollfd> waiting;
    for (auto* each : living) {
      if (now < begun + each->grace_) {
        left = std::min(left, begun + each->grace_ - now);
      } else {
        each->kill();
        if (now < begun + 2 * each->grace_) {
          left = std::min(left, begun + 2 * each->grace_ - now);
        } else {
          each->give_up();
        }
      }
      for (int const fd : {each->end_descriptor(), each->output_.from.get(), each->errors_.from.get(), each->log_.from.get()})
        waiting.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    }
    ::poll(waiting.data(), waiting.size(), static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
    std::vector<controlled_process*> gone;
    for (std::size_t i = 0; i < living.size(); ++i) {
      auto const ready = [&](std::size_t which) { return waiting[4 * i + which].revents != 0; };
      std::size_t which = 0;
      for (auto* from : living[i]->streams())
        if (ready(++which)) controlled_process::forward(*from);
      if (ready(0) && living[i]->has_ended()) gone.push_back(living[i]);
    }
    for (auto* each : gone) {
      std::erase(living, each);
      each->collect();
    }
  }
}

}  // namespace roost
