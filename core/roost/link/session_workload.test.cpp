#include <roost/link/session_workload.test.hpp>

#include <roost/wire/header.hpp>

#include <algorithm>
#include <utility>

namespace roost::link::testing {

struct workload::node final : session_events {
  node(workload& all, proc_id id, identity who)
      : load(all), proc(all.world_, all.net_, id, all.knobs_, std::move(who), *this, all.result_.seen) {}

  void deliver(incoming&& m) override { load.arrived(*this, std::move(m)); }
  void told(receipt const& r) override { load.told(*this, r); }
  void room(std::uint64_t who, actor_id to) override {
    for (auto& s : senders) {
      if (s.id != who || s.ended || s.next_message == 0) continue;
      auto const& m = load.messages_[s.next_message];
      if (m.to == to.proc && m.receiver == to.local) load.offer(*this, s, std::exchange(s.next_message, 0));
    }
  }
  void control(proc_id from, std::uint16_t, shared_bytes body) override {
    std::uint64_t index = 0;
    std::memcpy(&index, body.view().data(), sizeof index);
    load.control(*this, from, index);
  }
  void session_lost(proc_id peer, error) override { load.lost(*this, peer); }
  void suspected(proc_id, bool) override {}

  workload& load;
  std::deque<sender> senders;
  std::map<std::uint64_t, receiver> receivers;
  std::map<std::size_t, proc_id> waits;  ///< Calls not yet answered.
  fake_proc proc;
};

run_plan drawn_plan(std::uint64_t seed) {
  keyed_stream draws(seed, draw_domain::workload, {2});
  run_plan plan;
  plan.seed = seed;
  auto const groups = draws.next();
  plan.faults = static_cast<std::uint32_t>(groups | (groups >> 32 & draws.next())) & every_fault;
  plan.procs = 2 + draws.below(5);
  plan.senders = 1 + draws.below(draws.below(40) + 1);
  plan.messages = 1 + draws.below(60);
  return plan;
}

bool verdict::broke(std::string_view promise) const {
  return std::any_of(broken.begin(), broken.end(),
                     [promise](std::string const& b) { return b.starts_with(std::string(promise) + ":"); });
}

verdict run_workload(run_plan const& plan) { return workload(plan).run(); }

workload::workload(run_plan const& plan)
    : plan_(plan), world_(plan.seed), net_(world_), draws_(plan.seed, draw_domain::workload, {1}) {
  if (on(drawn_knobs)) {
    knobs_ = knob_values::drawn(plan.seed);
    if (draws_.below(2) == 0) {
      static_cast<void>(
          knobs_.set(*find_knob("link.path_bound"), 200'000'000 + static_cast<std::int64_t>(draws_.below(300'000'000))));
    }
    // Very small ones, more often than the swarm has them.
    for (auto const* name : {"link.window_messages", "link.credit_messages", "link.reports_in_flight", "link.resend_burst"}) {
      if (draws_.below(3) == 0) static_cast<void>(knobs_.set(*find_knob(name), static_cast<std::int64_t>(1 + draws_.below(6))));
    }
  }
  messages_.resize(1);
}

workload::~workload() = default;

void workload::fail(std::string promise, std::string sentence) {
  if (result_.broken.size() < 20) result_.broken.push_back(std::move(promise) + ": " + std::move(sentence));
}

void workload::note(std::uint64_t what, std::uint64_t which) {
  auto const time = static_cast<std::uint64_t>(world_.now().time_since_epoch().count());
  result_.digest = detail::mix(result_.digest ^ what, detail::mix(time, which));
}

std::string workload::name(std::size_t index) const {
  auto const& m = messages_[index];
  return "message " + std::to_string(index) + " from " + to_string(actor_id{m.from, m.sender}) + " to " +
         to_string(actor_id{m.to, m.receiver});
}

workload::node& workload::add_node(proc_id id) {
  auto& made = *nodes_.emplace_back(std::make_unique<node>(*this, id, identity{id, "test", "build", "secret"}));
  net_.add(made.proc);
  for (std::uint64_t r = 1; r <= 3; ++r) {
    auto& target = made.receivers[1000 + r];
    target.pace = nanoseconds(static_cast<std::int64_t>(1'000 + draws_.below(20'000)));
    if (on(slow_handlers) && draws_.below(3) == 0) target.pace = nanoseconds(static_cast<std::int64_t>(draws_.below(20'000'000)));
  }
  return made;
}

void workload::build() {
  for (std::size_t i = 0; i != plan_.procs; ++i) {
    current_.push_back({{i + 1}, 0, 1});
    add_node(current_.back());
  }
  for (std::size_t i = 0; i != plan_.senders; ++i) {
    auto& at = *nodes_[draws_.below(nodes_.size())];
    at.senders.push_back({i + 1, plan_.messages, 0, false});
    auto& s = at.senders.back();
    world_.after(world_.up_to(5ms), [this, &at, &s] { step_sender(at, s); });
  }
  for (auto& n : nodes_) {
    for (std::size_t k = draws_.below(10); k != 0; --k) {
      world_.after(world_.up_to(300ms), [this, at = n.get()] { send_control(*at); });
    }
  }
  net_.on_sent = [this](proc_id from, proc_id to, shared_bytes const& f) { watch_frame(from, to, f, true); };
  net_.on_received = [this](proc_id from, proc_id to, shared_bytes const& f) { watch_frame(from, to, f, false); };
}

void workload::plan_faults() {
  auto const some = [this](std::uint64_t most) { return 1 + draws_.below(most); };
  auto& r = net_.rates;
  r.latency = nanoseconds(static_cast<std::int64_t>(1'000 + draws_.below(draws_.below(4) == 0 ? 5'000'000 : 100'000)));
  if (on(losing)) r.loss = some(12'000);
  if (on(repeating)) r.duplicate = some(12'000);
  if (on(overtaking)) r.spread = r.latency * static_cast<int>(some(10));
  if (on(damaging)) r.corrupt = some(6'000);
  if (on(resetting)) {
    r.reset = some(draws_.below(2) == 0 ? 8'000 : 800);
    r.half_open = some(20'000);
    r.refuse = draws_.below(20'000);
    r.buggify = draws_.below(2'000);
  }
  if (on(full_transport)) r.room = some(20);
  if (on(partitions)) {
    for (auto k = some(4); k != 0; --k) {
      auto const a = current_[draws_.below(current_.size())].host;
      auto const b = current_[draws_.below(current_.size())].host;
      auto const one_way = draws_.below(2) == 0;
      auto const begin = world_.up_to(600ms);
      world_.after(begin, [this, a, b, one_way] {
        net_.cut_way(a, b);
        if (!one_way) net_.cut_way(b, a);
      });
      world_.after(begin + world_.up_to(600ms), [this, a, b] { net_.heal_ways(a, b); });
    }
  }
  if (on(crashes) || on(restarts)) {
    auto const index = draws_.below(current_.size());
    world_.after(world_.up_to(300ms), [this, index] { crash(index, on(restarts)); });
  }
  if (on(verdicts)) {
    auto const index = draws_.below(current_.size());
    world_.after(world_.up_to(300ms), [this, index] { declare(current_[index]); });
  }
  if (on(returning)) {
    for (auto& n : nodes_) {
      world_.after(world_.up_to(300ms), [at = n.get(), which = 1001 + draws_.below(3)] {
        auto& stopping = at->receivers[which];
        stopping.stopped = true;
        at->proc.as_self([&] {
          for (auto& m : std::exchange(stopping.mailbox, {})) {
            at->load.open_[{{m.from, m.header.sender, at->proc.id(), which}, m.epoch}].first -= 1;
            at->load.open_[{{m.from, m.header.sender, at->proc.id(), which}, m.epoch}].second -= m.payload.size();
            at->proc.table->returned(m.from, m.epoch, m.number, errc::actor_stopped);
          }
        });
      });
    }
  }
  if (on(ending_senders)) {
    for (auto& n : nodes_) {
      if (n->senders.empty()) continue;
      world_.after(world_.up_to(200ms), [at = n.get(), which = draws_.below(n->senders.size())] {
        at->senders[which].ended = true;
        at->proc.as_self([&] {
          at->proc.table->sender_ended(at->senders[which].id);
          at->load.end_waits(*at, [&](std::size_t i) { return at->load.messages_[i].sender == at->senders[which].id; });
        });
      });
    }
  }
}

void workload::crash(std::size_t index, bool restart) {
  auto const id = current_[index];
  auto const found = std::find_if(nodes_.begin(), nodes_.end(), [id](auto const& n) { return n->proc.id() == id; });
  auto& n = **found;
  if (!n.proc.alive()) return;
  n.proc.die();
  net_.died(n.proc);
  dead_.insert(id);
  note(90, index);
  if (restart) {
    current_[index].incarnation += 1;
    add_node(current_[index]);
  }
  world_.after(world_.up_to(4s), [this, id] { declare(id); });
}

void workload::declare(proc_id failed) {
  declared_.insert(failed);
  for (auto& n : nodes_) {
    if (n->proc.id() == failed || !n->proc.alive()) continue;
    world_.after(world_.up_to(50ms), [this, at = n.get(), failed] {
      at->proc.as_self([&] {
        verdicts_[at->proc.id()].insert(failed);
        at->proc.table->declare_failed(failed, {errc::proc_failed, to_string(failed) + " was declared failed"});
      });
    });
  }
}

void workload::step_sender(node& n, sender& s) {
  if (s.left == 0 || s.ended || !n.proc.alive()) return;
  --s.left;
  auto to = current_[draws_.below(current_.size())];
  if (to.incarnation > 1 && draws_.below(4) == 0) to.incarnation -= 1;
  if (to.host == n.proc.id().host) to = current_[(to.host.value) % current_.size()];
  message m;
  m.from = n.proc.id();
  m.to = to;
  m.sender = s.id;
  m.receiver = 1001 + draws_.below(3);
  m.size = draws_.below(draws_.below(20) == 0 ? 20'000 : 200);
  m.call = draws_.below(3) == 0;
  messages_.push_back(m);
  offer(n, s, messages_.size() - 1);
}

void workload::offer(node& n, sender& s, std::size_t index) {
  n.proc.as_self([&] {
    auto& m = messages_[index];
    outgoing out;
    out.header.sender = m.sender;
    out.header.receiver = m.receiver;
    out.header.reply_port = m.call ? index : 0;
    out.header.stamp_low = index;
    out.body = wire::frame_draft::of(std::vector<std::byte>(m.size, static_cast<std::byte>(index)));
    auto const fits = n.proc.table->has_credit(m.sender, {m.to, m.receiver}, {m.size});
    auto const admitted = n.proc.table->send(m.to, std::move(out));
    if (admitted != admission::refused && fits != (admitted == admission::admitted)) fail("G10", "has_credit and send differ");
    if (admitted == admission::no_credit) {
      s.next_message = index;
      return;
    }
    if (admitted == admission::admitted) {
      m.admitted = true;
      m.controls_before = controls_sent_[{m.from, m.to}];
      sent_order_[{m.from, m.sender, m.to, m.receiver}].push_back(index);
      if (++on_way_[{m.from, m.sender, m.to, m.receiver}] > knobs_.count(*find_knob("link.credit_messages"))) {
        fail("G10", name(index) + " is one more than its pair has credit for, of those neither handled nor told");
      }
      ++result_.messages;
      if (m.call) {
        n.waits[index] = m.to;
        n.proc.table->watch(m.to);
      }
    }
    note(1, index);
    world_.after(draws_.below(3) == 0 ? world_.up_to(draws_.below(10) == 0 ? 300ms : 20ms) : world_.up_to(200us),
                 [this, &n, &s] { step_sender(n, s); });
  });
}

void workload::send_control(node& n) {
  auto const to = current_[draws_.below(current_.size())];
  if (to.host == n.proc.id().host || verdicts_[n.proc.id()].contains(to)) return;
  n.proc.as_self([&] {
    auto const index = ++controls_sent_[{n.proc.id(), to}];
    control_times_[{n.proc.id(), to}].push_back(world_.now());
    n.proc.table->send_control(to, 3, shared_bytes::copy_of(std::as_bytes(std::span(&index, 1))));
  });
}

void workload::control(node& n, proc_id from, std::uint64_t index) {
  note(2, index);
  auto& heard = controls_heard_[{from, n.proc.id()}];
  if (index <= heard) fail("G4", "control message " + std::to_string(index) + " came after " + std::to_string(heard));
  heard = std::max(heard, index);
  if (verdicts_[n.proc.id()].contains(from)) fail("G9", "a control message of a proc declared failed was handed up");
}

void workload::arrived(node& n, incoming m) {
  auto const index = static_cast<std::size_t>(m.header.stamp_low);
  note(3, index);
  auto const here = n.proc.id();
  if (index == 0 || index >= messages_.size()) return fail("G3", "a message that nobody sent arrived");
  auto& sent = messages_[index];
  if (sent.to != here) return fail("G3", name(index) + " reached " + to_string(here));
  if (m.from != sent.from || m.header.sender != sent.sender) return fail("G3", name(index) + " came with another sender");
  if (m.payload.size() != sent.size) return fail("G3", name(index) + " came with another payload");
  if (verdicts_[here].contains(m.from)) fail("G9", name(index) + " came from a proc declared failed");
  // A control message that was sent before may only be missing when its session was lost at the sender meanwhile.
  auto const way = std::pair(m.from, here);
  if (controls_heard_[way] < sent.controls_before) {
    auto const sent_at = control_times_[way][static_cast<std::size_t>(sent.controls_before - 1)];
    auto const loss = last_loss_.find(way);
    if (loss == last_loss_.end() || loss->second < sent_at) {
      fail("G4", name(index) + " came before a control message that was sent earlier");
    }
  }
  if (sent.reply) {
    end_wait(n, static_cast<std::size_t>(m.header.reply_port));
    return;
  }
  auto& r = n.receivers[m.header.receiver];
  if (r.stopped) {
    n.proc.table->returned(m.from, m.epoch, m.number, errc::actor_stopped);
    return;
  }
  auto& open = open_[{{m.from, m.header.sender, here, m.header.receiver}, m.epoch}];
  open.first += 1;
  open.second += m.payload.size();
  auto const limit = static_cast<std::uint64_t>(knobs_.get(*find_knob("link.credit_bytes")));
  if (open.first > knobs_.count(*find_knob("link.credit_messages")) || (open.first > 1 && open.second > limit)) {
    fail("G10", name(index) + " is one more than its pair has credit for");
  }
  auto const id = m.header.receiver;
  r.mailbox.push_back(std::move(m));
  if (!r.busy) {
    r.busy = true;
    world_.after(world_.up_to(2us), [this, &n, id] { start_handler(n, id); });
  }
}

void workload::start_handler(node& n, std::uint64_t id) {
  auto& r = n.receivers[id];
  r.busy = false;
  if (r.mailbox.empty() || !n.proc.alive()) return;
  auto m = std::move(r.mailbox.front());
  r.mailbox.pop_front();
  auto const index = static_cast<std::size_t>(m.header.stamp_low);
  note(4, index);
  auto& sent = messages_[index];
  pair const key{sent.from, sent.sender, sent.to, sent.receiver};
  auto& open = open_[{key, m.epoch}];
  open.first -= 1;
  open.second -= m.payload.size();
  ++result_.handled;
  arrive_once(sent);
  if (++sent.handled > 1) fail("G3", name(index) + " was handled twice");
  if (sent.told != 0 && sent.fate == errc::not_handled) fail("G3", name(index) + " was handled though told not_handled");
  auto const& order = sent_order_[key];
  auto const place = static_cast<std::size_t>(std::find(order.begin(), order.end(), index) - order.begin()) + 1;
  auto& last = last_handled_[key];
  if (place < last) fail("G2", name(index) + " was handled after a later one");
  last = std::max(last, place);
  n.proc.as_self([&] {
    n.proc.table->handled(m.from, m.epoch, m.number);
    if (!sent.call) return;
    message answer;
    answer.from = n.proc.id();
    answer.to = sent.from;
    answer.sender = id;
    answer.receiver = sent.sender;
    answer.size = 1 + draws_.below(100);
    answer.reply = true;
    messages_.push_back(answer);
    outgoing out;
    out.reserved = true;
    out.header.sender = id;
    out.header.receiver = answer.receiver;
    out.header.reply_port = index;
    out.header.stamp_low = messages_.size() - 1;
    out.body = wire::frame_draft::of(std::vector<std::byte>(answer.size));
    static_cast<void>(n.proc.table->send(answer.to, std::move(out)));
  });
  r.busy = true;
  world_.after(r.pace, [this, &n, id] { start_handler(n, id); });
}

void workload::arrive_once(message const& m) {
  if (m.handled == 0 && m.told == 0) --on_way_[{m.from, m.sender, m.to, m.receiver}];
}

void workload::end_wait(node& n, std::size_t index) {
  auto const wait = n.waits.find(index);
  if (wait == n.waits.end()) return;
  n.proc.table->unwatch(wait->second);
  n.waits.erase(wait);
}

void workload::told(node& n, receipt const& r) {
  auto const index = static_cast<std::size_t>(r.stamp.low);
  note(5, index);
  ++result_.told;
  auto& m = messages_[index];
  m.fate = r.fate;
  if (m.from != n.proc.id() || r.sender != m.sender || r.receiver != m.receiver || r.to != m.to) {
    fail("G3", name(index) + " was told to another sender, or as another message");
  }
  for (auto const& s : n.senders) {
    if (s.id == r.sender && s.ended) fail("G3", name(index) + " was told to a sender that has ended");
  }
  arrive_once(m);
  if (++m.told > 1) fail("G3", name(index) + " was told twice");
  if (r.fate == errc::not_handled && m.handled != 0) fail("G3", name(index) + " was told not_handled after it was handled");
  if (r.reply_port != 0) end_wait(n, static_cast<std::size_t>(r.reply_port));
}

void workload::lost(node& n, proc_id peer) {
  note(6, peer.host.value);
  last_loss_[{n.proc.id(), peer}] = world_.now();
  end_waits(n, [&](std::size_t index) { return n.waits.at(index) == peer; });
}

void workload::end_waits(node& n, std::function<bool(std::size_t)> const& which) {
  std::vector<std::size_t> ending;
  for (auto const& [index, to] : n.waits) {
    if (which(index)) ending.push_back(index);
  }
  for (auto const index : ending) end_wait(n, index);
}

/// What goes over the wire must keep within the window, judged by the acknowledgements that came in.
void workload::watch_frame(proc_id from, proc_id to, shared_bytes const& frame, bool sent) {
  auto const header = wire::unpack(frame.view());
  if (!header) return;
  if (!sent) {
    auto& below = acknowledged_[{to, from, header->epoch}];
    below = std::max({below, header->ack_below, std::uint64_t{1}});
  } else if (header->kind == wire::frame_kind::data) {
    auto const below = std::max(acknowledged_[{from, to, header->epoch}], std::uint64_t{1});
    if (header->number >= below + knobs_.count(*find_knob("link.window_messages"))) {
      fail("G10", "frame " + std::to_string(header->number) + " was sent, and only those below " + std::to_string(below) +
                      " are in custody");
    }
  }
}

verdict workload::run() {
  build();
  plan_faults();
  world_.run_until(instant(1s));
  net_.heal();
  auto const bound = knobs_.duration(*find_knob("link.path_bound"));
  world_.run_until(world_.now() + 2s + 3 * bound);
  // A handler may take 20 ms, and a receiver with a credit of one may have all messages to handle.
  if (!world_.run_dry(world_.now() + 120s)) {
    std::string lines;
    for (auto& n : nodes_) {
      if (!n->proc.alive()) continue;
      for (auto const& line : n->proc.table->describe()) lines += "\n  " + to_string(n->proc.id()) + " with " + line;
    }
    fail("G4", "something goes on though nothing is left to do:" + lines);
  }
  judge_end();
  result_.resets = net_.resets;
  result_.frames = net_.frames;
  note(7, net_.frames);
  return std::move(result_);
}

void workload::judge_end() {
  for (std::size_t i = 1; i != messages_.size(); ++i) {
    auto const& m = messages_[i];
    if (!m.admitted || dead_.contains(m.from)) continue;
    auto const& at = **std::find_if(nodes_.begin(), nodes_.end(), [&](auto const& n) { return n->proc.id() == m.from; });
    auto const ended =
        std::any_of(at.senders.begin(), at.senders.end(), [&](auto const& s) { return s.id == m.sender && s.ended; });
    if (m.handled == 0 && m.told == 0 && !ended) fail("G3", name(i) + " was neither handled nor told");
    if (m.told != 0 && m.fate == errc::unknown && !last_loss_.contains({m.from, m.to})) {
      fail("G3", name(i) + " was told unknown though no session was lost");
    }
  }
  for (auto& n : nodes_) {
    if (!n->proc.alive()) continue;
    auto const here = to_string(n->proc.id());
    for (auto const& s : n->senders) {
      if (s.ended) continue;
      if (s.next_message != 0) fail("G4", "a" + std::to_string(s.id) + " of " + here + " still waits for credit");
      if (s.left != 0 && s.next_message == 0) fail("G4", "a" + std::to_string(s.id) + " of " + here + " never sent all");
    }
    if (!n->waits.empty()) fail("G4", std::to_string(n->waits.size()) + " calls of " + here + " still wait");
    auto const left = n->proc.table->stats();
    if (left.unacknowledged + left.unhandled + left.pairs != 0) {
      std::string lines;
      for (auto const& line : n->proc.table->describe()) lines += "\n  " + line;
      fail("G10", here + " still keeps something:" + lines);
    }
  }
}

}  // namespace roost::link::testing
