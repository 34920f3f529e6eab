#include <tests/properties/workload.hpp>

#include <roost/base/keyed.hpp>

#include <algorithm>

namespace roost::workload {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t most_hops = 3;
constexpr std::size_t too_much = std::size_t{17} << 20;  ///< More than a frame may have on the simulated transport.

nanoseconds between(nanoseconds low, nanoseconds high) {
  return low + nanoseconds(static_cast<std::int64_t>(random_below(static_cast<std::uint64_t>((high - low).count()))));
}
bool one_in(std::uint64_t n) { return random_below(n) == 0; }

/// Counts a handler for its lifetime.
class counted {
 public:
  explicit counted(std::uint32_t& count) : count_(count) { ++count_; }
  ~counted() { --count_; }
  counted(counted const&) = delete;
  counted& operator=(counted const&) = delete;

 private:
  std::uint32_t& count_;
};

/// Marks an exclusive handler for its lifetime, and checks that it is the only one.
class alone : counted {
 public:
  explicit alone(std::uint32_t& count) : counted(count) { always(count == 1, "G1 (workload): one handler at a time"); }
};

}  // namespace

Peer::Peer(brief what) : self_(here().self()), brief_(std::move(what)), steps_left_(brief_.steps) {
  if (brief_.stillborn) throw std::runtime_error("stillborn");
  ledger::now().join(self_, brief_.owner, *this);
}

Peer::~Peer() { ledger::now().leave(self_); }

void Peer::meet(peers all, proc_mesh procs) {
  always(brief_.generation != 0 || here().point().rank() == brief_.level >> 32U,
         "G3 (workload): each rank is made from the value that was scattered to it");
  all_ = std::move(all);
  procs_ = std::move(procs);
  schedule();
  if (one_in(4)) every(between(5ms, 50ms), [this] { report(); });
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
  switch (random_below(shape.dims() == 2 ? 4 : 2)) {
    case 0: return {all_, timeout};
    case 1: return {all_.slice(gpu = static_cast<std::int64_t>(random_below(shape.size("gpu")))), timeout};
    case 2: return {all_.slice(host = static_cast<std::int64_t>(random_below(shape.size("host")))), timeout};
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
  } else if (answer.failure().code == errc::timeout) {
    // The call's own deadline passed; what became of the message is nobody's business any more.
    ledger::now().abandoned(self_, of);
  } else {
    ledger::now().told(self_, of, answer.failure().code);
  }
}

void Peer::report() {
  std::erase_if(pending_, [](auto& one) { return one(); });
}

bool Peer::uninformed() const {
  return std::any_of(watched_.begin(), watched_.end(), [](actor_id who) { return !ledger::now().lives(who); });
}

// Handling.

std::uint64_t Peer::open(letter const& l) {
  auto const mine = std::find_if(l.slips.begin(), l.slips.end(), [&](slip const& s) { return s.to == self_; });
  always(mine != l.slips.end(), "G3 (workload): a letter reaches who it was written to");
  auto const number = mine == l.slips.end() ? 0 : mine->number;
  ledger::now().handled(self_, l.from, number, l.op, hash_text(l.text));
  always(here().caller() == l.from, "G3 (workload): a letter names its sender");
  return number;
}

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
      constexpr std::array nested{deed::ask_one,    deed::ask_in_time, deed::ask_one, deed::think,
                                  deed::tell_slice, deed::relay,       deed::cycle};
      act(nested[random_below(nested.size())], l.hops + 1);
    }
  } catch (exception const& e) {
    sometimes(e.code() == errc::timeout, "workload: an inherited deadline ends a handler's wait");
  }
}

void Peer::note(letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  (void)open(l);
  linger(l);
}

void Peer::collapse(letter l) {
  counted const one_more(running_);
  (void)open(l);
  linger(l);
  throw std::runtime_error("collapsed");
}

std::string Peer::ask(letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  auto const number = open(l);
  linger(l);
  return answer(l, number);
}

std::string Peer::think(letter l) {
  counted const one_more(running_);
  counted const here_too(thinking_);
  always(thinking_ <= most_thinking, "G1 (workload): a concurrent endpoint keeps its limit");
  auto const number = open(l);
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
    } else {
      sleep(between(10us, 1ms));
    }
  } catch (exception const&) {
  }
  return answer(l, number);
}

std::string Peer::refuse(letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  (void)open(l);
  linger(l);
  throw std::runtime_error("refused");
}

std::string Peer::cling(letter l) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  (void)open(l);
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
  auto const number = open(l);
  if (one_in(5)) return;
  debts_.push_back({std::move(port), std::move(l), number});
  after(between(1us, 2ms), [this] {
    if (debts_.empty()) return;
    auto due = std::move(debts_.front());
    debts_.pop_front();
    if (due.port.open() && !one_in(5)) due.port.send(answer(due.what, due.number));
  });
}

void Peer::hand_on(reply_port<std::string> port, letter l) {
  alone const here_only(exclusive_);
  auto const number = open(l);
  see_to({std::move(port), std::move(l), self_, number, 0});
}

void Peer::fulfil(letter l, errand e) {
  alone const here_only(exclusive_);
  (void)open(l);
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
  auto const number = open(l);
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

void Peer::lend(letter l, port<parcel> many, once_port<parcel> one) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  (void)open(l);
  auto const count = random_below(one_in(4) ? 40 : 5);
  bool room = true;
  try {
    for (std::uint64_t i = 1; i <= count && room; ++i) {
      parcel const next{i, std::string(random_below(200), 'p')};
      ledger::now().lent(many.id());
      if (one_in(4)) {
        room = many.try_send(next);
        sometimes(!room, "workload: a port has no room");
        if (!room) ledger::now().received(many.id());
      } else {
        many.send(next);
      }
      if (one_in(3)) sleep(between(1us, 100us));
    }
  } catch (exception const& e) {
    sometimes(e.code() == errc::deadlock, "workload: a cycle through a port is refused");
  }
  if (one_in(2)) one.send({1, "once"});
}

bool Peer::supervise(failure const& f) {
  sometimes(true, "workload: a child fails");
  auto const lost = std::find_if(children_.begin(), children_.end(), [&](peers const& child) { return child.id() == f.actor(); });
  if (lost != children_.end() && one_in(4)) {
    lost->respawn(0);
    (*lost)->meet.broadcast(all_, procs_);
  }
  if (one_in(3)) sleep(between(1us, 200us));
  auto const drawn = random_below(8);
  if (drawn == 0) throw std::runtime_error("cannot cope");
  return drawn != 1;
}

void Peer::cleanup(error const*) {
  if (one_in(2)) sleep(between(1us, 300us));
  if (all_.valid() && one_in(3)) {
    try {
      act(deed::ask_in_time, most_hops);
    } catch (exception const&) {
    }
  }
}

void Peer::undelivered(roost::undelivered const& receipt) {
  if (receipt.endpoint != "Peer.meet") ledger::now().receipt(self_, receipt.receiver, receipt.fate);
  sometimes(receipt.fate == errc::unknown, "workload: a cast may or may not have been handled");
  sometimes(receipt.fate == errc::not_handled, "workload: a cast is returned");
  sometimes(receipt.fate == errc::stale, "workload: a cast for an earlier member is returned");
}

void Peer::down(actor_id who, error const& why) {
  always(why.code != errc::ok, "G8 (workload): a notice says why");
  watched_.erase(who);
  doomed_ = doomed_ || (linked_.contains(who) && why.code != errc::actor_stopped);
  std::erase_if(children_, [&](peers const& child) { return child.id() == who; });
}

}  // namespace roost::workload
