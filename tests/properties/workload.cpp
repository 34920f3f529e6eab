#include <tests/properties/workload.hpp>
#include <tests/properties/workload_draw.hpp>

#include <roost/base/keyed.hpp>

#include <algorithm>

namespace roost::workload {

using namespace std::chrono_literals;

namespace {

constexpr dim node{"node"};
constexpr dim part{"part"};
constexpr dim ranks{"rank"};
constexpr std::size_t too_much = std::size_t{17} << 20;  ///< More than a frame may have on the simulated transport.

/// What an endpoint says that throws.
std::string refused_text(slip const& request) {
  return "refused number " + std::to_string(request.number) + " to " + to_string(request.to);
}

/// An exception of the program's own.
struct refusal {
  slip request;
};

}  // namespace

Peer::Peer(brief what) : self_(here().self()), brief_(std::move(what)), steps_left_(brief_.steps) {
  if (brief_.stillborn) throw std::runtime_error("stillborn");
  ledger::now().join(self_, brief_.owner, *this);
}

Peer::~Peer() { ledger::now().leave(self_); }

void Peer::meet(peers all, proc_mesh procs) {
  began("meet");
  all_ = std::move(all);
  procs_ = std::move(procs);
  schedule();
  auto const period = between(5ms, 50ms);
  if (!one_in(4)) return;
  every(period, [this, period] {
    alone const here_only(exclusive_);
    auto const before = std::exchange(last_tick_, roost::now());
    always(before == instant{} || last_tick_ - before >= period, "G1 (workload): a periodic message keeps its period");
    // One may have been in its mailbox.
    always(left_at_ == never || !std::exchange(ticked_late_, true), "G7 (workload): periodic messages end with who stops itself");
    report();
  });
}

void Peer::schedule() {
  if (steps_left_ != 0) after(between(1us, std::chrono::microseconds(2 * brief_.pace_us)), [this] { step(); });
}

void Peer::step() {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  std::uint64_t total = 0;
  for (auto const w : brief_.weights) total += w;
  auto drawn = random_below(total);
  std::size_t which = 0;
  while (drawn >= brief_.weights[which]) drawn -= brief_.weights[which++];
  try {
    act(static_cast<deed>(which), 0);
  } catch (exception const& e) {
    sometimes(e.code() == errc::timeout, "workload: a wait ends at its deadline");
    sometimes(e.code() == errc::deadlock, "workload: a send is refused, since it would deadlock");
  }
  --steps_left_;
  report();
  schedule();
}

// Sending.

Peer::aim Peer::aim_at_one() {
  if (!children_.empty() && one_in(3)) {
    auto const& child = children_[random_below(children_.size())];
    return {child, one_in(2) ? nanoseconds::max() : between(10us, 50ms)};
  }
  auto const rank = random_below(all_.size());
  bool const higher = rank > (brief_.level >> 32U);
  if (higher && one_in(2)) return {all_.at_rank(rank), nanoseconds::max()};
  return {all_.at_rank(rank), one_in(6) ? between(1s, 2s) : between(10us, 100ms)};
}

Peer::aim Peer::aim_at_some() {
  auto const own = brief_.level >> 32U;
  auto const& shape = all_.extent();
  auto const timeout = between(100us, 100ms);
  switch (random_below(6)) {
    case 0: return {all_, timeout};
    case 1: return {all_.slice(gpu = static_cast<std::int64_t>(random_below(shape.size("gpu")))), timeout};
    case 2: return {all_.slice(host = static_cast<std::int64_t>(random_below(shape.size("host")))), timeout};
    case 3:
      return {all_.flatten("rank").slice(ranks = range::starting(static_cast<std::int64_t>(random_below(all_.size())), 2)),
              timeout};
    case 4: return {all_.rename(host = node).split(gpu = {part, gpu}, part = 1).at(gpu = 0), timeout};
    default: {
      auto const next = static_cast<std::int64_t>(own / shape.size("gpu") + 1);
      auto const hosts = static_cast<std::int64_t>(shape.size("host"));
      if (next >= hosts) return {all_, timeout};
      return {all_.slice(host = range(next, hosts)), nanoseconds::max()};
    }
  }
}

letter Peer::write(peers const& to, deed what, std::uint32_t hops, bool request, std::size_t size) {
  letter l;
  l.from = self_;
  auto const sizes = to.extent().sizes();
  l.sizes.assign(sizes.begin(), sizes.end());
  l.op = static_cast<std::uint64_t>(what);
  l.hops = hops;
  auto const fill = static_cast<char>('a' + random_below(26));
  l.text = std::string(size != 0 ? size : random_below(one_in(8) ? 3000 : 60), fill);
  for (std::uint64_t rank = 0; rank != to.size(); ++rank) {
    if (busy_.contains(to.id(rank))) return {};
  }
  auto const content = hash_text(l.text);
  for (std::uint64_t rank = 0; rank != to.size(); ++rank) {
    slip const s{to.id(rank), ++sent_[to.id(rank)]};
    l.slips.push_back(s);
    ledger::now().sent(self_, s, l.op, content, request);
  }
  return l;
}

std::vector<letter> Peer::write_each(peers const& to, deed what, std::uint32_t hops) {
  letter one;
  one.from = self_;
  auto const sizes = to.extent().sizes();
  one.sizes.assign(sizes.begin(), sizes.end());
  one.op = static_cast<std::uint64_t>(what);
  one.hops = hops;
  for (std::uint64_t rank = 0; rank != to.size(); ++rank) {
    if (busy_.contains(to.id(rank))) return {};
    one.slips.push_back({to.id(rank), sent_[to.id(rank)] + 1});
  }
  std::vector<letter> all;
  for (auto const& s : one.slips) {
    ++sent_[s.to];
    all.push_back(one);
    all.back().text = "for rank " + std::to_string(all.size() - 1);
    ledger::now().sent(self_, s, one.op, hash_text(all.back().text), true);
  }
  return all;
}

void Peer::expect(slip of, future<std::string> answer) {
  pending_.push_back([this, of, answer] {
    if (!answer.ready()) return false;
    settle(of, answer.state()->outcome());
    return true;
  });
}

void Peer::settle(slip const& of, result<std::string> const& answer) {
  if (answer) {
    ledger::now().answered(self_, of, hash_text(*answer));
    return;
  }
  auto const& why = answer.failure();
  always(
      why.code != errc::handler_threw || why.what == refused_text(of) || why.what == "threw something that is no std::exception",
      "G13 (workload): a caller is told what the handler threw");
  if (why.code == errc::timeout) {
    // The call's own deadline passed; what became of the message is nobody's business any more.
    ledger::now().abandoned(self_, of);
  } else {
    ledger::now().told(self_, of, why.code);
  }
}

void Peer::report() {
  std::erase_if(pending_, [](auto& one) { return one(); });
}

bool Peer::uninformed() const {
  return std::any_of(watched_.begin(), watched_.end(), [](actor_id who) { return !ledger::now().lives(who); });
}

// Handling.

std::string Peer::answer(letter const& l, std::uint64_t number) {
  // Drawn where only an error can end the wait for it.
  if (l.from.proc != self_.proc && here().deadline() == never && one_in(400)) return std::string(too_much, 'x');
  std::string text(random_below(one_in(16) ? 20000 : 40), static_cast<char>('A' + number % 26));
  ledger::now().replied(self_, l.from, number, hash_text(text));
  return text;
}

void Peer::linger(letter const& l) {
  try {
    if (one_in(4)) sleep(between(1us, 200us));
    if (one_in(8)) spend(between(1us, 50us));
    if (l.hops < most_hops && all_.valid() && one_in(l.hops + 3)) {
      constexpr std::array nested{deed::ask_one, deed::ask_in_time, deed::ask_one, deed::think,   deed::tell_slice,
                                  deed::relay,   deed::cycle,       deed::ask_own, deed::scatter, deed::share};
      act(nested[random_below(nested.size())], l.hops + 1);
    }
  } catch (exception const& e) {
    sometimes(e.code() == errc::timeout, "workload: an inherited deadline ends a handler's wait");
  } catch (ended const& e) {
    sometimes(true, "workload: a handler that waits ends with its actor");
    always(e.why.code != errc::ok, "G13 (workload): who is ended is told why");
    throw;
  }
}

void Peer::note(letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  auto const number = open(l, "note");
  if (l.from == self_ && l.op == static_cast<std::uint64_t>(deed::leave)) --owed_;
  linger(l);
  ledger::now().replied(self_, l.from, number, hash_text(""));
}

void Peer::collapse(letter l) {
  counted const one_more(running_);
  (void)open(l, "collapse");
  linger(l);
  throw std::runtime_error("collapsed");
}

std::string Peer::ask(letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  auto const number = open(l, "ask");
  linger(l);
  if (brief_.weights[static_cast<std::size_t>(deed::leave)] != 0 && one_in(400)) {
    stop_self();
    if (left_at_ == never) left_at_ = roost::now();
  }
  return answer(l, number);
}

std::string Peer::think(letter l) {
  counted const one_more(running_);
  counted const here_too(thinking_);
  always(thinking_ <= most_thinking, "G1 (workload): a concurrent endpoint keeps its limit");
  auto const number = open(l, "think");
  // Several handlers wait for one future; without a deadline only where its answer does not depend on this actor.
  try {
    bool const under_way = shared_.valid() && !shared_.ready();
    if (under_way || (all_.valid() && one_in(2))) {
      auto const at = aim_at_one();
      if (!under_way && l.hops < most_hops && at.to.id() != self_) {
        auto const request = write(at.to, deed::think, l.hops + 1, true);
        send(request, [&] {
          auto asked = at.to->ask.with(at.timeout).call_one(request);
          expect(request.slips.front(), asked);
          if (at.free()) shared_ = asked;
        });
      }
      if (shared_.valid()) (void)shared_.wait();
    } else if (one_in(2)) {
      wait_beside();
    } else {
      sleep(between(10us, 1ms));
    }
  } catch (exception const&) {
  }
  return answer(l, number);
}

void Peer::wait_beside() {
  if (!common_) {
    common_.emplace(channel<parcel>().second);
    try {
      sleep(between(10us, 1ms));
    } catch (exception const&) {
    }
    return common_.reset();
  }
  try {
    (void)common_->recv(between(10us, 1ms));
    always(false, "G3 (workload): nothing comes to a port that nobody was given");
  } catch (exception const& e) {
    sometimes(e.code() == errc::unavailable, "workload: who waits on a receiver that another handler closes is told");
    always(e.code() == errc::unavailable || e.code() == errc::timeout,
           "G4 (workload): a receiver that is closed ends waits on it");
  }
}

std::string Peer::refuse(letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  slip const told{self_, open(l, "refuse")};
  linger(l);
  switch (random_below(4)) {
    case 0: throw exception(error(errc::unavailable, refused_text(told)));
    case 1: throw refusal{told};
    case 2: throw std::logic_error(refused_text(told));
    default: throw std::runtime_error(refused_text(told));
  }
}

std::string Peer::cling(letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  (void)open(l, "cling");
  kill(self_);
  for (;;) {
    try {
      sleep(1ms);
    } catch (...) {
      sometimes(true, "workload: a handler catches what would end it");
    }
  }
}

void Peer::later(reply_port<std::string> port, letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  auto const number = open(l, "later");
  if (one_in(5)) return;
  debts_.push_back({std::move(port), std::move(l), number});
  after_while(between(1us, 2ms), [this] {
    if (debts_.empty()) return;
    auto due = std::move(debts_.front());
    debts_.pop_front();
    if (!due.port.open() || one_in(5)) return;
    if (one_in(5)) return due.port.fail(error(errc::unavailable, "declined"));
    due.port.send(answer(due.what, due.number));
  });
}

void Peer::hand_on(reply_port<std::string> port, letter l) {
  alone const here_only(exclusive_);
  auto const number = open(l, "hand_on");
  see_to({std::move(port), std::move(l), self_, number, 0});
}

void Peer::fulfil(letter l, errand e) {
  alone const here_only(exclusive_);
  (void)open(l, "fulfil");
  ++e.handovers;
  if (one_in(4)) sleep(between(1us, 100us));
  see_to(std::move(e));
}

void Peer::see_to(errand e) {
  if (all_.valid() && e.handovers < most_hops && !one_in(4)) {
    auto const at = aim_at_one();
    auto const l = write(at.to, deed::hand_on, most_hops, false);
    if (!l.slips.empty()) {
      // Where it cannot be sent the port ends with it, and the caller is told.
      send(l, [&] { at.to->fulfil.with(at.timeout).broadcast(l, std::move(e)); });
      return;
    }
  }
  if (one_in(6)) return;
  std::string text(random_below(one_in(16) ? 20000 : 40), static_cast<char>('A' + e.number % 26));
  ledger::now().replied(e.asked, e.what.from, e.number, hash_text(text));
  e.port.send(std::move(text));
  sometimes(e.handovers > 1, "workload: the second who was handed a request answers it");
}

task<std::string> Peer::relay(letter l) {
  counted const one_more(running_);
  auto const number = open(l, "relay");
  if (all_.valid() && l.hops < most_hops && one_in(3)) {
    co_await relay_to_all(l.hops + 1);
    co_return answer(l, number);
  }
  auto const at = all_.valid() && l.hops < most_hops ? aim_at_one() : aim{};
  if (at.to.valid() && (at.free() || here().deadline() != never)) {
    auto const request = write(at.to, deed::relay, l.hops + 1, true);
    future<std::string> asked;
    if (send(request, [&] { asked = at.to->ask.with(at.timeout).call_one(request); })) {
      expect(request.slips.front(), asked);
      try {
        (void)co_await asked;
      } catch (exception const&) {
      }
    }
  }
  co_return answer(l, number);
}

task<void> Peer::relay_to_all(std::uint32_t hops) {
  auto const request = write(all_, deed::ask_own, hops, true);
  future<answers> asked;
  if (!send(request, [&] { asked = all_->ask.with(between(1ms, 50ms)).call(request); })) co_return;
  expect_all(request, asked);
  try {
    auto const all = co_await asked;
    for (auto const& [at, entry] : all) {
      if (request.slips[at.rank()].to == self_) judge_own(entry, false);
    }
  } catch (exception const& e) {
    sometimes(e.code() == errc::timeout, "workload: a coroutine's wait ends at its deadline");
  }
}

}  // namespace roost::workload
