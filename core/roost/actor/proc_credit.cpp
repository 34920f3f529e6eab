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
ROOST_DEFINE_PLANT(plant_cycle_unseen, "cycle-unseen", "G4",
                   "A cycle of suspended senders that crosses procs is not looked for, so each of them waits for ever.");

constexpr std::uint32_t most_hops = 256;

}  // namespace

/// A handler that is suspended until there is room; on the stack of that handler. Asks now and then whether its wait is part of a
/// cycle.
class proc_runtime::credit_wait final : public timer {
 public:
  credit_wait(proc_runtime& home, handler_frame& frame, actor_id to)
      : receiver(to), number(++home.next_credit_wait_), home_(&home), frame_(&frame) {
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
    home_->chase({sender(), number, sender(), receiver, home_->open_messages(sender().local, receiver), 0});
  }

  actor_id receiver;
  std::uint64_t number;
  observer_list waiting;

 private:
  void arm() {
    auto& seams = home_->seams();
    seams.clock->arm(*this, seams.clock->now() + seams.knobs->duration(knobs::cycle_probe));
  }
  proc_runtime* home_;
  handler_frame* frame_;
};

bool proc_runtime::has_credit(std::uint64_t sender, actor_id receiver, std::uint64_t size) const {
  if (receiver.proc != self_) return known_failed(receiver.proc) || sessions_->has_credit(sender, receiver, bytes{size});
  if (ROOST_PLANT(plant_mailbox_grows)) return true;
  auto const at = accounts_.find({sender, receiver.local});
  if (at == accounts_.end()) return true;
  return at->second.messages < seams_->knobs->count(knobs::credit_messages()) &&
         at->second.size + size <= static_cast<std::uint64_t>(seams_->knobs->get(knobs::credit_bytes()));
}

void proc_runtime::take_credit(std::uint64_t sender, actor_id receiver, std::uint64_t size) {
  auto& account = accounts_[{sender, receiver.local}];
  ++account.messages;
  account.size += size;
}

void proc_runtime::give_back_credit(std::uint64_t sender, actor_id receiver, std::uint64_t size) {
  auto const at = accounts_.find({sender, receiver.local});
  --at->second.messages;
  at->second.size -= size;
  if (at->second.messages == 0) accounts_.erase(at);
  if (!credit_waits_.empty()) wake_credit(sender, receiver, errc::ok);
}

std::uint32_t proc_runtime::open_messages(std::uint64_t sender, actor_id receiver) const {
  if (receiver.proc != self_) return sessions_->open_messages(sender, receiver);
  auto const at = accounts_.find({sender, receiver.local});
  return at == accounts_.end() ? 0 : at->second.messages;
}

void proc_runtime::await_credit(handler_frame* frame, actor_id receiver, std::uint64_t size, instant deadline) {
  auto const sender = frame->cell->id();
  bool const may_suspend =
      frame->kind == activation::handler || frame->kind == activation::callback || frame->kind == activation::construct;
  auto const room = [&] {
    if (receiver.proc == self_ || known_failed(receiver.proc)) return has_credit(sender.local, receiver, size);
    return sessions_->want_room(sender.local, receiver, bytes{size});
  };
  auto const deadlock = [&] {
    return exception(
        error(errc::deadlock, "waiting for credit of " + to_string(receiver) + " would close a cycle of suspended senders"));
  };
  while (!room()) {
    if (!may_suspend || frame->must_end) {
      throw exception(error(errc::would_block, "no credit to send to " + to_string(receiver) +
                                                   ", and supervise, cleanup and ending handlers do not wait for it"));
    }
    if (receiver.proc == self_ && find(receiver.local) == nullptr) return;
    if (receiver.proc == self_ && (receiver == sender || credit_cycle(sender, receiver))) {
      sometimes(true, "actor: a cycle of suspended senders is refused");
      throw deadlock();
    }
    sometimes(true, "actor: a sender waits for credit");
    credit_wait wait(*this, *frame, receiver);
    waiter w(*frame);
    observer_node node{&w, nullptr};
    wait.waiting.add(node);
    auto const outcome = w.wait(wait_kind::credit, receiver, deadline);
    if (outcome == errc::timeout) {
      throw exception(error(errc::timeout, "the deadline passed while waiting for credit to send to " + to_string(receiver)));
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

bool proc_runtime::credit_cycle(actor_id sender, actor_id receiver) const {
  auto at = receiver;
  for (std::size_t hops = 0; hops <= credit_waits_.size(); ++hops) {
    if (at == sender) return true;
    auto const* next = suspended_sender(at);
    if (next == nullptr) return false;
    at = next->receiver;
  }
  return false;
}

void proc_runtime::chase(cycle_probe_body probe) {
  while (++probe.hops <= most_hops) {
    if (probe.to.proc != self_) {
      if (!known_failed(probe.to.proc))
        (void)sessions_->try_send_control(probe.to.proc, static_cast<std::uint16_t>(control_kind::cycle_probe),
                                          shared_bytes(wire::encode(probe)));
      return;
    }
    auto* cell = find(probe.to.local);
    // Unless all that `from` has open waits in this mailbox, word of its handling is under way, and `from` will go on.
    if (cell == nullptr || cell->queued_from(probe.from) != probe.open) return;
    auto* next = suspended_sender(probe.to);
    if (next == nullptr) return;
    if (probe.to == probe.initiator) {
      if (next->number != probe.wait) return;
      sometimes(true, "actor: a cycle of suspended senders across procs is broken");
      next->waiting.wake_all(errc::deadlock);
      return;
    }
    // All of a cycle ask; the one with the highest id breaks it.
    if (probe.initiator < probe.to) return;
    probe.from = probe.to;
    probe.to = next->receiver;
    probe.open = open_messages(probe.from.local, probe.to);
  }
}

}  // namespace roost::detail
