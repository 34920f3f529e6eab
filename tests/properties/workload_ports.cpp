// The deeds of the workload's actors with ports and receivers.

#include <tests/properties/workload.hpp>
#include <tests/properties/workload_draw.hpp>

#include <algorithm>

namespace roost::workload {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t most_passed_on = 2;

/// While it lives, values that were sent to the port are in it.
class open_port {
 public:
  explicit open_port(port_id const& which) : which_(which) {}
  open_port(open_port const&) = delete;
  open_port& operator=(open_port const&) = delete;
  ~open_port() { ledger::now().port_closed(which_); }

 private:
  port_id which_;
};

}  // namespace

void Peer::lend(letter l, port<parcel> many, once_port<parcel> one) {
  counted const one_more(running_);
  alone const here_only(exclusive_);
  (void)open(l, "lend");
  if (all_.valid() && l.hops < most_passed_on && one_in(4)) {
    auto const at = aim_at_one();
    auto const next = write(at.to, deed::lend, l.hops + 1, false);
    send(next, [&] { at.to->lend.with(at.timeout).broadcast(next, many, one); });
  }
  auto const count = random_below(one_in(4) ? 40 : 5);
  bool room = true;
  try {
    for (std::uint64_t i = 1; i <= count && room; ++i) {
      parcel const next{self_, many.id(), ++values_sent_, std::string(random_below(200), 'p')};
      ledger::now().lent(many.id(), self_);
      if (one_in(4)) {
        room = many.try_send(next);
        sometimes(!room, "workload: a port has no room");
        if (!room) ledger::now().received(many.id(), self_);
      } else {
        try {
          many.send(next);
        } catch (exception const&) {
          ledger::now().received(many.id(), self_);
          throw;
        }
      }
      if (one_in(3)) sleep(between(1us, 100us));
    }
  } catch (exception const& e) {
    sometimes(e.code() == errc::deadlock, "workload: a cycle through a port is refused");
  }
  if (one_in(2)) one.send({self_, many.id(), 1, "once"});
}

void Peer::act_ports(deed what, std::uint32_t hops) {
  if (what == deed::lend) return lend_one(hops);
  trade(hops);
}

void Peer::receive(receiver<parcel>& values, port_id const& at, bool linked) {
  std::map<actor_id, std::uint64_t> last;
  try {
    for (;;) {
      // A linked receiver ends with its actor; that may be long, so the wait is bounded all the same.
      auto const got = values.recv(between(100us, 20ms));
      ledger::now().received(at, got.from);
      always(got.to == at, "G3 (workload): a receiver has the values of its port");
      always(got.number > last[got.from], "G2 (workload): values of one sender come in order on a port");
      last[got.from] = got.number;
      sometimes(last.size() > 1, "workload: a port that was passed on has values of several senders");
    }
  } catch (exception const& e) {
    sometimes(linked && e.code() != errc::timeout, "workload: a linked receiver ends");
  }
}

void Peer::lend_one(std::uint32_t hops) {
  auto const at = aim_at_one();
  auto [many, values] = channel<parcel>();
  auto [once, value] = once_channel<parcel>();
  open_port const until_closed(many.id());
  auto const l = write(at.to, deed::lend, hops, false);
  if (!send(l, [&] { at.to->lend.with(at.timeout).broadcast(l, many, once); })) return;
  if (one_in(4)) sleep(between(1us, 5ms));
  bool const linked = one_in(2);
  if (linked) values.link(at.to.id());
  receive(values, many.id(), linked);
  if (one_in(2)) {
    try {
      (void)value.recv(between(100us, 5ms));
      sometimes(true, "workload: a once port delivers");
    } catch (exception const&) {
    }
  }
  if (one_in(8) && !linked) {
    try {
      if (values.empty()) (void)values.recv();
    } catch (exception const& e) {
      sometimes(e.code() == errc::unbounded_wait, "workload: a receive that could wait for ever is refused");
    }
  }
}

void Peer::trade(std::uint32_t hops) {
  auto [first, values] = channel<parcel>();
  auto [second, others] = channel<parcel>();
  auto [once, value] = once_channel<parcel>();
  open_port const first_until_closed(first.id());
  open_port const second_until_closed(second.id());
  for (auto const& p : {first, second}) {
    auto const at = aim_at_one();
    auto const l = write(at.to, deed::trade, hops, false);
    send(l, [&] { at.to->lend.with(at.timeout).broadcast(l, p, once); });
  }
  if (one_in(2)) receive(values, first.id(), false);
  // What comes to the first port from now on is dropped, and the second one's receiver has another place.
  values = std::move(others);
  ledger::now().port_closed(first.id());
  receive(values, second.id(), false);
  try {
    (void)others.recv(1ms);
    always(false, "workload: a receiver that was moved from is refused");
  } catch (exception const& e) {
    always(e.code() == errc::bad_argument, "workload: a receiver that was moved from is refused");
  }
  auto const elsewhere = std::make_unique<receiver<parcel>>(std::move(values));
  receive(*elsewhere, second.id(), false);
}

}  // namespace roost::workload
