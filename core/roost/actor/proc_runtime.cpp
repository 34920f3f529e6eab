#include <roost/actor/proc_runtime.hpp>

#include <roost/actor/actor.hpp>
#include <roost/actor/endpoint.hpp>
#include <roost/actor/knobs.hpp>
#include <roost/base/keyed.hpp>
#include <roost/base/plant.hpp>
#include <roost/wire/codec.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_reply_unwatched, "reply-unwatched", "G4",
                   "The silence of a proc that has handled a request and owes its answer goes unnoticed.");
ROOST_DEFINE_PLANT(plant_owner_trusted, "owner-trusted", "G7",
                   "Actors whose owner's proc is silent go on for longer than their lease.");
ROOST_DEFINE_PLANT(plant_tell_twice, "receipt-twice", "G3", "The receipt of a returned message is given twice.");
ROOST_DEFINE_PLANT(plant_sent_twice, "sent-twice", "G3",
                   "A message to another proc is now and then sent a second time, as a new one.");
ROOST_DEFINE_PLANT(plant_silent_end, "no-reply-silent", "G4", "A reply port that is destroyed unanswered tells nobody.");
ROOST_DEFINE_PLANT(plant_kill_left_out, "kill-left-out", "G7", "A kill for which the control lane has no room is forgotten.");
ROOST_DEFINE_PLANT(plant_shared_count, "count-across-runs", "G12",
                   "The ids of actors come from one counter of the process, which an earlier run has moved on.");

/// The receipt of a message that was not handled, as the sender's own message to itself.
class receipt_message final : public message {
 public:
  receipt_message(undelivered r, message_stamp of, errc because) : receipt_(std::move(r)), of_(of), because_(because) {}
  void invoke(handler_frame& frame) override {
    auto& cell = *frame.cell;
    note(cell);
    if (ROOST_PLANT(plant_tell_twice)) {
      note(cell);
      cell.user()->undelivered(receipt_);
    }
    cell.user()->undelivered(receipt_);
  }

 private:
  void note(actor_cell const& cell) const {
    runtime_entry const inside;
    if (auto* observer = cell.home().seams().observer) observer->told(cell.id(), of_, receipt_.fate, because_);
  }

  undelivered receipt_;
  message_stamp of_;
  errc because_;
};

}  // namespace

proc_runtime& require_home(char const* what) { return require_frame(what).cell->home(); }

proc_runtime::proc_runtime(platform& seams, proc_id self, std::optional<bootstrap_body> bootstrap, root_factory root)
    : seams_(&seams),
      self_(self),
      bootstrap_(std::move(bootstrap)),
      make_root_(std::move(root)),
      credit_messages_(seams.knobs->count(knobs::credit_messages())),
      credit_bytes_(static_cast<std::uint64_t>(seams.knobs->get(knobs::credit_bytes()))),
      flight_limit_(seams.knobs->count(knobs::flight_entries)) {}

proc_runtime::~proc_runtime() {
  seams_->clock->disarm(lease_timer_);
  seams_->clock->disarm(held_timer_);
  seams_->clock->disarm(exit_timer_);
  seams_->clock->disarm(verdict_timer_);
  seams_->transport->attach(nullptr);
  seams_->launcher->attach(nullptr);
}

void proc_runtime::begin() {
  set_current_platform(seams_);
  link::identity who;
  who.self = self_;
  who.cluster = bootstrap_ ? bootstrap_->cluster : "roost";
  who.token = bootstrap_ ? bootstrap_->token : "";
  who.build = "roost";
  sessions_.open(*seams_, who, *this, seams_->knobs->duration(knobs::lease));
  seams_->launcher->attach(this);
  sessions_->expect_newcomers_within(seams_->knobs->duration(knobs::launch_bound));
  if (bootstrap_) {
    sessions_->expect(bootstrap_->parent, seams_->clock->now());
    lease_until_ = seams_->clock->boot() + seams_->knobs->duration(knobs::lease);
    seams_->clock->arm(lease_timer_, seams_->clock->now() + seams_->knobs->duration(knobs::lease) / 4);
    for (auto const dead : bootstrap_->failed)
      declare(dead, error(errc::proc_failed, "proc " + to_string(dead) + " had failed before this one was launched"),
              bootstrap_->parent);
  } else {
    make_root_(*this);
  }
}

void proc_runtime::unwind() {
  mute_ = true;
  ++changes_;
  std::vector<actor_cell*> cells;
  for (auto const& [local, cell] : actors_) cells.push_back(cell.get());  // banned-call: sorted below
  std::sort(cells.begin(), cells.end(),
            [](actor_cell* a, actor_cell* b) { return std::pair(a->key, a->id()) < std::pair(b->key, b->id()); });
  for (auto* cell : cells) seams_->executor->run_on(cell->worker, [cell] { cell->unwind(); });
  held_.clear();
  recent_ = {};
  for (auto* cell : cells) {
    // What others hold of these ports closes them later.
    while (auto* const port = cell->ports) {
      cell->ports = std::exchange(port->after, nullptr);
      port->link = nullptr;
    }
    actors_.erase(cell->id().local);
  }
  graveyard_.clear();
}

actor_cell* proc_runtime::look_up(std::uint64_t local) const {
  auto const at = actors_.find(local);
  return at == actors_.end() ? nullptr : recent_[place_of(local)] = at->second.get();
}

actor_id proc_runtime::new_actor_id(actor_cell& spawner, proc_id where) {
  static std::uint64_t shared = 0;
  for (;;) {
    auto const n = ROOST_PLANT(plant_shared_count) ? ++shared : ++spawner.extras().spawned;
    if (auto const local = mix(hash_of(spawner.id()), n) | 1; local > last_reserved_local) return {where, local};
  }
}

void proc_runtime::spawn_here(spawn_order&& order) {
  check_inside();
  auto const local = order.id.local;
  auto const owner = order.owner;
  auto cell = std::make_unique<actor_cell>(*this, std::move(order));
  auto const& name = cell->name();
  auto const rank = cell->where().rank();
  cell->key = child_key(seams_->key, "actor", name, mix(rank, names_[mix(hash_text(name), rank)]++));
  cell->worker = seams_->executor->place(cell->key, cell->what().dedicated);
  auto& placed = *cell;
  auto const [at, fresh] = actors_.emplace(local, std::move(cell));
  ROOST_INVARIANT(fresh, "actor id " + to_string(actor_id{self_, local}) + " is used twice");
  if (seams_->observer != nullptr) seams_->observer->actor_started(placed.id(), placed.key, placed.what().name, owner);
  if (owner.proc != self_) {
    if (owner.local != 0) live_by(owner);
  } else if (auto* const with = find(owner.local)) {
    with->add_child_here(placed);
  }
  ++counters_.actors_started;
  placed.check_ready();
  release_held(local);
}

void proc_runtime::remember_end(std::uint64_t local, tombstone&& end) {
  if (!tombstones_.insert_or_assign(local, std::move(end)).second) return;
  auto const limit = seams_->knobs->count(knobs::tombstones);
  if (tombstone_order_.size() < limit) {
    tombstone_order_.push_back(local);
  } else {
    tombstones_.erase(std::exchange(tombstone_order_[next_tombstone_], local));
    next_tombstone_ = (next_tombstone_ + 1) % limit;
  }
}

void proc_runtime::retire(actor_cell& cell, error const& why) {
  graveyard_.clear();
  auto const id = cell.id();
  std::unique_ptr<watcher_list> watchers;
  if (auto* extras = cell.extras_if_any()) watchers = std::move(extras->watchers);
  if (seams_->observer != nullptr) seams_->observer->actor_ended(id, why.code);
  ++counters_.actors_ended;
  if (why.code == errc::actor_failed) ++counters_.actors_failed;
  remember_end(id.local,
               {&cell.what(), cell.name(), cell.where(), why.code == errc::ok ? nullptr : std::make_unique<error const>(why)});
  auto const owner = cell.owner();
  bool const was_root = is_root() && id.local == root_local_;
  sessions_->sender_ended(id.local);
  end_ports(cell, why);
  if (!watches_.empty()) take_watches([&](watch_entry const& w) { return w.port == 0 && w.watcher == id; });
  if (owner.local != 0) live_no_more_by(owner);
  recent_[place_of(id.local)] = nullptr;
  ++changes_;
  auto const node = actors_.find(id.local);
  graveyard_.push_back(std::move(node->second));
  actors_.erase(node);
  notify_end(cell, watchers.get(), why);
  if (was_root) root_ended(why);
}

void proc_runtime::end_ports(actor_cell& cell, error const& why) {
  while (cell.ports != nullptr) {
    port_ptr const port(cell.ports);
    close_port(*port);
    // Another actor of this proc may hold what stands for it, and wait.
    port->fail({why.code == errc::ok ? errc::actor_stopped : why.code, cell.describe() + ", which opened this, has ended"});
  }
}

void proc_runtime::end_actor(actor_id who, bool drain, error why) {
  if (who.proc == self_) {
    if (auto* cell = find(who.local)) {
      if (drain) {
        cell->stop();
      } else {
        cell->end(std::move(why));
      }
    }
    return;
  }
  target_body const body{who.local, to_body(drain ? error() : why)};  // Without a reason it drains.
  auto encoded = wire::encode_shared(body);
  if (drain) {
    send_agent(who.proc, agent_op::stop, std::move(encoded));
  } else if (!known_failed(who.proc) &&
             !sessions_->try_send_control(who.proc, static_cast<std::uint16_t>(control_kind::kill), encoded)) {
    // Many at once do not fit into the control lane: they go with the data, behind what was sent before them.
    sometimes(true, "actor: a kill does not fit into the control lane");
    if (!ROOST_PLANT(plant_kill_left_out)) send_agent(who.proc, agent_op::stop, std::move(encoded));
  }
}

// Messages.

bool proc_runtime::prepare_sending(local_account& through, message& m) {
  actor_id const to{self_, through.receiver};
  if (seams_->observer != nullptr) {
    m.stamp = seams_->observer->sent({m.sender, to, {m.endpoint->id}, bytes{m.size}, static_cast<bool>(m.reply), m.deadline});
    if (m.reply) {
      if (auto* const p = open_port_of(m.reply.port)) p->request = m.stamp;
    }
  }
  if (m.reply) mark_sent(m.reply.port);
  if (through.cell == nullptr || through.seen_changes != changes_) {
    through.cell = addressed(through.receiver);
    through.seen_changes = changes_;
    bool const at_hand = through.cell != nullptr && seams_->observer == nullptr && members_.knows_no_successors();
    through.at_hand = at_hand ? changes_ : 0;
  }
  if (through.cell != nullptr) return true;
  tell(m.sender, m.reply, m.stamp, m.endpoint->id, to, errc::not_handled, gone_reason(to.local));
  return false;
}

void proc_runtime::mark_sent(std::uint64_t port) {
  auto* const p = open_port_of(port);
  if (p == nullptr) return;
  p->asked = true;
  if (!p->awaited || p->watching || p->target.proc == self_ || ROOST_PLANT(plant_reply_unwatched)) return;
  p->watching = true;
  depend_on(p->target);
}

void proc_runtime::depend_on(actor_id other) {
  if (other.proc != self_ && !known_failed(other.proc)) sessions_->watch(other.proc);
}

void proc_runtime::depend_no_more_on(actor_id other) {
  if (other.proc != self_ && !known_failed(other.proc)) sessions_->unwatch(other.proc);
}

void proc_runtime::live_by(actor_id owner) {
  if (ROOST_PLANT(plant_owner_trusted)) return depend_on(owner);
  if (owner.proc != self_ && !known_failed(owner.proc)) sessions_->hold_lease(owner.proc);
}

void proc_runtime::live_no_more_by(actor_id owner) {
  if (ROOST_PLANT(plant_owner_trusted)) return depend_no_more_on(owner);
  if (owner.proc != self_ && !known_failed(owner.proc)) sessions_->drop_lease(owner.proc);
}

void proc_runtime::await_room(invocation const& from, actor_id receiver, std::uint64_t size) {
  if (!from.waits) throw no_room{};
  await_credit(from.frame, receiver, size, from.deadline);
}

bool proc_runtime::send_remote(invocation const& from, actor_id to, link::outgoing&& out, reply_route reply) {
  check_inside();
  auto const sender = from.cell->id();
  auto const size = out.body.payload_size();
  {
    auto const sessions = sessions_.inside();
    if (known_failed(to.proc) || sessions->want_room(sender.local, to, bytes{size})) [[likely]] {
      out.header.remaining = from.remaining();
      return send_charged(to, std::move(out), reply, sender);
    }
  }
  await_room(from, to, size);
  out.header.remaining = from.remaining();
  return send_charged(to, std::move(out), reply, sender);
}

bool proc_runtime::send_charged(actor_id to, link::outgoing&& out, reply_route reply, actor_id sender) {
  message_stamp stamp;
  auto const endpoint = out.header.endpoint;
  if (seams_->observer != nullptr) {
    stamp = seams_->observer->sent({sender,
                                    to,
                                    {endpoint},
                                    bytes{out.body.payload_size()},
                                    static_cast<bool>(reply),
                                    out.header.remaining < 0 ? never : seams_->clock->now() + nanoseconds(out.header.remaining)});
    out.header.stamp_high = stamp.high;
    out.header.stamp_low = stamp.low;
  }
  if (reply) {
    if (auto* const p = open_port_of(reply.port)) p->request = stamp;
    mark_sent(reply.port);
  }
  bool const again = ROOST_PLANT(plant_sent_twice) && !reply && (stamp.low & 7) == 5;
  auto copy = again ? link::outgoing{out.header, out.body.copy(), false} : link::outgoing{};
  error refused;
  link::admission admitted = link::admission::refused;
  if (known_failed(to.proc)) {
    refused = error(errc::proc_failed, "proc " + to_string(to.proc) + " has failed");
  } else {
    admitted = sessions_->send(to.proc, std::move(out), &refused);
  }
  if (admitted == link::admission::admitted) {
    ++counters_.sent_to_others;
    if (again && has_credit(sender.local, to, copy.body.payload_size())) (void)send_charged(to, std::move(copy), {}, sender);
    return true;
  }
  if (admitted == link::admission::no_credit) refused = error(errc::would_block, "no credit to send to " + to_string(to));
  tell(sender, reply, stamp, endpoint, to, errc::not_handled, refused);
  return false;
}

void proc_runtime::used_outside() const {
  broken("inside_runtime()", place() + " is used outside the runtime", __FILE__, __LINE__);
}

void proc_runtime::report_handling(message_origin const& origin) {
  if (origin.number != 0) sessions_->handled(origin.from, origin.epoch, origin.number);
}

void proc_runtime::message_returned(actor_id receiver, message& m, error const& why) {
  if (m.endpoint == nullptr) return;
  if (m.charged != nullptr) give_back_credit(*std::exchange(m.charged, nullptr), m.size);
  if (m.travel != nullptr && m.travel->origin.number != 0) {
    auto const& origin = m.travel->origin;
    return sessions_->returned(origin.from, origin.epoch, origin.number, why.code == errc::ok ? errc::actor_stopped : why.code);
  }
  tell(m.sender, m.reply, m.stamp, m.endpoint->id, receiver, errc::not_handled, why);
}

namespace {

bool says_gone(errc code) {
  return code == errc::actor_failed || code == errc::actor_stopped || code == errc::actor_killed || code == errc::no_such_actor;
}

}  // namespace

void proc_runtime::tell(actor_id sender, reply_route reply, message_stamp stamp, std::uint64_t endpoint, actor_id receiver,
                        errc fate, error const& why, bool back) {
  ++counters_.told;
  auto const where = endpoint_name(endpoint) + " of " + to_string(receiver);
  if (fate == errc::not_handled) {
    if (why.code == errc::stale) fate = errc::stale;
    if (receiver.proc != self_ && says_gone(why.code)) members_.found_gone(receiver);
  }
  auto const told_error =
      why.code == errc::deadlock ? error(errc::deadlock, "the call would close a cycle of waiting callers", where).caused_by(why)
      : fate == errc::stale
          ? error(errc::stale, "the message was not handled: it was for an earlier member of its mesh", where).caused_by(why)
          : error(fate,
                  fate == errc::not_handled ? "the message was not handled" : "the message may or may not have been handled",
                  where)
                .caused_by(why);
  if (reply) {
    // Without a port the answer has come already, and only the word that the message was handled is missing.
    if (auto const p = find_port(reply.port)) {
      if (seams_->observer != nullptr && find(sender.local) != nullptr) seams_->observer->told(sender, stamp, fate, why.code);
      close_port(*p);
      p->fail(told_error);
    }
    return;
  }
  if (auto* cell = find(sender.local)) {
    if (!back) note_returned(sender, stamp);
    cell->post(
        std::make_unique<receipt_message>(undelivered{receiver, endpoint_name(endpoint), fate, told_error}, stamp, why.code));
  }
}

error proc_runtime::reason_of(actor_id gone, tombstone const& end) {
  if (end.why != nullptr) return *end.why;
  return error(errc::actor_stopped, describe_actor(gone, *end.what, end.name, end.where) + " has stopped");
}

error proc_runtime::gone_reason(std::uint64_t local) {
  actor_id const gone{self_, local};
  if (auto const latest = members_.latest(gone); latest != gone)
    return error(errc::stale, to_string(latest) + " has taken the place of " + to_string(gone));
  if (auto const at = tombstones_.find(local); at != tombstones_.end()) return reason_of(gone, at->second);
  return error(errc::no_such_actor, "no actor " + to_string(actor_id{self_, local}) + " is here, and none is remembered");
}

bool proc_runtime::known_over(mesh_record const& mesh, actor_id member) {
  if (known_failed(member.proc)) return true;
  if (member.proc == self_) {
    auto const* const cell = addressed(member.local);
    return cell == nullptr || cell->state() > life::running;
  }
  if (members_.found_over(member)) return true;
  auto const* const owner = mesh.owner.proc == self_ ? find(mesh.owner.local) : nullptr;
  return owner != nullptr && !owner->owns(member);
}

// Ports.

void proc_runtime::open_port(port_base& p, actor_id owner) {
  check_inside();
  p.number = next_port_ += 2;
  p.home = this;
  p.owner = owner;
  if (auto& place = recent_ports_[place_of(p.number)]; place == nullptr) {
    place = &p;
  } else {
    ports_.emplace(p.number, port_ptr(&p));
  }
  auto* const cell = find(owner.local);
  if (cell == nullptr) return;
  p.link = &cell->ports;
  p.after = std::exchange(cell->ports, &p);
  if (p.after != nullptr) p.after->link = &p.after;
}

void proc_runtime::close_port(port_base& p) noexcept {
  if (p.number == 0) return;
  port_ptr alive;
  if (auto& place = recent_ports_[place_of(p.number)]; place.get() == &p) {
    alive.swap(place);
  } else if (auto const at = ports_.find(p.number); at != ports_.end()) {
    alive.swap(at->second);
    ports_.erase(at);
  }
  if (p.link != nullptr) *p.link = p.after;
  if (p.after != nullptr) p.after->link = p.link;
  p.link = nullptr;
  p.after = nullptr;
  if (std::exchange(p.watching, false)) depend_no_more_on(p.target);
  if (auto const claims = std::move(p.claims); claims != nullptr && !mute_) {
    if (seams_->observer != nullptr)
      seams_->observer->value_moved(
          {.step = value_step::closed, .home = self_, .port = p.number, .sender = {}, .owner = p.owner});
    for (auto const& claim : *claims) give_back_claim(p, claim);
  }
  if (p.linked) take_watches([&](watch_entry const& w) { return w.watcher == actor_id{} && w.port == p.number; });
  p.number = 0;
}

port_base* proc_runtime::look_up_port(std::uint64_t number) const {
  auto const at = ports_.find(number);
  return at == ports_.end() ? nullptr : at->second.get();
}

void proc_runtime::answer_error(reply_route to, error const& why, actor_id replier, message_stamp request) {
  if (ROOST_PLANT(plant_silent_end) && why.code == errc::no_reply) return;
  note_replied(replier, request);
  if (to.proc != self_) {
    send_agent(to.proc, agent_op::answer_error, wire::encode_shared(to_body(why)), to.port);
    return;
  }
  if (auto const p = find_port(to.port)) {
    note_reply_arrived(*p, why.code);
    close_port(*p);
    p->fail(why);
  }
}

void proc_runtime::answer_bytes(reply_route to, shared_bytes encoded, std::uint64_t type, actor_id replier,
                                message_stamp request) {
  note_replied(replier, request);
  if (to.proc != self_) {
    send_answer(to, std::move(encoded), type);
  }
}

void proc_runtime::link_port(port_base& p, actor_id watched) {
  p.linked = true;
  if (watched.proc == self_) {
    if (addressed(watched.local) != nullptr) {
      add_watch({{}, p.number, watched, true});
    } else {
      p.fail(gone_reason(watched.local));
    }
    return;
  }
  if (known_failed(watched.proc)) {
    p.fail(error(errc::proc_failed, "proc " + to_string(watched.proc) + " has failed"));
    return;
  }
  add_watch({{}, p.number, watched, true});
  send_agent(watched.proc, agent_op::watch, wire::encode_shared(watch_body{{self_, 0}, p.number, watched, true}));
}

void proc_runtime::add_watch(watch_entry entry) {
  depend_on(entry.watched);
  watches_.push_back(entry);
}

std::vector<proc_runtime::watch_entry> proc_runtime::take_watches(std::function<bool(watch_entry const&)> const& gone) {
  if (watches_.empty()) return {};
  std::vector<watch_entry> taken;
  std::erase_if(watches_, [&](watch_entry const& w) {
    if (!gone(w)) return false;
    taken.push_back(w);
    return true;
  });
  for (auto const& w : taken) depend_no_more_on(w.watched);
  return taken;
}

std::shared_ptr<void>& proc_runtime::proc_local_slot(std::size_t index) {
  if (locals_.size() <= index) locals_.resize(index + 1);
  return locals_[index];
}

void proc_runtime::turn_flight() {
  constexpr std::size_t first_entries = 16;
  auto const written = flight_.size();
  flight_full_ = written == flight_limit_;
  if (!flight_full_) flight_.resize(std::min(flight_limit_, std::max(first_entries, 2 * written)));
  flight_next_ = flight_.data() + (flight_full_ ? 0 : written);
  flight_end_ = flight_.data() + flight_.size();
}

std::vector<flight_record> proc_runtime::flight_of(std::uint64_t actor) const {
  std::vector<flight_record> found;
  auto const next = static_cast<std::size_t>(flight_next_ - flight_.data());
  auto const count = flight_full_ ? flight_.size() : next;
  for (std::size_t i = 0; i != count; ++i) {
    auto const& entry = flight_[flight_full_ ? (next + i) % count : i];
    if (entry.actor == actor) found.push_back({entry.at, entry.endpoint == 0 ? "" : endpoint_name(entry.endpoint), entry.sender});
  }
  return found;
}

void proc_runtime::log_flight(actor_cell const& failing) const {
  constexpr std::size_t most_lines = 8;
  if (seams_->log == nullptr) return;
  auto const all = flight_of(failing.id().local);
  for (std::size_t i = all.size() - std::min(all.size(), most_lines); i != all.size(); ++i) {
    auto const& one = all[i];
    // A constructor and the callback behind it read the same.
    if (i != 0 && one.endpoint.empty() && all[i - 1].endpoint.empty() && one.at == all[i - 1].at) continue;
    auto const at = "before it failed: " + to_string(one.at.time_since_epoch());
    if (one.endpoint.empty()) {
      failing.log(log_level::info, at + " a callback");
    } else {
      failing.log(log_level::info, at, {{"endpoint", one.endpoint}, {"sender", to_string(one.sender)}});
    }
  }
}

}  // namespace roost::detail
