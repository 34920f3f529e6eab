#include <roost/live/attached_agent.hpp>

#include <sys/socket.h>

#include <utility>

namespace roost {
namespace {

constexpr int looks_per_bound = 6;

}  // namespace

attached_agent::attached_agent(event_loop& loop, live_clock& time, attachment taken, output_origin const& origin,
                               nanoseconds grace, process_events& events)
    : controlled_process(origin, grace, events), time_(time), taken_(std::move(taken)), heard_(time_.now()) {
  begin(loop, std::move(taken_.control), std::move(taken_.written));
  time_.arm(look_, heard_);
}

void attached_agent::kill() noexcept {
  if (!std::exchange(killed_, true)) taken_.notes.send({.kind = attach_kind::kill});
}

void attached_agent::detach() noexcept {
  time_.disarm(look_);
  taken_.notes.send({.kind = attach_kind::detach});
}

void attached_agent::give_up() noexcept { ::shutdown(taken_.notes.get(), SHUT_RDWR); }

bool attached_agent::has_ended() {
  for (;;) {
    attach_note note;
    switch (taken_.notes.receive(note)) {
      case attach_stream::status::note:
        heard_ = time_.now();
        if (take(note)) return true;
        break;
      case attach_stream::status::nothing: return false;
      case attach_stream::status::closed: leave("is gone: it hung up"); return true;
      case attach_stream::status::refused: leave("is gone: " + taken_.notes.failure().what); return true;
    }
  }
}

bool attached_agent::take(attach_note const& note) {
  switch (note.kind) {
    case attach_kind::leaving: leave("drains: " + note.text); return false;
    case attach_kind::ended:
      leave("lost the process that it ran, which " +
            fate_of({.code = static_cast<int>(note.number), .status = static_cast<int>(note.status)}));
      return false;
    case attach_kind::idle: leave("ended what it ran"); return true;
    default: return false;
  }
}

void attached_agent::leave(std::string why) {
  if (std::exchange(leaving_, true)) return;
  left_ = std::move(why);
  events().leaving(*this, error(errc::unavailable, left_, taken_.path));
}

void attached_agent::look_at_agent() {
  // What came while this proc was busy counts.
  if (has_ended()) return collect();
  instant const now = time_.now();
  if (now - heard_ >= taken_.bound || !taken_.notes.send({.kind = attach_kind::alive})) {
    leave("has not answered for " + to_string(taken_.bound));
    return collect();
  }
  time_.arm(look_, now + taken_.bound / looks_per_bound);
}

process_end attached_agent::reap() {
  time_.disarm(look_);
  taken_.notes.close();
  return {.lost = left_};
}

}  // namespace roost
