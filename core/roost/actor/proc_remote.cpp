// What comes from other procs: messages, answers, spawns, ends, and what the sessions say.

#include <roost/actor/endpoint.hpp>
#include <roost/actor/knobs.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>
#include <roost/wire/chain.hpp>
#include <roost/wire/codec.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_deadline_restarts, "deadline-restarted", "G4",
                   "A deadline that arrives from another proc starts anew there with ten times its length.");
ROOST_DEFINE_PLANT(plant_reply_twice, "second-reply-delivered", "G3",
                   "An answer from another proc is now and then given to the caller twice.");
ROOST_DEFINE_PLANT(plant_link_ignored, "link-ignored", "G8", "An actor goes on when an actor that it is linked to fails.");
ROOST_DEFINE_PLANT(plant_notice_lost, "notice-lost", "G8", "The notice that a watched actor ended is now and then lost.");
ROOST_DEFINE_PLANT(plant_notice_twice, "notice-twice", "G8", "The notice that a watched actor ended is given twice.");
ROOST_DEFINE_PLANT(plant_successor_gets_it, "successor-gets-it", "G3",
                   "A message for a member of a mesh that has ended is given to the one that took its place.");
ROOST_DEFINE_PLANT(plant_once_stays, "once-port-stays-open", "G3", "A port for one value takes a second one from another proc.");
ROOST_DEFINE_PLANT(plant_chain_forgotten, "chain-forgotten", "G4",
                   "A call from another proc does not say who waits for it, so no cycle of callers is seen.");
ROOST_DEFINE_PLANT(
    plant_agent_unmade, "agent-unmade", "G3",
    "A message from another proc does not make the agent that it is for, and comes back as for an actor that is not there.");
ROOST_DEFINE_PLANT(plant_large_answer_dropped, "large-answer-dropped", "G4",
                   "An answer that is too large to travel is dropped, and who waits for it is not told.");

/// A watched actor's end, as a message of the watcher to itself.
class down_message final : public message {
 public:
  down_message(actor_id who, bool linked, error why) : who_(who), linked_(linked), why_(std::move(why)) {}
  void invoke(handler_frame& frame) override {
    auto& cell = *frame.cell;
    note(cell);
    cell.user()->down(who_, why_);
    if (linked_ && !ROOST_PLANT(plant_link_ignored) && why_.code != errc::actor_stopped && why_.code != errc::ok) {
      runtime_entry const inside;
      cell.end(error(errc::actor_failed, cell.describe() + " is linked to " + to_string(who_) + ", which ended").caused_by(why_));
    }
  }

 private:
  void note(actor_cell const& cell) const {
    runtime_entry const inside;
    if (auto* observer = cell.home().seams().observer) observer->notice(cell.id(), who_, why_.code);
  }

  actor_id who_;
  bool linked_;
  error why_;
};

/// The callers of a trailer, innermost first; an empty one has none. False where it is malformed.
bool read_chain(shared_bytes const& trailer, chain_ptr& into) {
  if (trailer.empty()) return true;
  auto const chain = wire::decode_chain(trailer.view());
  if (!chain) return false;
  for (auto const& caller : chain->view()) into = chain_node::make(caller, std::move(into));
  return true;
}

template <class Body>
std::optional<Body> read_body(shared_bytes const& payload) {
  auto body = wire::decode<Body>(payload);
  if (!body) return std::nullopt;
  return std::move(*body);
}

}  // namespace

bool proc_runtime::send_agent(proc_id to, agent_op op, shared_bytes body, std::uint64_t reply_port, std::uint64_t type,
                              error* refused) {
  if (mute_ || known_failed(to)) return false;
  link::outgoing out;
  out.header.endpoint = static_cast<std::uint64_t>(op);
  out.header.reply_port = reply_port;
  out.header.fingerprint = type;
  out.body = wire::frame_draft::of(body.view());
  out.reserved = true;
  ++counters_.sent_to_others;
  return sessions_->send(to, std::move(out), refused) == link::admission::admitted;
}

void proc_runtime::send_answer(reply_route to, shared_bytes encoded, std::uint64_t type) {
  error refused;
  if (send_agent(to.proc, agent_op::answer_value, std::move(encoded), to.port, type, &refused) || refused.code != errc::too_large)
    return;
  sometimes(true, "actor: an answer is too large to travel");
  if (ROOST_PLANT(plant_large_answer_dropped)) return;
  send_agent(to.proc, agent_op::answer_error, wire::encode_shared(to_body(refused)), to.port);
}

void proc_runtime::send_succession(proc_id to, succession const& news) {
  send_agent(to, agent_op::succeeded, wire::encode_shared(news));
}

bool proc_runtime::send_question(proc_id to, actor_id about) { return send_agent(to, agent_op::who, wire::encode_shared(about)); }

void proc_runtime::deliver(link::incoming&& in) {
  set_current_platform(seams_);
  if (in.header.receiver == 0) {
    deliver_agent(in);
    sessions_->handled(in.from, in.epoch, in.number);
  } else if (is_port(in.header.receiver)) {
    deliver_value(in);
  } else {
    deliver_user(std::move(in));
  }
}

void proc_runtime::deliver_user(link::incoming&& in) {
  actor_id const to{self_, in.header.receiver};
  auto* cell = find(to.local);
  if (cell == nullptr && is_agent(to.local) && !ROOST_PLANT(plant_agent_unmade)) cell = make_agent(to.local);
  if (cell == nullptr) {
    auto const latest = members_.latest(to);
    if (latest != to && ROOST_PLANT(plant_successor_gets_it) && latest.proc == self_) {
      in.header.receiver = latest.local;
      deliver_user(std::move(in));
    } else if (latest != to) {
      sometimes(true, "actor: a message comes for a member that has a successor");
      return_incoming(in, errc::stale);
    } else if (tombstones_.contains(to.local)) {
      return_incoming(in, gone_reason(to.local).code);
    } else {
      hold_unknown(to.local, std::move(in));
    }
    return;
  }
  auto const* endpoint = cell->what().find_endpoint(in.header.endpoint);
  if (endpoint == nullptr) return return_incoming(in, errc::unknown_endpoint);
  if (endpoint->fingerprint != in.header.fingerprint) return return_incoming(in, errc::fingerprint_mismatch);
  std::unique_ptr<cast_place> place;
  arrival at{this, to, {}};
  auto const size = in.payload.size();
  auto const opened = open_envelope(in.payload, in, at, place);
  auto decoded = opened ? endpoint->decode(in.payload, at) : result<std::unique_ptr<message>>(opened.failure());
  chain_ptr callers;
  if (!decoded || !read_chain(in.trailer, callers)) {
    sessions_->returned(in.from, in.epoch, in.number, errc::bad_frame);
    return;
  }
  auto m = std::move(*decoded);
  if (!ROOST_PLANT(plant_chain_forgotten)) m->chain = std::move(callers);
  m->endpoint = endpoint;
  m->sender = {in.from, in.header.sender};
  m->stamp = {in.header.stamp_high, in.header.stamp_low};
  m->size = size;
  // Observers see the size of what the handler gets, and not of what has come; plain arguments have only one.
  if (seams_->observer != nullptr && m->plain_shelf == 0) m->size += m->measure() - in.payload.size();
  m->travel = std::make_unique<message_travel>(message_origin{in.from, in.epoch, in.number}, std::move(place));
  if (in.header.reply_port != 0) m->reply = {in.from, in.header.reply_port};
  if (in.header.remaining >= 0) {
    auto remaining = nanoseconds(in.header.remaining);
    if (ROOST_PLANT(plant_deadline_restarts)) remaining *= 10;
    m->deadline = in.arrived + remaining;
  }
  cell->accept(std::move(m));
}

void proc_runtime::deliver_value(link::incoming const& in) {
  auto const p = find_port(in.header.receiver);
  if (p == nullptr || p->once()) return sessions_->returned(in.from, in.epoch, in.number, errc::no_such_actor);
  if (auto const taken = p->take_bytes(in.payload, in.header.fingerprint); !taken) {
    sessions_->handled(in.from, in.epoch, in.number);
    return p->fail(taken.failure());
  }
  keep_claim(*p, {in.header.sender, in.payload.size(), {in.from, in.epoch, in.number}});
}

void proc_runtime::return_incoming(link::incoming const& in, errc why) {
  std::unique_ptr<cast_place> place;
  arrival at{this, {self_, in.header.receiver}, {}};
  auto payload = in.payload;
  (void)open_envelope(payload, in, at, place);
  sessions_->returned(in.from, in.epoch, in.number, why);
}

void proc_runtime::hold_unknown(std::uint64_t local, link::incoming in) {
  sometimes(true, "actor: a message arrives before the spawn of its receiver");
  auto& held = held_[local];
  if (held.raw.empty()) held.until = seams_->clock->now() + seams_->knobs->duration(knobs::unknown_hold);
  held.raw.push_back(std::move(in));
  if (!held_timer_.armed()) seams_->clock->arm(held_timer_, held.until);
}

void proc_runtime::release_held(std::uint64_t local) {
  auto const at = held_.find(local);
  if (at == held_.end()) return;
  auto messages = std::move(at->second.raw);
  held_.erase(at);
  for (auto& in : messages) {
    if (in.header.receiver == 0) {
      deliver_agent(in);
    } else {
      deliver_user(std::move(in));
    }
  }
}

void proc_runtime::expire_held() {
  auto const now = seams_->clock->now();
  auto next = never;
  for (auto at = held_.begin(); at != held_.end();) {
    if (at->second.until > now) {
      next = std::min(next, at->second.until);
      ++at;
      continue;
    }
    auto const messages = std::move(at->second.raw);
    at = held_.erase(at);
    for (auto const& in : messages) {
      if (in.header.receiver == 0) {
        deliver_agent(in, true);
      } else {
        return_incoming(in, errc::no_such_actor);
      }
    }
  }
  if (next != never) seams_->clock->arm(held_timer_, next);
}

void proc_runtime::deliver_agent(link::incoming const& in, bool waited) {
  switch (static_cast<agent_op>(in.header.endpoint)) {
    case agent_op::answer_value: port_value(in.header.reply_port, in.payload, in.header.fingerprint); break;
    case agent_op::answer_error: {
      auto const body = read_body<error_body>(in.payload);
      port_error(in.header.reply_port, body ? from_body(*body) : error(errc::bad_frame, "an error that cannot be read"));
      break;
    }
    case agent_op::spawn:
      if (auto body = read_body<spawn_body>(in.payload)) agent_spawn(in.from, std::move(*body));
      break;
    case agent_op::stop:
      if (auto const body = read_body<target_body>(in.payload)) {
        if (!waited && find(body->local) == nullptr && !tombstones_.contains(body->local)) {
          hold_unknown(body->local, in);
        } else {
          auto const why = from_body(body->why);
          end_actor({self_, body->local}, why.code == errc::ok, why);
        }
      }
      break;
    case agent_op::ended:
      if (auto const body = read_body<ended_body>(in.payload)) agent_ended(*body);
      break;
    case agent_op::watch:
      if (auto const body = read_body<watch_body>(in.payload)) {
        if (auto* cell = addressed(body->watched.local)) {
          if (body->port == 0) {
            cell->watchers().add(body->watcher, body->linked);
            // A link goes both ways: this end is told of the other as well.
            if (body->linked && watch_away(body->watched, body->watcher, true) && seams_->observer != nullptr)
              seams_->observer->watch_started(body->watched, body->watcher, true);
          } else {
            add_watch({body->watcher, body->port, body->watched, body->linked});
          }
        } else if (!waited && !tombstones_.contains(body->watched.local)) {
          hold_unknown(body->watched.local, in);  // Its spawn may still be under way, from another proc.
        } else {
          down_body const down{body->watcher, body->port, body->watched, body->linked, to_body(gone_reason(body->watched.local))};
          send_agent(in.from, agent_op::down, wire::encode_shared(down));
        }
      }
      break;
    case agent_op::succeeded:
      if (auto const body = read_body<succession>(in.payload)) members_.learn(*body);
      break;
    case agent_op::who:
      if (auto const body = read_body<actor_id>(in.payload)) members_.asked(in.from, *body);
      break;
    case agent_op::launch_agent:
      if (auto const body = read_body<host_id>(in.payload)) launch_agent(*body);
      break;
    case agent_op::down:
      if (auto const body = read_body<down_body>(in.payload)) {
        auto const why = from_body(body->why);
        members_.found_gone(body->watched);
        if (body->port != 0) {
          if (auto const p = find_port(body->port)) p->fail(why);
        } else {
          auto const ended = take_watches(
              [&](watch_entry const& w) { return w.port == 0 && w.watcher == body->watcher && w.watched == body->watched; });
          if (!ended.empty()) watcher_told(body->watcher, body->watched, body->linked || ended.front().linked, why);
        }
      }
      break;
  }
}

void proc_runtime::port_value(std::uint64_t port, shared_bytes const& encoded, std::uint64_t type) {
  auto const p = find_port(port);
  if (p == nullptr) return;
  if (p->once() && !ROOST_PLANT(plant_once_stays)) close_port(*p);
  auto const taken = p->take_bytes(encoded, type);
  auto const outcome = taken ? errc::ok : taken.failure().code;
  note_reply_arrived(*p, outcome);
  if (ROOST_PLANT(plant_reply_twice) && (p->request.low & 7) == 3) note_reply_arrived(*p, outcome);
  if (!taken) p->fail(taken.failure());
}

void proc_runtime::port_error(std::uint64_t port, error const& why) {
  auto const p = find_port(port);
  if (p == nullptr) return;
  note_reply_arrived(*p, why.code);
  close_port(*p);
  p->fail(why);
}

void proc_runtime::pass_value(reply_route to, shared_bytes const& encoded, std::uint64_t type) {
  sometimes(true, "actor: the answer to a forwarded request comes back");
  if (to.proc == self_) {
    port_value(to.port, encoded, type);
  } else {
    send_answer(to, encoded, type);
  }
}

void proc_runtime::pass_error(reply_route to, error const& why) {
  sometimes(true, "actor: a forwarded request fails");
  if (to.proc == self_) {
    port_error(to.port, why);
  } else {
    send_agent(to.proc, agent_op::answer_error, wire::encode_shared(to_body(why)), to.port);
  }
}

void proc_runtime::agent_spawn(proc_id from, spawn_body body) {
  auto const refuse = [&](error why) {
    why.where = body.class_name + " " + body.name + " on " + place();
    remember_end(body.local, {nullptr, {}, {}, std::make_unique<error const>(why)});
    owner_told(body.owner, {self_, body.local}, why);
    release_held(body.local);
  };
  if (find(body.local) != nullptr) return;  // The same order once more.
  if (auto const killed = tombstones_.find(body.local); killed != tombstones_.end()) {
    auto const why = reason_of({self_, body.local}, killed->second);
    owner_told(body.owner, {self_, body.local}, why);
    return release_held(body.local);
  }
  auto const* what = find_class(body.class_name);
  if (what == nullptr) return refuse(error(errc::bad_argument, "this executable has no actor class of that name"));
  auto const* how = what->find_constructor(body.fingerprint);
  if (how == nullptr) return refuse(error(errc::fingerprint_mismatch, "this executable has no constructor for these arguments"));
  auto construct = how->decode(body.arguments);
  auto shape = extent::make(body.labels, body.sizes);
  if (!construct) return refuse(construct.failure());
  if (!shape) return refuse(shape.failure());
  auto where = point::make(*shape, body.rank);
  if (!where) return refuse(where.failure());
  (void)from;
  spawn_here({{self_, body.local}, body.owner, {}, what, body.name, *where, std::move(*construct)});
}

void proc_runtime::spawn_there(spawn_body body, proc_id where) {
  auto const owner = body.owner;
  actor_id const child{where, body.local};
  if (known_failed(where)) {
    owner_told(owner, child, error(errc::proc_failed, "proc " + to_string(where) + " has failed"));
    return;
  }
  send_agent(where, agent_op::spawn, wire::encode_shared(body));
}

void proc_runtime::agent_ended(ended_body const& body) { owner_told(body.owner, body.child, from_body(body.why)); }

void proc_runtime::owner_told(actor_id owner, actor_id child, error const& why) {
  if (owner.proc != self_) {
    ended_body const body{owner, child, to_body(why)};
    send_agent(owner.proc, agent_op::ended, wire::encode_shared(body));
  } else if (auto* cell = find(owner.local)) {
    cell->child_ended(child, why);
  }
}

void proc_runtime::watcher_told(actor_id watcher, actor_id watched, bool linked, error const& why) {
  if (watcher.proc != self_) {
    down_body const body{watcher, 0, watched, linked, to_body(why)};
    send_agent(watcher.proc, agent_op::down, wire::encode_shared(body));
  } else if (auto* cell = find(watcher.local)) {
    if (ROOST_PLANT(plant_notice_lost) && (watched.local & 2) == 0) return;
    if (ROOST_PLANT(plant_notice_twice)) cell->post(std::make_unique<down_message>(watched, linked, why));
    cell->post(std::make_unique<down_message>(watched, linked, why));
  }
}

void proc_runtime::notify_end(actor_cell& ended, watcher_list const* watchers, error const& why) {
  auto const gone = ended.id();
  auto const owner = ended.owner();
  auto const reason = [&] { return why.code == errc::ok ? error(errc::actor_stopped, to_string(gone) + " has stopped") : why; };
  if (watchers != nullptr) {
    for (auto const& [watcher, linked] : watchers->all()) watcher_told(watcher, gone, linked, reason());
  }
  for (auto const& w : take_watches([&](watch_entry const& w) { return w.watched == gone; })) {
    if (w.port == 0) continue;
    if (w.watcher.proc == self_ || w.watcher == actor_id{}) {
      if (auto const p = find_port(w.port)) p->fail(reason());
    } else {
      down_body const body{w.watcher, w.port, gone, true, to_body(reason())};
      send_agent(w.watcher.proc, agent_op::down, wire::encode_shared(body));
    }
  }
  if (owner.local == 0) return;
  if (owner.proc != self_) return owner_told(owner, gone, why);
  if (auto* cell = find(owner.local)) cell->child_ended(ended, why);
}

void proc_runtime::watch(actor_id watcher, actor_id watched, bool linked) {
  check_inside();
  auto const note = [&](actor_id who, actor_id whom) {
    if (seams_->observer != nullptr) seams_->observer->watch_started(who, whom, linked);
  };
  if (watched.proc == self_) {
    auto* const cell = addressed(watched.local);
    if (cell == nullptr) {
      note(watcher, watched);
      return watcher_told(watcher, watched, linked, gone_reason(watched.local));
    }
    if (cell->watchers().add(watcher, linked)) note(watcher, watched);
    if (linked && find(watcher.local)->watchers().add(watched, true)) note(watched, watcher);
    return;
  }
  if (known_failed(watched.proc)) {
    note(watcher, watched);
    return watcher_told(watcher, watched, linked, error(errc::proc_failed, "proc " + to_string(watched.proc) + " has failed"));
  }
  auto const* const known = find_watch(watcher, watched);
  if (known != nullptr && (known->linked || !linked)) return;
  if (watch_away(watcher, watched, linked)) note(watcher, watched);
  if (linked) find(watcher.local)->watchers().add(watched, true);
  send_agent(watched.proc, agent_op::watch, wire::encode_shared(watch_body{watcher, 0, watched, linked}));
}

proc_runtime::watch_entry* proc_runtime::find_watch(actor_id watcher, actor_id watched) {
  auto const at = std::find_if(watches_.begin(), watches_.end(),
                               [&](watch_entry const& w) { return w.port == 0 && w.watcher == watcher && w.watched == watched; });
  return at == watches_.end() ? nullptr : &*at;
}

bool proc_runtime::watch_away(actor_id watcher, actor_id watched, bool linked) {
  auto* const known = find_watch(watcher, watched);
  if (known == nullptr) {
    add_watch({watcher, 0, watched, linked});
  } else {
    known->linked |= linked;
  }
  return known == nullptr;
}

void proc_runtime::told(link::receipt const& r) {
  set_current_platform(seams_);
  if (r.fate == errc::not_handled && r.why.code == errc::stale && !is_port(r.receiver)) {
    members_.came_back(r);
  } else if (!is_port(r.receiver)) {
    tell_receipt(r, r.why);
  } else if (seams_->observer != nullptr) {
    seams_->observer->value_moved(
        {.step = value_step::back, .home = r.to, .port = r.receiver, .sender = {self_, r.sender}, .owner = {}});
  }
  if (!credit_waits_.empty()) wake_credit(r.sender, {r.to, r.receiver}, errc::ok);
}

void proc_runtime::tell_receipt(link::receipt const& r, error const& why, bool back) {
  reply_route const reply = r.reply_port != 0 ? reply_route{self_, r.reply_port} : reply_route{};
  tell({self_, r.sender}, reply, r.stamp, r.endpoint, {r.to, r.receiver}, r.fate, why, back);
}

void proc_runtime::room(std::uint64_t sender, actor_id receiver) {
  set_current_platform(seams_);
  wake_credit(sender, receiver, errc::ok);
}

void proc_runtime::suspected(proc_id peer, bool suspect) {
  set_current_platform(seams_);
  sometimes(suspect, "actor: a peer is suspected");
  if (seams_->log == nullptr || !suspect) return;
  seams_->log->write(log_level::debug, {.name = place()}, "suspects " + to_string(peer), log_fields{{"proc", to_string(peer)}});
}

}  // namespace roost::detail
