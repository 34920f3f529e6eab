#include <roost/sim/check/facts.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace roost::sim::check {

observation start_seen(start_observation const& start) {
  observation seen;
  seen.what = observed::handler_started;
  seen.actor = start.actor;
  seen.endpoint = start.endpoint;
  seen.stamp = start.stamp;
  seen.flag = start.limit != 0;
  seen.limit = start.limit;
  seen.size = start.size.value;
  return seen;
}

observation value_seen(value_observation const& value) {
  constexpr std::array steps{observed::value_sent, observed::value_back, observed::value_received, observed::port_closed};
  observation seen;
  seen.what = steps[static_cast<std::size_t>(value.step)];
  seen.actor = value.owner != actor_id{} ? value.owner : value.sender;
  seen.other = {value.home, value.port};
  if (value.owner != actor_id{} && value.sender != actor_id{}) seen.key = {hash_of(value.sender)};
  seen.flag = value.once;
  return seen;
}

message_facts* ledger::add(std::uint64_t number) {
  if (number < next_ || number - next_ > widest_gap) return nullptr;
  while (next_ <= number) {
    if (next_ - base_ == ring_.size()) settle();
    if (next_ - base_ == ring_.size()) {
      std::vector<message_facts> wider(ring_.empty() ? 8 : 2 * ring_.size());
      for (std::uint64_t held = base_; held != next_; ++held) wider[held & (wider.size() - 1)] = slot(held);
      ring_.swap(wider);
    }
    slot(next_++) = {};
  }
  return &slot(number);
}

std::ptrdiff_t ledger::place_of_stray(std::uint64_t number) const {
  auto const by_number = [](stray const& left, std::uint64_t right) { return left.number < right; };
  return std::lower_bound(strays_.begin(), strays_.end(), number, by_number) - strays_.begin();
}

message_facts* ledger::find(std::uint64_t number) {
  if (number >= next_ || number == 0) return nullptr;
  if (number >= base_) return slot(number).pair == nobody ? nullptr : &slot(number);
  auto const at = strays_.begin() + place_of_stray(number);
  if (at != strays_.end() && at->number == number) return at->message.pair == nobody ? nullptr : &at->message;
  // From now on it is remembered: whatever asks for it is out of the ordinary.
  message_facts forgotten;
  forgotten.pair = last_pair;
  forgotten.started = true;
  forgotten.answered = true;
  forgotten.forgotten = true;
  return &strays_.insert(at, {number, forgotten})->message;
}

message_facts const* ledger::peek(std::uint64_t number) const {
  if (number >= next_) return nullptr;
  if (number >= base_) return slot(number).pair == nobody ? nullptr : &slot(number);
  auto const at = strays_.begin() + place_of_stray(number);
  return at == strays_.end() || at->number != number || at->message.pair == nobody ? nullptr : &at->message;
}

void ledger::settle() {
  while (base_ != next_) {
    message_facts const& oldest = slot(base_);
    bool const held_long = oldest.started && next_ - base_ > most_held;
    if (oldest.pair != nobody && !oldest.complete() && !held_long) return;
    if (!oldest.ordinary()) keep({base_, oldest});
    ++base_;
  }
}

void ledger::keep(stray one) {
  if (strays_.size() > 2 * kept_strays_ + 64) {
    std::erase_if(strays_, [](stray const& old) { return old.message.ordinary(); });
    kept_strays_ = strays_.size();
  }
  strays_.push_back(one);
}

scene facts::enter(observation const& seen) {
  scene at{seen};
  now_ = seen.at;
  event_ = seen.event;
  switch (seen.what) {
    case observed::sent: {
      at.actor = number_of(seen.actor);
      std::uint32_t const book = ledger_of(seen.stamp.high);
      at.other = receiver_number(ledgers_[book], seen.other);
      at.message = ledgers_[book].add(seen.stamp.low);
      if (at.message == nullptr) break;
      std::uint32_t const pair = pair_of(at.actor, at.other, book);
      *at.message = {.pair = pair,
                     .awaits_reply = seen.flag,
                     .place = pairs_[pair].sent,
                     .endpoint = seen.endpoint,
                     .size = seen.size,
                     .event = seen.event,
                     .sent_at = seen.at,
                     .deadline = seen.deadline};
      at.pair = &pairs_[pair];
      break;
    }
    case observed::told:
    case observed::returned:
    case observed::handler_started:
    case observed::reply_arrived:
      at.actor = number_of(seen.actor);
      if (seen.stamp != message_stamp{}) find_message(at);
      break;
    case observed::actor_started:
    case observed::supervise_started:
    case observed::supervise_ended:
    case observed::wait_started:
    case observed::notice:
    case observed::watch_started:
    case observed::forwarded:
    case observed::end_asked:
      at.actor = number_of(seen.actor);
      if (seen.what == observed::forwarded) find_message(at);
      if (seen.other != actor_id{}) at.other = other_number(seen.other);
      break;
    case observed::actor_ended:
    case observed::handler_ended:
    case observed::cleanup_started:
    case observed::cleanup_ended:
    case observed::replied:
    case observed::value_sent:
    case observed::value_back:
    case observed::value_received:
    case observed::port_closed:
    case observed::wait_ended: at.actor = number_of(seen.actor); break;
    case observed::proc_started:
    case observed::proc_crashed:
    case observed::proc_exited:
    case observed::unhandled_fault:
    case observed::healed:
    case observed::kept_busy:
    case observed::settled: break;
  }
  return at;
}

void facts::leave(scene const& at) {
  observation const& seen = at.seen;
  switch (seen.what) {
    case observed::sent:
      if (at.message == nullptr) break;
      ++at.pair->sent;
      at.pair->messages += 1;
      at.pair->size += at.message->size;
      break;
    case observed::handler_started:
      begin(at.actor);
      if (at.message == nullptr || at.actor != at.pair->receiver) break;
      release(at);
      if (!at.message->started) {
        at.message->started = true;
        at.pair->last_started = std::max(at.pair->last_started, seen.stamp.low);
        at.pair->next_place = std::max(at.pair->next_place, at.message->place + 1);
      }
      break;
    case observed::supervise_started: begin(at.actor); break;
    case observed::handler_ended:
    case observed::supervise_ended: finish(at.actor); break;
    case observed::kept_busy: {
      instant& until = procs_[proc_of(seen.actor.proc)].busy_until;
      until = std::max(until, seen.deadline == never ? never : seen.deadline + std::chrono::seconds(1));
      break;
    }
    case observed::proc_started: procs_[proc_of(seen.actor.proc)].started = true; break;
    case observed::told:
      if (at.message == nullptr) break;
      release(at);
      at.message->told = true;
      at.message->fate = seen.outcome;
      break;
    case observed::returned:
      if (at.message == nullptr) break;
      release(at);
      at.message->returned = true;
      break;
    case observed::reply_arrived:
      if (at.message != nullptr) at.message->answered = true;
      break;
    case observed::actor_started:
      if (!actors_[at.actor].over()) actors_[at.actor].state = life::running;
      actors_[at.actor].owner = at.other;
      break;
    case observed::actor_ended: {
      actor_facts& actor = actors_[at.actor];
      if (actor.over()) break;
      actor.state = life::ended;
      actor.reason = seen.outcome;
      actor.over_at = seen.at;
      break;
    }
    case observed::proc_crashed:
      ++crashes_;
      end_proc(seen.actor.proc, life::lost);
      break;
    case observed::proc_exited: end_proc(seen.actor.proc, life::ended); break;
    case observed::healed:
      healed_ = true;
      healed_at_ = seen.at;
      break;
    case observed::settled: settled_ = true; break;
    default: break;
  }
}

bool facts::lacks_word(std::uint32_t sender, message_stamp const& stamp, nanoseconds more) const {
  std::uint32_t const book = ledger_index_.find(stamp.high);
  message_facts const* const message = book == nobody ? nullptr : ledgers_[book].peek(stamp.low);
  if (message == nullptr || message->answered || message->told) return false;
  return message->deadline > now_ + more && pairs_[message->pair].sender == sender;
}

std::string facts::name(std::uint32_t number) const { return number == nobody ? "nobody" : to_string(actors_[number].id); }

std::uint32_t facts::number_of(actor_id const& id) {
  // What happens in a handler is of one actor.
  if (last_ != nobody && actors_[last_].id == id) return last_;
  return last_ = other_number(id);
}

std::uint32_t facts::other_number(actor_id const& id) {
  std::uint32_t const known = actor_index_.find(id);
  return known != nobody ? known : meet(id);
}

std::uint32_t facts::receiver_number(ledger const& sends, actor_id const& id) {
  // Most senders send to whom they sent last.
  if (sends.last_receiver != nobody && actors_[sends.last_receiver].id == id) return sends.last_receiver;
  return other_number(id);
}

std::uint32_t facts::meet(actor_id const& id) {
  auto const next = static_cast<std::uint32_t>(actors_.size());
  actor_index_.insert(id, next);
  proc_facts& proc = procs_[proc_of(id.proc)];
  proc.actors.push_back(next);
  actors_.push_back({.id = id, .over_at = proc.over_at});
  if (proc.state != life::running) actors_.back().state = proc.state;
  return next;
}

std::uint32_t facts::proc_of(proc_id const& id) {
  auto const [number, fresh] = proc_index_.insert(id, static_cast<std::uint32_t>(procs_.size()));
  if (fresh) procs_.emplace_back();
  return number;
}

std::uint32_t facts::ledger_of(std::uint64_t high) {
  std::uint32_t const known = ledger_index_.find(high);
  if (known != nobody) return known;
  auto const [number, fresh] = ledger_index_.insert(high, static_cast<std::uint32_t>(ledgers_.size()));
  if (fresh) ledgers_.emplace_back().high = high;
  return number;
}

std::uint32_t facts::pair_of(std::uint32_t sender, std::uint32_t receiver, std::uint32_t book) {
  ledger& sends = ledgers_[book];
  if (sends.last_receiver == receiver && pairs_[sends.last_pair].sender == sender) return sends.last_pair;
  auto const [number, fresh] = pair_index_.insert(both_of(sender, receiver), static_cast<std::uint32_t>(pairs_.size()));
  if (fresh) pairs_.push_back({.sender = sender, .receiver = receiver, .ledger = book});
  sends.last_receiver = receiver;
  sends.last_pair = number;
  return number;
}

void facts::find_message(scene& at) {
  std::uint32_t const book = ledger_index_.find(at.seen.stamp.high);
  if (book == nobody) return;
  at.message = ledgers_[book].find(at.seen.stamp.low);
  if (at.message != nullptr) at.pair = &pairs_[at.message->pair];
}

void facts::end_proc(proc_id const& id, life state) {
  proc_facts& proc = procs_[proc_of(id)];
  proc.state = state;
  proc.over_at = now_;
  for (std::uint32_t const number : proc.actors) {
    actor_facts& actor = actors_[number];
    if (!actor.over()) actor.over_at = now_;
    if (!actor.over() || state == life::lost) actor.state = state;
  }
}

void facts::release(scene const& at) {
  if (!at.message->outstanding()) return;
  --at.pair->messages;
  at.pair->last_released = now_;
  at.pair->size -= at.message->size;
}

std::string message_name(facts const& known, scene const& at) {
  std::string const number = "message " + std::to_string(at.seen.stamp.low);
  return at.pair == nullptr ? number : number + " of " + known.name(at.pair->sender);
}

}  // namespace roost::sim::check
