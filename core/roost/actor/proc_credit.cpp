// Credit of senders of this proc, their waits for it, and the cycles that such waits may close.

#include <roost/actor/knobs.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>
#include <roost/wire/codec.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_mailbox_grows, "mailbox-grows", "G10",
                   "Sends within a proc take no credit, so a mailbox grows without bound.");
ROOST_DEFINE_PLANT(plant_port_grows, "port-grows", "G10", "Values sent to ports take no credit.");
ROOST_DEFINE_PLANT(plant_cycle_unseen, "cycle-unseen", "G4",
                   "A cycle of suspended senders that crosses procs is not looked for, so each of them waits for ever.");

constexpr std::uint32_t most_hops = 256;

}  // namespace

/// A handler that is suspended until there is room; on the stack of that handler. Asks now and then whether its wait is part of a
/// cycle.
class proc_runtime::credit_wait final : public timer {
 public:
  credit_wait(proc_runtime& home, handler_frame& frame, actor_id to, actor_id who_frees_it)
      : receiver(to), blocker(who_frees_it), number(++home.next_credit_wait_), home_(&home), frame_(&frame) {
    home.credit_waits_.push_back(this);
    if (!ROOST_PLANT(plant_cycle_unseen)) arm();
  }
  credit_wait(credit_wait const&) = delete;
  credit_wait& operator=(credit_wait const&) = delete;
  ~credit_wait() {
    std::erase(home_->credit_waits_, this);
    if (armed()) home_->seams().clock->disarm(*this);
  }

  actor_id sender() const noexcept { return frame_->cell->id(); }
  /// Whether its actor handles nothing else meanwhile.
  bool exclusive() const noexcept { return !frame_->concurrent; }
  void expired() override {
    set_current_platform(&home_->seams());
    arm();
    home_->chase(probe(sender(), number));
  }
  cycle_probe_body probe(actor_id initiator, std::uint64_t its_wait) const {
    return {initiator,
            its_wait,
            sender(),
            blocker,
            receiver == blocker ? 0 : receiver.local,
            home_->open_messages(sender().local, receiver),
            0,
            initiator == sender() ? asked() : actor_id{},
            false};
  }

  actor_id receiver;
  actor_id blocker;
  std::uint64_t number;
  observer_list waiting;

 private:
  void arm() {
    auto& seams = home_->seams();
    seams.clock->arm(*this, seams.clock->now() + seams.knobs->duration(knobs::cycle_probe));
  }
  /// Whom the blocker has called, where this handler has yet to answer for them; none where this wait has a deadline.
  actor_id asked() const {
    if (frame_->answered || frame_->waiting == nullptr || frame_->waiting->has_deadline()) return {};
    auto next_hop = sender();
    for (auto chain = frame_->chain(); chain != nullptr; chain = chain->outer) {
      if (chain->caller == blocker) return next_hop;
      next_hop = chain->caller;
    }
    return {};
  }
  proc_runtime* home_;
  handler_frame* frame_;
};

bool proc_runtime::has_credit(std::uint64_t sender, actor_id receiver, std::uint64_t size) const {
  if (is_port(receiver.local) && ROOST_PLANT(plant_port_grows)) return true;
  if (receiver.proc != self_) return known_failed(receiver.proc) || sessions_->has_credit(sender, receiver, bytes{size});
  if (ROOST_PLANT(plant_mailbox_grows)) return true;
  auto const* const account = accounts_.find(sender, receiver.local);
  return account == nullptr || has_room(*account, size);
}

void proc_runtime::give_back_credit(std::uint64_t sender, actor_id receiver, std::uint64_t size) {
  give_back_credit(accounts_.of(sender, receiver.local), size);
}

std::uint32_t proc_runtime::open_messages(std::uint64_t sender, actor_id receiver) const {
  if (receiver.proc != self_) return sessions_->open_messages(sender, receiver);
  auto const* const account = accounts_.find(sender, receiver.local);
  return account == nullptr ? 0 : account->messages;
}

void proc_runtime::give_back_claim(port_base const& p, value_claim const& claim) {
  if (claim.origin.number != 0) {
    sessions_->handled(claim.origin.from, claim.origin.epoch, claim.origin.number);
  } else {
    give_back_credit(claim.sender, {self_, p.number}, claim.size);
  }
}

void proc_runtime::value_arrived(port_base& p, std::uint64_t sender, std::uint64_t size) {
  check_inside();
  if (seams_->observer != nullptr)
    seams_->observer->value_moved(
        {.step = value_step::sent, .home = self_, .port = p.number, .sender = {self_, sender}, .owner = {}});
  auto& account = accounts_.of(sender, p.number);
  ++account.messages;
  account.size += size;
  keep_claim(p, {sender, size, {}});
}

void proc_runtime::keep_claim(port_base& p, value_claim claim) {
  if (p.claims == nullptr) p.claims = std::make_unique<std::deque<value_claim>>();
  p.claims->push_back(claim);
}

void proc_runtime::note_received(port_base const& p, std::uint64_t number) const {
  value_observation seen{
      .step = value_step::received, .home = self_, .port = number, .sender = {}, .owner = p.owner, .once = p.once()};
  if (p.claims != nullptr && !p.claims->empty()) {
    auto const& claim = p.claims->front();
    seen.sender = {claim.origin.number != 0 ? claim.origin.from : self_, claim.sender};
  }
  seams_->observer->value_moved(seen);
}

void proc_runtime::value_received(port_base& p, std::uint64_t number) {
  if (seams_->observer != nullptr && !mute_) note_received(p, number);
  if (p.claims == nullptr || p.claims->empty()) return;
  auto const claim = p.claims->front();
  p.claims->pop_front();
  give_back_claim(p, claim);
}

void proc_runtime::send_port_value(actor_id sender, port_id to, shared_bytes encoded, std::uint64_t type) {
  if (known_failed(to.owner.proc)) return;
  link::outgoing out;
  out.header.sender = sender.local;
  out.header.receiver = to.number;
  out.header.fingerprint = type;
  out.body = wire::frame_draft::of(encoded.view());
  out.reserved = ROOST_PLANT(plant_port_grows);
  error refused;
  auto const admitted = sessions_->send(to.owner.proc, std::move(out), &refused);
  if (admitted == link::admission::refused && refused.code == errc::too_large) throw exception(std::move(refused));
  if (admitted == link::admission::admitted && seams_->observer != nullptr)
    seams_->observer->value_moved(
        {.step = value_step::sent, .home = to.owner.proc, .port = to.number, .sender = sender, .owner = {}});
}

bool proc_runtime::is_gone(actor_id receiver) const {
  return is_port(receiver.local) ? find_port(receiver.local) == nullptr : find(receiver.local) == nullptr;
}

void proc_runtime::await_credit(handler_frame* frame, actor_id receiver, std::uint64_t size, instant deadline, actor_id blocker) {
  auto const sender = frame->cell->id();
  bool const may_suspend =
      frame->kind == activation::handler || frame->kind == activation::callback || frame->kind == activation::construct;
  auto const room = [&] {
    if (receiver.proc == self_ || known_failed(receiver.proc) || (is_port(receiver.local) && ROOST_PLANT(plant_port_grows)))
      return has_credit(sender.local, receiver, size);
    return sessions_->want_room(sender.local, receiver, bytes{size});
  };
  auto const deadlock = [&] {
    return exception(error(errc::deadlock, "waiting for credit of " + to_string(blocker) +
                                               " would close a cycle: it waits for this sender, itself or through others"));
  };
  while (!room()) {
    if (!may_suspend || frame->must_end || frame->may_not_wait()) {
      throw exception(
          error(errc::would_block, "no credit to send to " + to_string(blocker) +
                                       ", and supervise, cleanup, destructors and ending handlers do not wait for it"));
    }
    if (receiver.proc == self_ && is_gone(receiver)) return;
    if (receiver.proc == self_ && credit_cycle(sender, blocker)) {
      sometimes(true, "actor: a cycle of suspended senders is refused");
      throw deadlock();
    }
    sometimes(true, "actor: a sender waits for credit");
    credit_wait wait(*this, *frame, receiver, blocker);
    waiter w(*frame);
    w.at_port = receiver != blocker;
    observer_node node{&w, nullptr};
    wait.waiting.add(node);
    auto const outcome = w.wait(wait_kind::credit, blocker, deadline);
    if (outcome == errc::timeout) {
      throw exception(error(errc::timeout, "the deadline passed while waiting for credit to send to " + to_string(blocker)));
    }
    if (outcome == errc::deadlock) throw deadlock();
  }
}

void proc_runtime::wake_credit(std::uint64_t sender, actor_id receiver, errc outcome) {
  for (auto* wait : credit_waits_) {
    if (wait->sender().local == sender && wait->receiver == receiver) wait->waiting.wake_all(outcome);
  }
}

void proc_runtime::wake_credit_of(proc_id peer) {
  for (auto* wait : credit_waits_) {
    if (wait->receiver.proc == peer) wait->waiting.wake_all(errc::ok);
  }
}

proc_runtime::credit_wait* proc_runtime::suspended_sender(actor_id who) const {
  auto const at = std::find_if(credit_waits_.begin(), credit_waits_.end(),
                               [&](credit_wait* w) { return w->exclusive() && w->sender() == who; });
  return at == credit_waits_.end() ? nullptr : *at;
}

bool proc_runtime::credit_cycle(actor_id sender, actor_id blocker) const {
  auto at = blocker;
  for (std::size_t hops = 0; hops <= credit_waits_.size(); ++hops) {
    if (at == sender) return true;
    auto const* next = suspended_sender(at);
    if (next == nullptr) return false;
    at = next->blocker;
  }
  return false;
}

bool proc_runtime::all_has_come(cycle_probe_body const& probe) const {
  if (probe.port == 0) {
    auto const* cell = find(probe.to.local);
    return cell != nullptr && cell->queued_from(probe.from) == probe.open;
  }
  auto const p = find_port(probe.port);
  if (p == nullptr || p->owner != probe.to || p->claims == nullptr) return false;
  auto const mine = std::count_if(p->claims->begin(), p->claims->end(), [&](value_claim const& c) {
    return c.sender == probe.from.local && (c.origin.number != 0 ? c.origin.from : self_) == probe.from.proc;
  });
  return mine == probe.open;
}

void proc_runtime::chase(cycle_probe_body probe) {
  while (++probe.hops <= most_hops) {
    if (probe.to.proc != self_) {
      if (!known_failed(probe.to.proc))
        (void)sessions_->try_send_control(probe.to.proc, static_cast<std::uint16_t>(control_kind::cycle_probe),
                                          wire::encode_shared(probe));
      return;
    }
    // Unless all that `from` has open waits here, word of its handling is under way, and `from` will go on.
    if (!probe.closed && !all_has_come(probe)) return;
    auto* next = suspended_sender(probe.to);
    if (probe.to == probe.initiator) {
      if (next == nullptr || next->number != probe.wait) return;
      if (probe.closed) {
        sometimes(true, "actor: a sender that is suspended by whom it is to answer is told");
      } else {
        sometimes(true, "actor: a cycle of suspended senders across procs is broken");
      }
      next->waiting.wake_all(errc::deadlock);
      return;
    }
    if (next == nullptr) {
      auto const* const cell = find(probe.to.local);
      if (probe.asked == actor_id{} || cell == nullptr || !cell->needs(probe.asked, true)) return;
      probe.to = probe.initiator;
      probe.closed = true;
      continue;
    }
    // All of a cycle ask; the one with the highest id breaks it.
    if (probe.initiator < probe.to) return;
    auto const hops = probe.hops;
    probe = next->probe(probe.initiator, probe.wait);
    probe.hops = hops;
  }
}

}  // namespace roost::detail
