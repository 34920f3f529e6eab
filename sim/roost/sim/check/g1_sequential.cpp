#include <roost/sim/check/g1_sequential.hpp>

#include <algorithm>
#include <string>

namespace roost::sim::check {
namespace {

std::string handler_name(facts const& known, scene const& at) {
  if (at.seen.stamp == message_stamp{}) return "a callback";
  return "the handler of " + message_name(known, at);
}

}  // namespace

void g1_sequential::see(scene const& at, facts const& known, findings& found) {
  if (at.actor >= actors_.size()) actors_.resize(std::max<std::size_t>(at.actor + 1, 2 * actors_.size()));
  activity& now = actors_[at.actor];
  auto const broke = [&](std::string const& what) { found.add("G1", known.name(at.actor) + ": " + what, at.seen); };
  bool const ended = known.actor(at.actor).over();
  switch (at.seen.what) {
    case observed::actor_started:
      if (now.seen_to_run) broke("the actor started after its user code ran");
      break;
    case observed::handler_started: start_handler(at, now, known, found); break;
    case observed::handler_ended: end_handler(at, now, known, found); break;
    case observed::supervise_started: {
      std::string const name = "supervise of " + known.name(at.other);
      if (ended) {
        broke(name + " started after the actor ended");
      } else if (now.supervising) {
        broke(name + " started within another supervise");
      } else if (now.cleaning || now.cleaned) {
        broke(name + " started after cleanup did");
      } else if ((now.serial_open || now.concurrent > 0) && now.waits == 0) {
        broke(name + " started while a handler ran and did not wait");
      }
      now.supervising = true;
      now.supervise_waits = false;
      break;
    }
    case observed::supervise_ended:
      if (!now.supervising && !ended) broke("supervise ended and had not started");
      now.supervising = false;
      break;
    case observed::cleanup_started:
      if (ended) {
        broke("cleanup started after the actor ended");
      } else if (now.cleaning || now.cleaned) {
        broke("cleanup started twice");
      } else if (now.serial_open || now.concurrent > 0) {
        broke("cleanup started before the last handler ended");
      } else if (now.supervising) {
        broke("cleanup started while supervise ran");
      }
      now.cleaning = true;
      break;
    case observed::cleanup_ended:
      if (!now.cleaning && !ended) broke("cleanup ended and was not running");
      now.cleaning = false;
      now.cleaned = true;
      break;
    case observed::wait_started:
      if (ended) {
        broke("user code ran, and waits, after the actor ended");
      } else if (now.supervising) {
        if (now.supervise_waits) broke("a handler ran, and waits, while supervise ran");
        now.supervise_waits = true;
        now.supervise_wait = at.seen.wait;
      } else {
        ++now.waits;
      }
      break;
    case observed::wait_ended:
      if (now.supervise_waits && now.supervise_wait == at.seen.wait) {
        now.supervise_waits = false;
        break;
      }
      if (now.supervising && !ended) broke("a handler went on after its wait while supervise ran");
      if (now.waits > 0) --now.waits;
      break;
    case observed::actor_ended:
      if (ended) break;
      if (now.serial_open || now.concurrent > 0) broke("the actor ended while a handler ran");
      if (now.supervising) broke("the actor ended while supervise ran");
      if (now.cleaning) broke("the actor ended while cleanup ran");
      break;
    default: break;
  }
  now.seen_to_run = true;
}

void g1_sequential::see_lost(scene const& at, facts const& known, findings& found) {
  found.add("G1", known.name(at.actor) + ": its code ran, or the runtime spoke for it, after its proc crashed", at.seen);
}

void g1_sequential::start_handler(scene const& at, activity& now, facts const& known, findings& found) {
  auto const broke = [&](std::string const& why) {
    found.add("G1", known.name(at.actor) + ": " + handler_name(known, at) + " started " + why, at.seen);
  };
  if (known.actor(at.actor).over()) {
    if (at.seen.stamp == message_stamp{}) broke("after the actor ended");
    return;
  }
  if (now.cleaning || now.cleaned) {
    broke("after cleanup did");
  } else if (now.supervising) {
    broke("while supervise ran");
  } else if (!at.seen.flag && now.serial_open) {
    broke(now.waits == 0 ? "while another handler ran" : "while another handler waited");
  }
  if (at.seen.limit != 0 && now.concurrent >= at.seen.limit) {
    auto const open = std::count_if(concurrent_.begin(), concurrent_.end(), [&](open_handler const& one) {
      return one.actor == at.actor && one.endpoint == at.seen.endpoint;
    });
    if (open >= at.seen.limit) broke("beside " + std::to_string(open) + " others, which is the limit of their endpoint");
  }
  if (at.seen.flag || now.serial_open) {
    ++now.concurrent;
    concurrent_.push_back({at.actor, at.seen.endpoint, at.seen.stamp});
  } else {
    now.serial_open = true;
    now.serial = at.seen.stamp;
  }
}

void g1_sequential::end_handler(scene const& at, activity& now, facts const& known, findings& found) {
  auto const broke = [&](std::string const& why) {
    found.add("G1", known.name(at.actor) + ": " + handler_name(known, at) + " ended " + why, at.seen);
  };
  if (now.supervising && !known.actor(at.actor).over()) broke("while supervise ran");
  if (now.serial_open && now.serial == at.seen.stamp) {
    now.serial_open = false;
  } else {
    auto const open = std::find_if(concurrent_.rbegin(), concurrent_.rend(),
                                   [&](open_handler const& one) { return one.actor == at.actor && one.stamp == at.seen.stamp; });
    if (open != concurrent_.rend()) {
      *open = concurrent_.back();
      concurrent_.pop_back();
      --now.concurrent;
    } else if (!known.actor(at.actor).over()) {
      broke("and had not started");
    }
  }
  if (!now.serial_open && now.concurrent == 0) now.waits = 0;
}

}  // namespace roost::sim::check
