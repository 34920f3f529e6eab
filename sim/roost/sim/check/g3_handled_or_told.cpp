#include <roost/sim/check/g3_handled_or_told.hpp>

#include <string>

namespace roost::sim::check {

void g3_handled_or_told::see(scene const& at, facts const& known, findings& found) {
  if (at.message == nullptr && at.seen.what != observed::sent && !simulated_ && known.crashes() > 0) return;
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
      if (at.seen.stamp != message_stamp{}) see_start(at, known, found);
      break;
    case observed::told: see_told(at, known, found); break;
    case observed::reply_arrived: see_reply(at, known, found); break;
    default: break;
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
  if (known.actor(at.actor).state == life::ended) return broke(" after it had ended");
  if (at.message->told && at.message->fate != errc::unknown) {
    broke(" after its sender was told " + std::string(to_string(at.message->fate)));
  }
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
