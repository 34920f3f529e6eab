#include <tests/conformance/stage.hpp>

#include <roost/base/keyed.hpp>

#include <algorithm>
#include <cstring>
#include <span>

namespace roost::conformance {

namespace {

constexpr nanoseconds ending = std::chrono::seconds(5);

}  // namespace

std::string_view to_string(deed what) noexcept {
  switch (what) {
    case deed::stand_still: return "stand_still";
    case deed::stand_for_good: return "stand_for_good";
    case deed::reset: return "reset";
    case deed::cut: return "cut";
    case deed::damage: return "damage";
    case deed::scribble: return "scribble";
    case deed::lose_host: return "lose_host";
  }
  return "?";
}

std::string_view to_string(verdict what) noexcept {
  switch (what) {
    case verdict::passes: return "pass";
    case verdict::fails: return "FAIL";
    case verdict::not_applicable: return "n/a";
  }
  return "?";
}

std::vector<row> const& rows() {
  static auto const all = [] {
    auto joined = frame_rows();
    for (auto const& part : {ending_rows(), session_rows()}) joined.insert(joined.end(), part.begin(), part.end());
    return joined;
  }();
  return all;
}

row const* find_row(std::string_view name) {
  for (auto const& each : rows()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

shared_bytes text(std::string_view content) { return shared_bytes::copy_of(as_bytes(content)); }

std::string text_of(shared_bytes const& content) {
  return {reinterpret_cast<char const*>(content.view().data()), content.size()};
}

shared_bytes filled(std::size_t size, std::uint64_t number) {
  return shared_bytes::made(size, [number](std::span<std::byte> out) {
    std::uint64_t word = number * 0x9e3779b97f4a7c15ULL + 1;
    for (std::size_t at = 0; at < out.size(); at += sizeof word, word += 0x9e3779b97f4a7c15ULL)
      std::memcpy(out.data() + at, &word, std::min(sizeof word, out.size() - at));
  });
}

std::string digest_of(shared_bytes const& frame) {
  return std::to_string(frame.size()) + " bytes, hash " + std::to_string(hash_bytes(frame.view()));
}

std::unique_ptr<proc_instance> program::make(platform& seams, proc_id self, shared_bytes bootstrap) {
  if (bootstrap.empty()) return std::make_unique<stage>(seams, self, world_, row_.root, longest_, &seen);
  auto const play = find_role(text_of(bootstrap));
  ROOST_INVARIANT(play != nullptr, "there is no role " + text_of(bootstrap));
  return std::make_unique<stage>(seams, self, world_, play, longest_, nullptr);
}

stage::stage(platform& p, proc_id id, surroundings& around, script (*play)(stage&), nanoseconds longest, outcome* result)
    : seams(p.control_plane != nullptr ? *p.control_plane : p),
      self(id),
      world(around),
      gate_(p.gate),
      role_(play),
      longest_(longest),
      result_(result),
      turn_(*this),
      alarm_(*this) {
  turn_.key = child_key(seams.key, "actor", "stage");
}

proc_id stage::launch(std::string_view word, std::uint32_t incarnation) { return launch_at(++launched_, incarnation, word); }

proc_id stage::launch_at(std::uint32_t ordinal, std::uint32_t incarnation, std::string_view word) {
  proc_id const id{seams.launcher->hosts().back(), ordinal, incarnation};
  left_.insert(id);
  seams.launcher->launch({id, "peer", text(word)});
  return id;
}

// What the seams tell.

void stage::begin() {
  control_hold const hold(gate_);
  seams.transport->attach(this);
  seams.launcher->attach(this);
  script_ = std::exchange(role_, nullptr)(*this);
  // At once, so that a script which takes the place of this stage misses nothing.
  go_on();
}

void stage::unwind() {
  over_ = true;
  if (turn_.queued) seams.executor->withdraw(turn_);
  if (alarm_.armed()) seams.clock->disarm(alarm_);
  script_ = {};
  if (result_ != nullptr) world.over();
}

void stage::connected(channel_id c, proc_id peer, bool initiated) {
  auto& of = channels[c];
  of.late += of.closed ? 1 : 0;
  of.peer = peer;
  of.by_me = initiated;
  of.connected = true;
  wake();
}

void stage::received(channel_id c, shared_bytes frame) {
  auto& of = channels[c];
  of.late += of.closed ? 1 : 0;
  of.frames.push_back(std::move(frame));
  wake();
}

void stage::writable(channel_id c) {
  auto& of = channels[c];
  of.late += of.closed ? 1 : 0;
  ++of.writable;
  wake();
}

void stage::closed(channel_id c, error why) {
  auto& of = channels[c];
  of.late += of.closed ? 1 : 0;
  of.closed = true;
  of.why = std::move(why);
  wake();
}

void stage::launched(proc_id id) {
  running.insert(id);
  wake();
}

void stage::exited(proc_id id, error why) {
  exits[id] = std::move(why);
  left_.erase(id);
  wake();
  if (over_) end_all();
}

auto stage::take(channel_id c) -> arrival {
  auto& waiting = channels[c].frames;
  arrival first{c, false, std::move(waiting.front())};
  waiting.pop_front();
  return first;
}

// How the script goes on.

void stage::wake() {
  if (!over_) seams.executor->ready(turn_, lane::control);
}

void stage::suspended(awaited& what, char const* name) {
  waiting_ = &what;
  waiting_for_ = name;
  if (result_ != nullptr) seams.clock->arm(alarm_, now() + longest_);
}

void stage::go_on() {
  try {
    while (!over_) {
      if (waiting_ != nullptr && !waiting_->ready()) return;
      waiting_ = nullptr;
      script_.go_on();
      if (!script_.done()) continue;
      if (role_ == nullptr) break;
      script_ = std::exchange(role_, nullptr)(*this);
    }
  } catch (mismatch const& seen) {
    return conclude({verdict::fails, seen.text, {}});
  }
  conclude({verdict::passes, {}, delay_});
}

void stage::give_up() {
  if (over_) return seams.launcher->finish({});
  conclude({verdict::fails, std::string("waited ") + roost::to_string(longest_) + " in vain for " + waiting_for_, {}});
}

void stage::conclude(outcome result) {
  if (std::exchange(over_, true)) return;
  bool const failed = result.what == verdict::fails;
  if (result_ == nullptr) return seams.launcher->finish(failed ? error(errc::handler_threw, result.text) : error());
  *result_ = std::move(result);
  world.over();
  for (auto const id : left_) seams.launcher->kill(id);
  // Nobody tells of those whose host is gone.
  seams.clock->arm(alarm_, now() + ending);
  end_all();
}

void stage::end_all() {
  if (left_.empty()) seams.launcher->finish({});
}

}  // namespace roost::conformance
