#include <tests/properties/ledger.hpp>

#include <roost/platform/platform.hpp>

#include <algorithm>
#include <memory>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROOST_WORKLOAD_FINDS_LEAKS
#include <sanitizer/lsan_interface.h>
#endif
#endif

namespace roost::workload {
namespace {

std::unique_ptr<ledger>& current() {
  static std::unique_ptr<ledger> one = std::make_unique<ledger>();
  return one;
}

/// What an error says of the message itself. All but three say that its handler gave no answer.
sim::check::model_fate fate_of(errc why) {
  switch (why) {
    case errc::deadlock:  // Refused at the receiver, before its handler.
    case errc::stale:     // It was for an earlier member.
    case errc::not_handled: return sim::check::model_fate::not_handled;
    case errc::unknown:
    case errc::proc_failed:
    case errc::path_lost: return sim::check::model_fate::unknown;
    default: return sim::check::model_fate::failed;
  }
}

}  // namespace

ledger& ledger::now() { return *current(); }
void ledger::open() { current() = std::make_unique<ledger>(); }

ledger::~ledger() {
#if defined(ROOST_WORKLOAD_FINDS_LEAKS)
  if (leaks_) __lsan_enable();
#endif
}

void ledger::allow_leaks() {
#if defined(ROOST_WORKLOAD_FINDS_LEAKS)
  if (!leaks_) __lsan_disable();
#endif
  leaks_ = true;
}

void ledger::join(actor_id who, actor_id owner, party& what) {
  parties_[who] = &what;
  if (owner.local != 0) owners_[who] = owner;
}

void ledger::leave(actor_id who) {
  parties_.erase(who);
  owners_.erase(who);
  if (!closed_) model_.ended(to_string(who));
}

void ledger::sent(actor_id from, slip const& what, std::uint64_t op, std::uint64_t content, bool request) {
  if (closed_) return;
  (request ? requests_[{from, what.to}] : casts_[{from, what.to}].unhandled).insert(what.number);
  model_.sent(to_string(from), to_string(what.to), what.number, op, content, request);
  speak_up();
}

void ledger::handled(actor_id by, actor_id from, std::uint64_t number, std::uint64_t op, std::uint64_t content) {
  if (closed_) return;
  if (auto const at = casts_.find({from, by}); at != casts_.end() && at->second.unhandled.erase(number) != 0)
    at->second.handled.insert(number);
  model_.handled(to_string(by), to_string(from), number, op, content);
  speak_up();
}

void ledger::replied(actor_id by, actor_id from, std::uint64_t number, std::uint64_t content) {
  if (closed_) return;
  if (auto const at = casts_.find({from, by}); at != casts_.end() && at->second.handled.contains(number)) return;
  model_.replied(to_string(by), to_string(from), number, content);
  speak_up();
}

void ledger::answered(actor_id from, slip const& what, std::uint64_t content) {
  if (closed_) return;
  requests_[{from, what.to}].erase(what.number);
  model_.answered(to_string(from), to_string(what.to), what.number, content);
  speak_up();
}

void ledger::told(actor_id from, slip const& what, errc why) {
  if (closed_) return;
  if (auto const at = casts_.find({from, what.to}); at != casts_.end()) at->second.unhandled.erase(what.number);
  requests_[{from, what.to}].erase(what.number);
  model_.told(to_string(from), to_string(what.to), what.number, fate_of(why));
  speak_up();
}

void ledger::receipt(actor_id from, actor_id to, errc fate) {
  auto& known = casts_[{from, to}];
  ++(fate != errc::unknown ? known.not_handled : known.unknown);
}

void ledger::abandoned(actor_id from, slip const& what) { abandoned_[{from, what.to}].insert(what.number); }

void ledger::lent(port_id const& at, actor_id by) {
  auto const* seams = current_platform();
  auto const credit = static_cast<std::uint64_t>(seams->knobs->get(*find_knob("link.credit_messages")));
  seams->probes->always(++lent_[{at, by}] <= credit + 1 || closed_ports_.contains(at),
                        "G10 (workload): values at a port keep within their credit", "");
}

void ledger::received(port_id const& at, actor_id by) { --lent_[{at, by}]; }
void ledger::port_closed(port_id const& at) { closed_ports_.insert(at); }

void ledger::fell(actor_id who, error const& why) {
  auto const* first = &why;
  while (first->cause != nullptr) first = first->cause.get();
  causes_[who] = first->what;
}

std::string ledger::first_cause(actor_id who) const {
  auto const known = causes_.find(who);
  return known == causes_.end() ? std::string() : known->second;
}

bool ledger::has_orphans() const {
  return std::any_of(owners_.begin(), owners_.end(), [&](auto const& one) { return !parties_.contains(one.second); });
}

bool ledger::any(bool (party::*what)() const) const {
  return std::any_of(parties_.begin(), parties_.end(), [&](auto const& one) { return (one.second->*what)(); });
}
bool ledger::has_suspended() const { return any(&party::suspended); }
bool ledger::has_occupied() const { return any(&party::occupied); }
bool ledger::has_uninformed() const { return any(&party::uninformed); }
bool ledger::has_doomed() const { return any(&party::doomed); }
bool ledger::has_leaving() const { return any(&party::leaving); }
bool ledger::has_expectant() const { return any(&party::expectant); }

bool ledger::held_up(pair const& who) const {
  auto const from = parties_.find(who.first);
  auto const to = parties_.find(who.second);
  return (from != parties_.end() && from->second->suspended(who.second)) || (to != parties_.end() && to->second->occupied());
}

bool ledger::excused(pair const& who, std::uint64_t number) const {
  auto const at = abandoned_.find(who);
  return at != abandoned_.end() && at->second.contains(number);
}

bool ledger::quiet(bool all_came) {
  bool all = true;
  for (auto const& [who, what] : parties_) {
    what->report();
    all = all && what->idle();
  }
  for (auto const& [who, what] : casts_) {
    if (!all || !parties_.contains(who.first)) continue;
    auto const open = static_cast<std::uint64_t>(std::count_if(
        what.unhandled.begin(), what.unhandled.end(), [&pair = who, this](auto number) { return !excused(pair, number); }));
    all = open <= what.not_handled + (all_came ? what.unknown : 0);
  }
  return all;
}

void ledger::close() {
  if (closed_) return;
  quiet(true);
  for (auto const& [who, numbers] : requests_) {
    if (!held_up(who)) continue;
    for (auto const number : numbers) {
      if (!excused(who, number))
        model_.told(to_string(who.first), to_string(who.second), number, sim::check::model_fate::unknown);
    }
  }
  for (auto const& [who, what] : casts_) {
    if (parties_.contains(who.first)) settle(who, what);
  }
  for (auto const& [who, numbers] : abandoned_) {
    if (!parties_.contains(who.first)) continue;
    auto const known = casts_.find(who);
    for (auto const number : numbers) {
      bool const cast =
          known != casts_.end() && (known->second.unhandled.contains(number) || known->second.handled.contains(number));
      if (!cast) model_.told(to_string(who.first), to_string(who.second), number, sim::check::model_fate::unknown);
    }
  }
  model_.finish();
  speak_up();
  closed_ = true;
}

void ledger::settle(pair const& who, casts const& what) {
  // Any assignment of receipts to messages will do that leaves no promise broken, so the most favourable one is made.
  auto const from = to_string(who.first);
  auto const to = to_string(who.second);
  auto certain = what.not_handled;
  auto unknown = what.unknown;
  bool const held = held_up(who);
  std::set<std::uint64_t> left;
  for (auto const number : what.unhandled) {
    if (excused(who, number) || held) {
      left.insert(number);
    } else if (certain != 0) {
      --certain;
      model_.told(from, to, number, sim::check::model_fate::not_handled);
    } else if (unknown != 0) {
      --unknown;
      model_.told(from, to, number, sim::check::model_fate::unknown);
    }
  }
  for (auto const number : left) {
    if (certain != 0)
      --certain;
    else if (unknown != 0)
      --unknown;
    model_.told(from, to, number, sim::check::model_fate::unknown);
  }
  auto at = what.handled.rbegin();
  for (; unknown != 0 && at != what.handled.rend(); --unknown, ++at) model_.told(from, to, *at, sim::check::model_fate::unknown);
  // More receipts than messages: the last message, or one that was never sent, stands for the surplus.
  for (; certain != 0; --certain)
    model_.told(from, to, what.handled.empty() ? 0 : *what.handled.rbegin(), sim::check::model_fate::not_handled);
  for (; unknown != 0; --unknown) model_.told(from, to, 0, sim::check::model_fate::unknown);
}

void ledger::speak_up() {
  auto const& all = model_.violations();
  auto* seams = current_platform();
  for (; spoken_ < all.size(); ++spoken_) {
    if (seams != nullptr && seams->probes != nullptr) seams->probes->always(false, all[spoken_].promise, all[spoken_].what);
  }
}

}  // namespace roost::workload
