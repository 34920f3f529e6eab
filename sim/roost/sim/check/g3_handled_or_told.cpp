#include <roost/sim/check/g3_handled_or_told.hpp>

#include <algorithm>
#include <string>

namespace roost::sim::check {
namespace {

constexpr nanoseconds idle_enough = std::chrono::seconds(1);  ///< Then nothing lies in a mailbox.

}  // namespace

void g3_handled_or_told::see(scene const& at, facts const& known, findings& found) {
  // The last records of a real proc that crashed may be missing.
  auto const may_be_unknown = [&] { return at.message == nullptr && !simulated_ && known.crashes() > 0; };
  switch (at.seen.what) {
    case observed::sent:
      if (at.message == nullptr) {
        found.add("G3",
                  known.name(at.actor) + " sent with stamp number " + std::to_string(at.seen.stamp.low) +
                      ", which was used before or is far ahead of the last",
                  at.seen);
      }
      break;
    case observed::handler_started:
      if (at.seen.stamp != message_stamp{} && !may_be_unknown()) see_start(at, known, found);
      break;
    case observed::told:
      if (!may_be_unknown()) see_told(at, known, found);
      break;
    case observed::reply_arrived:
      if (!may_be_unknown()) see_reply(at, known, found);
      break;
    case observed::healed: next_look_ = at.seen.at + detection_bound_; break;
    case observed::value_received: see_received(at, known, found); break;
    case observed::end_asked: see_stop(at); break;
    default: break;
  }
}

void g3_handled_or_told::see_stop(scene const& at) {
  if (!at.seen.flag || at.other == nobody) return;
  auto const [asked, first] = stops_.try_emplace(at.other, stop{at.actor, at.seen.event});
  if (!first && asked->second.by != at.actor) asked->second.by = nobody;
}

void g3_handled_or_told::look(scene const& at, facts const& known, findings& found) {
  // Where there are many and little happens, they are looked at less often.
  if (at.seen.at < next_look_ || ++passed_ < known.ledgers().size() / 128 || lost_) return;
  passed_ = 0;
  next_look_ = at.seen.at + detection_bound_ / 4;
  look_at_passed(known, found);
  for (ledger const& sends : known.ledgers()) {
    sends.each_outstanding([&](std::uint64_t number, message_facts const& message) {
      pair_facts const& pair = known.pairs()[message.pair];
      actor_facts const& receiver = known.actor(pair.receiver);
      bool const idle = receiver.idle_since != never && at.seen.at - receiver.idle_since >= idle_enough;
      nanoseconds const passed = at.seen.at - std::max(message.sent_at, known.healed_at());
      if (lost_ || !idle || receiver.over() || known.actor(pair.sender).over() || passed <= detection_bound_ + idle_enough)
        return;
      if (!known.has_time(receiver.id.proc)) return;
      lost_ = true;
      found.add("G3",
                "message " + std::to_string(number) + " of " + known.name(pair.sender) + " to " + known.name(pair.receiver) +
                    ", which is idle, was neither handled nor told in " + to_string(passed),
                at.seen);
    });
  }
}

void g3_handled_or_told::see_start(scene const& at, facts const& known, findings& found) {
  auto const broke = [&](std::string const& why) {
    found.add("G3", known.name(at.actor) + " started " + message_name(known, at) + why, at.seen);
  };
  if (at.message == nullptr) return broke(", which nobody sent");
  if (at.message->started) return broke(" a second time");
  if (at.actor != at.pair->receiver) return broke(", which was sent to " + known.name(at.pair->receiver));
  if (at.seen.endpoint != at.message->endpoint) return broke(" at another endpoint than it was sent to");
  if (at.seen.size != 0 && at.seen.size != at.message->size) {
    return broke(", which came as " + to_string(bytes{at.seen.size}) + " and was sent as " + to_string(bytes{at.message->size}));
  }
  if (known.actor(at.actor).state == life::ended) return broke(" after it had ended");
  if (at.message->told && at.message->fate != errc::unknown) {
    broke(" after its sender was told " + std::string(to_string(at.message->fate)));
  }
  if (at.message->place > at.pair->next_place) pass_over(at, known);
}

void g3_handled_or_told::pass_over(scene const& at, facts const& known) {
  if (passed_over_.size() >= most_passed_over) {
    std::erase_if(passed_over_, [&](passed_over const& one) {
      auto const* const message = known.ledgers()[one.ledger].peek(one.number);
      return message == nullptr || !message->outstanding();
    });
    too_many_ = passed_over_.size() > most_passed_over / 2;
  }
  if (too_many_ || searched_ > most_searched) return;
  searched_ += known.ledgers()[at.pair->ledger].each_outstanding(
      at.pair->last_started + 1, at.seen.stamp.low, [&](std::uint64_t number, message_facts const& message) {
        bool const noted = message.pair == at.message->pair && passed_over_.size() < most_passed_over;
        if (noted) passed_over_.push_back({at.pair->ledger, number, at.seen.at});
      });
}

void g3_handled_or_told::look_at_passed(facts const& known, findings& found) {
  std::erase_if(passed_over_, [&](passed_over const& one) {
    auto const* const message = known.ledgers()[one.ledger].peek(one.number);
    if (message == nullptr || !message->outstanding()) return true;
    pair_facts const& pair = known.pairs()[message->pair];
    actor_facts const& sender = known.actor(pair.sender);
    bool const has_time = known.has_time(sender.id.proc) && known.has_time(known.actor(pair.receiver).id.proc);
    if (simulated_ && (!known.healed() || !has_time)) return false;
    instant const until = sender.over() ? sender.over_at : known.now();
    nanoseconds const passed = until - std::max(one.at, known.healed_at());
    if (passed <= detection_bound_ || lost_) return sender.over();
    lost_ = true;
    found.add("G3",
              "message " + std::to_string(one.number) + " of " + known.name(pair.sender) + " to " + known.name(pair.receiver) +
                  ", which handled a later one of that sender, was neither handled nor told in " + to_string(passed),
              known.now(), known.event());
    return true;
  });
  too_many_ = passed_over_.size() > most_passed_over / 2;
}

void g3_handled_or_told::see_told(scene const& at, facts const& known, findings& found) {
  std::string const fate(to_string(at.seen.outcome));
  auto const broke = [&](std::string const& why) {
    found.add("G3", known.name(at.actor) + " was told " + fate + " of " + message_name(known, at) + why, at.seen);
  };
  if (at.message == nullptr) return broke(", which nobody sent");
  if (at.actor != at.pair->sender) return broke(", which it did not send");
  if (at.message->told) return broke(" a second time, after " + std::string(to_string(at.message->fate)));
  if (at.message->answered && !at.message->forgotten) return broke(" after its answer had arrived");
  if (at.message->started && at.seen.outcome != errc::unknown) broke(" after its handler had started");
  if (auto const wrong = why_wrong(at, known); !wrong.empty()) broke(", since " + std::string(wrong));
}

std::string_view g3_handled_or_told::why_wrong(scene const& at, facts const& known) const {
  if (!simulated_ || at.seen.outcome != errc::not_handled) return {};
  actor_facts const& receiver = known.actor(at.pair->receiver);
  if (at.seen.why == errc::no_such_actor && receiver.id.local <= last_agent && !receiver.over())
    return "the agent which it is for was not there, and its proc lives";
  if (at.seen.why != errc::actor_stopped || receiver.owner != at.pair->sender || receiver.reason != errc::ok) return {};
  auto const asked = stops_.find(at.pair->receiver);
  bool const later = asked != stops_.end() && asked->second.by == at.pair->sender && asked->second.event > at.message->event;
  return later ? "its receiver had stopped, which it was asked for after the message" : std::string_view();
}

void g3_handled_or_told::see_received(scene const& at, facts const& known, findings& found) {
  if (!at.seen.flag) return;
  if (std::find(given_.begin(), given_.end(), at.seen.other) != given_.end()) {
    found.add("G3", known.name(at.actor) + " received a second value at a port for one", at.seen);
  } else if (given_.size() < most_given) {
    given_.push_back(at.seen.other);
  } else {
    given_[std::exchange(next_given_, (next_given_ + 1) % most_given)] = at.seen.other;
  }
}

void g3_handled_or_told::see_reply(scene const& at, facts const& known, findings& found) {
  auto const broke = [&](std::string const& why) {
    found.add("G3", known.name(at.actor) + " got an answer to " + message_name(known, at) + why, at.seen);
  };
  if (at.message == nullptr) return broke(", which nobody sent");
  if (at.actor != at.pair->sender) return broke(", which it did not send");
  if (at.message->answered) return broke(" a second time");
  if (!at.message->awaits_reply) return broke(", which asks for none");
  if (at.message->told) return broke(" after it was told " + std::string(to_string(at.message->fate)));
  if (!at.message->started && at.seen.outcome == errc::ok) broke(", whose handler never started");
}

void g3_handled_or_told::finish(facts const& known, findings& found) {
  look_at_passed(known, found);
  if (!known.settled()) return;
  for (ledger const& sends : known.ledgers()) {
    sends.each_outstanding([&](std::uint64_t number, message_facts const& message) {
      pair_facts const& pair = known.pairs()[message.pair];
      if (known.actor(pair.sender).over()) return;
      found.add("G3",
                "message " + std::to_string(number) + " of " + known.name(pair.sender) + " to " + known.name(pair.receiver) +
                    " (sent at event " + std::to_string(message.event) + ") was neither handled nor told",
                known.now(), known.event());
    });
  }
}

}  // namespace roost::sim::check
