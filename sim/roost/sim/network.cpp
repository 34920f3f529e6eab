#include <roost/sim/network.hpp>

#include <roost/sim/engine.hpp>
#include <roost/sim/sim_knobs.hpp>

#include <algorithm>
#include <string>

namespace roost::sim {
namespace {

error explain(loss why, proc_id peer, bytes max_frame) {
  error e(errc::unavailable, {}, to_string(peer));
  switch (why) {
    case loss::closed_by_peer: e.what = "the peer closed the connection"; break;
    case loss::refused: e.what = "nobody accepts connections there"; break;
    case loss::reset: e.what = "the connection was reset"; break;
    case loss::crashed: e.what = "the peer's process is gone"; break;
    case loss::timed_out: e.what = "nobody answered in time"; break;
    case loss::unreachable: e.what = "no such host"; break;
    case loss::too_large:
      e.code = errc::too_large;
      e.what = "a frame is over the limit of " + to_string(max_frame);
      break;
  }
  e.simulated = why == loss::reset || why == loss::crashed;
  return e;
}

moment transmission_time(link_model const* model, std::size_t size) noexcept {
  if (model == nullptr || model->bits_per_second == 0) return 0;
  constexpr std::uint64_t bit_nanoseconds = 8'000'000'000;
  return static_cast<moment>(size * bit_nanoseconds / model->bits_per_second);
}

}  // namespace

network::network(engine& sim, scenario const& what) : engine_(sim), scenario_(what) {
  for (auto const& rule : what.links) {
    fault_operation between;
    between.group_a = {rule.between_a};
    between.group_b = {rule.between_b};
    rules_.emplace_back(target_pair(between), &rule.model);
  }
  auto const local = sim.knobs().duration(knob_local_latency);
  local_.latency = {latency_model::shape::uniform, local / 2, local + local / 2};
  local_.bits_per_second = 0;
}

network::~network() = default;

latency_table const& network::table_of(link_model const& model) {
  for (auto const& [known, table] : tables_) {
    if (known == &model) return *table;
  }
  tables_.emplace_back(&model, std::make_unique<latency_table>(model.latency));
  return *tables_.back().second;
}

link& network::link_from(proc& from, proc_id to) {
  auto const [at, fresh] = from.links.try_emplace(to);
  link& l = at->second;
  if (!fresh) return l;
  l.key = child_key(from.key, "link", to_string(to));
  l.damage_key = child_key(l.key, "damage", "");
  l.to = to;
  l.model = &scenario_.net;
  if (from.id.host == to.host) l.model = &local_;
  for (auto const& [between, model] : rules_) {
    if (between.between(from.id, to)) l.model = model;
  }
  l.latency = &table_of(*l.model);
  return l;
}

network_event& network::take_event(network_step step, channel_end& to) {
  if (free_.empty()) free_.push_back(&events_.emplace_back(engine_));
  network_event& e = *free_.back();
  free_.pop_back();
  e.to_ = &to;
  e.step_ = step;
  e.number_ = 0;
  e.queued_at_port_ = false;
  e.counted_ = false;
  return e;
}

void network::free_event(network_event& e) {
  e.frame_ = {};
  free_.push_back(&e);
}

// Delays.

moment network::draw_delay(link& l, proc const& from) {
  moment delay = l.latency->sample(keyed_hash(engine_.seed(), draw_domain::network, l.key, l.delays++).low);
  auto const* there = engine_.find_host(l.to.host);
  auto const slow = std::max<std::uint32_t>(from.on.slow_percent, there == nullptr ? 100 : there->slow_percent);
  if (slow != 100) delay = delay / 100 * slow + delay % 100 * slow / 100;
  return delay;
}

moment network::delay(proc& from, proc_id to) { return draw_delay(link_from(from, to), from); }

void network::transmit(channel_end& from, network_event& e, std::size_t size, bool in_order, moment extra) {
  link& l = *from.out;
  host& here = from.owner->on;
  moment leaves = engine_.now();
  if (moment const takes = transmission_time(l.model, size); takes != 0) {
    leaves = std::max(leaves, here.sends_until) + takes;
    here.sends_until = leaves;
  }
  moment arrives = leaves + draw_delay(l, *from.owner) + extra;
  if (in_order) from.last_arrival = arrives = std::max(arrives, from.last_arrival);
  engine_.queue().push(e, {arrives, l.key.value, ++l.events});
}

void network::tell(channel_end& to, link& by, network_step step, loss why, moment at) {
  network_event& e = take_event(step, to);
  e.why_ = why;
  engine_.queue().push(e, {at, by.key.value, ++by.events});
}

// What procs ask for.

channel_end& network::connect(proc& from, proc_id to) {
  if (live_.size() * 2 < connections_.size() && connections_.size() % 1024 == 0) forget_dead();
  connection& made = connections_.emplace_back();
  live_.push_back(&made);
  auto& [near, far] = made.ends;
  near.other = &far;
  far.other = &near;
  from.channels.push_back(&near);
  near.owner = &from;
  near.number = from.channels.size();
  near.peer = to;
  near.out = &link_from(from, to);
  far.peer = from.id;
  engine_.records().note(record::connect, near.out->key.value, near.number);
  if (engine_.records().tracing()) {
    engine_.records().say(to_string(from.id) + " connects to " + to_string(to) + " as channel " + std::to_string(near.number));
  }
  transmit(near, take_event(network_step::knock, far), 0, true);
  near.give_up = &take_event(network_step::give_up, near);
  near.give_up->why_ = loss::timed_out;
  engine_.queue().push(*near.give_up,
                       {engine_.now() + engine_.knobs().get(knob_connect_timeout), near.out->key.value, ++near.out->events});
  return near;
}

send_status network::send(channel_end& end, shared_bytes const& frame) {
  if (end.state == end_state::connecting) {
    end.wants_room = true;
    return send_status::full;
  }
  if (end.state != end_state::open) return send_status::closed;
  std::size_t const size = frame.size();
  if (size > scenario_.max_frame.value) {
    end_lost(end, loss::too_large);
    hang_up(end);
    return send_status::closed;
  }
  if (end.in_flight != 0 && end.in_flight + size > engine_.knobs().count(knob_in_flight_bytes)) {
    end.wants_room = true;
    return send_status::full;
  }
  link& l = *end.out;
  std::uint64_t const number = ++l.frames;
  ++frames_;
  auto& records = engine_.records();
  records.note(record::frame_sent, l.key.value, number, size, hash_bytes(frame.view()));
  if (records.tracing()) {
    records.say(to_string(end.owner->id) + " -> " + to_string(end.peer) + " frame " + std::to_string(number) + ", " +
                std::to_string(size) + " bytes");
  }
  shared_bytes carried = frame;
  damage const what = damage_on(l, end.owner->id);
  bool in_order = true;
  moment extra = 0;
  if (what.any()) {
    // Four draws for each frame, whatever comes of them.
    bool const lost = strikes(l, what.loss);
    bool const twice = strikes(l, what.duplicate);
    bool const late = strikes(l, what.reorder);
    bool const flipped = strikes(l, what.corrupt);
    if (flipped && size != 0) carried = corrupted(l, frame);
    if (late) {
      in_order = false;
      extra = draw_delay(l, *end.owner) * 2;
    }
    if (twice) {
      network_event& copy = take_event(network_step::frame, *end.other);
      copy.frame_ = carried;
      copy.number_ = number;
      transmit(end, copy, size, false, draw_delay(l, *end.owner));
    }
    if (lost) {
      records.note(record::frame_lost, l.key.value, number);
      if (records.tracing())
        records.say(to_string(end.owner->id) + " -> " + to_string(end.peer) + " frame " + std::to_string(number) + " is lost");
      return send_status::sent;
    }
  }
  network_event& e = take_event(network_step::frame, *end.other);
  e.frame_ = std::move(carried);
  e.number_ = number;
  e.counted_ = true;
  end.in_flight += size;
  transmit(end, e, size, in_order, extra);
  return send_status::sent;
}

void network::close(channel_end& end) {
  bool const told = end.state == end_state::open || end.state == end_state::connecting;
  end.state = end_state::gone;
  end.owner->channels[end.number - 1] = nullptr;
  if (end.give_up != nullptr) {
    engine_.queue().cancel(*end.give_up);
    free_event(*std::exchange(end.give_up, nullptr));
  }
  if (told) hang_up(end);
}

/// The other end hears of it.
void network::hang_up(channel_end& end) {
  network_event& e = take_event(network_step::closed, *end.other);
  e.why_ = loss::closed_by_peer;
  transmit(end, e, 0, true);
}

// Damage.

bool network::strikes(link& l, std::uint64_t ppm) {
  auto const word = keyed_hash(engine_.seed(), draw_domain::network, l.damage_key, l.damages++).low;
  return scale_below(word, 1'000'000) < ppm;
}

shared_bytes network::corrupted(link& l, shared_bytes const& frame) {
  std::vector<std::byte> copy(frame.view().begin(), frame.view().end());
  auto const bit = scale_below(keyed_hash(engine_.seed(), draw_domain::network, l.damage_key, l.damages++).low, copy.size() * 8);
  copy[bit / 8] ^= std::byte{1} << (bit % 8);
  return shared_bytes(copy);
}

network::damage network::damage_on(link const& l, proc_id from) const noexcept {
  damage sum{l.model->loss_ppm, l.model->duplicate_ppm, l.model->reorder_ppm, l.model->corrupt_ppm};
  for (auto const& each : disturbances_) {
    if (each.is_cut) continue;
    if (!each.groups.between(from, l.to)) continue;
    sum.loss += each.what.loss;
    sum.duplicate += each.what.duplicate;
    sum.reorder += each.what.reorder;
    sum.corrupt += each.what.corrupt;
  }
  return sum;
}

std::uint64_t network::cut(target_pair groups, bool both_ways) {
  disturbances_.push_back({++names_, std::move(groups), both_ways, true, {}});
  return names_;
}

std::uint64_t network::disturb(fault_operation const& burst) {
  disturbances_.push_back(
      {++names_, target_pair(burst), true, false, {burst.loss_ppm, burst.duplicate_ppm, burst.reorder_ppm, burst.corrupt_ppm}});
  return names_;
}

void network::mend(std::uint64_t name) {
  std::erase_if(disturbances_, [&](disturbance const& each) { return each.name == name; });
}

void network::mend_all() { disturbances_.clear(); }

bool network::cuts(proc_id from, proc_id to) const noexcept {
  for (auto const& each : disturbances_) {
    if (!each.is_cut) continue;
    if (each.groups.from_a_to_b(from, to) || (each.both_ways && each.groups.from_a_to_b(to, from))) return true;
  }
  return false;
}

// The end of connections.

void network::end_lost(channel_end& end, loss why) {
  if (end.state != end_state::open && end.state != end_state::connecting) return;
  end.state = end_state::lost;
  tell(end, *end.out, network_step::closed, why, engine_.now());
}

void network::answer_reset(channel_end& end) {
  // `end` is gone or was never there; the one who sent to it hears so, when the way back is open.
  channel_end& sender = *end.other;
  if (end.deaf || sender.owner == nullptr) return;
  host* const here = engine_.find_host(sender.peer.host);
  if (here == nullptr || here->down || is_cut(sender.peer, sender.owner->id)) return;
  link& back = end.out != nullptr ? *end.out : *sender.out;
  moment const takes = end.out != nullptr ? draw_delay(back, *end.owner) : draw_delay(back, *sender.owner);
  tell(sender, back, network_step::closed, end.owner == nullptr ? loss::refused : loss::reset, engine_.now() + takes);
}

void network::proc_gone(proc& who, bool silently) {
  for (channel_end*& end : who.channels) {
    if (end == nullptr) continue;
    bool const told = end->state == end_state::open || end->state == end_state::connecting;
    end->state = end_state::gone;
    if (end->give_up != nullptr) {
      engine_.queue().cancel(*end->give_up);
      free_event(*std::exchange(end->give_up, nullptr));
    }
    if (told && !silently) {
      network_event& e = take_event(network_step::closed, *end->other);
      e.why_ = loss::crashed;
      transmit(*end, e, 0, false);
    }
    end = nullptr;
  }
}

std::size_t network::reset(target_pair const& groups) {
  std::size_t hit = 0;
  for (connection* each : live_) {
    auto& [a, b] = each->ends;
    if (a.owner == nullptr || b.owner == nullptr) continue;
    if (!groups.between(a.owner->id, b.owner->id)) continue;
    if (a.state == end_state::open || b.state == end_state::open) ++hit;
    end_lost(a, loss::reset);
    end_lost(b, loss::reset);
  }
  return hit;
}

std::size_t network::half_open(target_pair const& groups) {
  std::size_t hit = 0;
  for (connection* each : live_) {
    auto& [a, b] = each->ends;
    if (a.owner == nullptr || b.owner == nullptr) continue;
    bool const a_stays = groups.from_a_to_b(a.owner->id, b.owner->id);
    if (!a_stays && !groups.from_a_to_b(b.owner->id, a.owner->id)) continue;
    channel_end& gone = a_stays ? b : a;
    if (gone.state != end_state::open) continue;
    ++hit;
    gone.deaf = true;
    end_lost(gone, loss::reset);
  }
  return hit;
}

std::size_t network::open_channels(proc const& who) const {
  return static_cast<std::size_t>(std::count_if(who.channels.begin(), who.channels.end(), [](channel_end const* end) {
    return end != nullptr && end->state == end_state::open;
  }));
}

void network::forget_dead() {
  std::erase_if(live_, [](connection const* each) {
    return std::all_of(each->ends.begin(), each->ends.end(), [](channel_end const& end) { return end.state == end_state::gone; });
  });
}

// Arrivals.

void network::taken(channel_end& sender, std::size_t size) {
  sender.in_flight -= size;
  if (!sender.wants_room || sender.in_flight > engine_.knobs().count(knob_in_flight_bytes) / 2) return;
  sender.wants_room = false;
  channel_end& taker = *sender.other;
  tell(sender, *taker.out, network_step::room, loss::closed_by_peer, engine_.now() + taker.out->latency->least());
}

bool network::through_port(network_event& e) {
  channel_end& sender = *e.to_->other;
  moment const takes = transmission_time(sender.out->model, e.frame_.size());
  if (takes == 0 || e.queued_at_port_) return true;
  host* const there = engine_.find_host(sender.peer.host);
  if (there == nullptr) return true;
  // An idle port receives while the frame is still being sent, so it is whole when it arrives; a busy one delays it.
  moment const from = there->receives_until;
  moment const whole = std::max(engine_.now(), from + takes);
  there->receives_until = whole;
  if (whole == engine_.now()) return true;
  e.queued_at_port_ = true;
  engine_.queue().push(e, {whole, sender.out->key.value, ++sender.out->events});
  return false;
}

void network::arrive(network_event& e) {
  channel_end& to = *e.to_;
  auto& records = engine_.records();
  switch (e.step_) {
    case network_step::knock: knocked(e); return;
    case network_step::room:
      if (to.state != end_state::open) return free_event(e);
      to.owner->control.offer(e);
      return;
    case network_step::give_up:
      to.give_up = nullptr;
      end_lost(to, loss::timed_out);
      return free_event(e);
    case network_step::closed:
      if (to.owner == nullptr || to.state == end_state::gone) return free_event(e);
      if (to.state != end_state::lost) {
        if (is_cut(to.peer, to.owner->id) || to.owner->on.down) return free_event(e);
        to.state = end_state::lost;
      }
      if (to.give_up != nullptr) {
        engine_.queue().cancel(*to.give_up);
        free_event(*std::exchange(to.give_up, nullptr));
      }
      to.owner->control.offer(e);
      return;
    case network_step::answer:
    case network_step::frame: break;
  }
  channel_end& sender = *to.other;
  if (is_cut(sender.owner->id, sender.peer) || (to.owner != nullptr && to.owner->on.down)) {
    records.note(record::frame_lost, sender.out->key.value, e.number_);
    if (records.tracing())
      records.say(to_string(sender.owner->id) + " -> " + to_string(sender.peer) + " frame " + std::to_string(e.number_) +
                  " is lost");
    if (e.counted_) taken(sender, e.frame_.size());
    return free_event(e);
  }
  if (e.step_ == network_step::frame && !through_port(e)) return;
  deliver(e);
}

void network::deliver(network_event& e) {
  channel_end& to = *e.to_;
  channel_end& sender = *to.other;
  if (e.step_ == network_step::answer && to.state == end_state::connecting) {
    to.state = end_state::open;
    engine_.queue().cancel(*to.give_up);
    free_event(*std::exchange(to.give_up, nullptr));
  }
  if (to.state == end_state::open) {
    to.owner->control.offer(e);
    return;
  }
  if (e.counted_) sender.in_flight -= e.frame_.size();
  if (to.state == end_state::gone) answer_reset(to);
  free_event(e);
}

void network::knocked(network_event& e) {
  channel_end& far = *e.to_;
  channel_end& near = *far.other;
  free_event(e);
  if (near.state == end_state::gone || is_cut(near.owner->id, near.peer)) return;
  host* const there = engine_.find_host(near.peer.host);
  if (there == nullptr) return end_lost(near, loss::unreachable);
  if (there->down) return;
  proc* const acceptor = engine_.find_living(near.peer);
  if (acceptor == nullptr || acceptor->transport_listener == nullptr) {
    far.state = end_state::gone;
    return answer_reset(far);
  }
  acceptor->channels.push_back(&far);
  far.owner = acceptor;
  far.number = acceptor->channels.size();
  far.out = &link_from(*acceptor, far.peer);
  far.state = end_state::open;
  transmit(far, take_event(network_step::answer, near), 0, true);
  acceptor->control.offer(take_event(network_step::knock, far));
}

void network_event::fire() { engine_.net().arrive(*this); }

void network_event::drop() {
  if (counted_) to_->other->in_flight -= frame_.size();
  engine_.net().free_event(*this);
}

void network_event::run() {
  network& net = engine_.net();
  auto& records = engine_.records();
  channel_end& to = *to_;
  proc& owner = *to.owner;
  network_step const step = step_;
  shared_bytes frame = std::move(frame_);
  std::uint64_t const number = number_;
  loss const why = why_;
  bool const counted = counted_;
  net.free_event(*this);
  if (counted) net.taken(*to.other, frame.size());
  if (to.state != (step == network_step::closed ? end_state::lost : end_state::open)) return;
  transport_events* const listener = owner.transport_listener;
  auto const said = [&](record kind, char const* text) {
    records.note(kind, owner.key.value, to.number, number);
    if (!records.tracing()) return;
    records.say(to_string(owner.id) + " channel " + std::to_string(to.number) + " (" + to_string(to.peer) + ") " + text +
                (kind == record::frame_arrived ? " " + std::to_string(number) : std::string()));
  };
  channel_id const c = to.number;
  switch (step) {
    case network_step::knock:
      said(record::accepted, "is open, by the peer");
      if (listener != nullptr) listener->connected(c, to.peer, false);
      return;
    case network_step::answer:
      said(record::connected, "is open");
      if (listener != nullptr) listener->connected(c, to.peer, true);
      // Whoever wanted to send before hears of room now, if it is open still.
      if (to.state == end_state::open && std::exchange(to.wants_room, false))
        net.tell(to, *to.out, network_step::room, loss::closed_by_peer, net.engine_.now());
      return;
    case network_step::frame:
      said(record::frame_arrived, "receives frame");
      if (listener != nullptr) listener->received(c, std::move(frame));
      return;
    case network_step::room:
      said(record::writable, "has room");
      if (listener != nullptr) listener->writable(c);
      return;
    case network_step::closed:
      to.state = end_state::gone;
      owner.channels[c - 1] = nullptr;
      said(record::closed, "is closed");
      if (listener != nullptr) listener->closed(c, explain(why, to.peer, net.scenario_.max_frame));
      return;
    case network_step::give_up: return;
  }
}

}  // namespace roost::sim
