#include <roost/sim/check/g10_bounded.hpp>

#include <algorithm>
#include <string>

namespace roost::sim::check {

void g10_bounded::see_value(scene const& at, facts const& known, findings& found) {
  observation const& seen = at.seen;
  if (seen.what == observed::port_closed) {
    values_.erase(values_.lower_bound({seen.other, 0}), values_.upper_bound({seen.other, ~std::uint64_t{0}}));
    return;
  }
  if (seen.what == observed::value_received && seen.key == entity_key{}) return;
  auto const sender = seen.what == observed::value_received ? seen.key.value : hash_of(seen.actor);
  auto const entry = values_.try_emplace({seen.other, sender}, 0).first;
  entry->second += seen.what == observed::value_sent ? 1 : -1;
  if (entry->second > messages_ + reserve && seen.what == observed::value_sent) {
    found.add("G10",
              known.name(at.actor) + " has " + std::to_string(entry->second) + " values on their way to a port of " +
                  to_string(seen.other.proc) + ", with credit for " + std::to_string(messages_),
              seen);
  }
  if (entry->second == 0) values_.erase(entry);
}

void g10_bounded::too_many(scene const& at, facts const& known, findings& found, std::int64_t count) const {
  found.add("G10",
            known.name(at.actor) + " has " + std::to_string(count) + " messages on their way to " + known.name(at.other) +
                ", with credit for " + std::to_string(messages_) + " and a reserve of " + std::to_string(reserve),
            at.seen);
}

void g10_bounded::weigh(scene const& at, facts const& known, findings& found, std::uint64_t size) const {
  std::uint64_t largest = 0;
  known.ledgers()[at.pair->ledger].each_outstanding([&](std::uint64_t, message_facts const& message) {
    if (message.pair == at.message->pair) largest = std::max(largest, message.size);
  });
  if (size - largest <= static_cast<std::uint64_t>(bytes_)) return;
  found.add("G10",
            known.name(at.actor) + " has " + to_string(bytes{size}) + " on their way to " + known.name(at.other) +
                ", with credit for " + to_string(bytes{static_cast<std::uint64_t>(bytes_)}),
            at.seen);
}

}  // namespace roost::sim::check
