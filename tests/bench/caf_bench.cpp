// The work of local_bench on the C++ Actor Framework, with one worker. Prints what it cost as one JSON object.
//
//   caf_bench ping-pong MESSAGES | ask REQUESTS | fan RECEIVERS ROUNDS | rest ACTORS | churn ACTORS

#include <caf/all.hpp>
#include <tests/bench/measure.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using ball_atom = caf::atom_constant<caf::atom("ball")>;
using meet_atom = caf::atom_constant<caf::atom("meet")>;
using over_atom = caf::atom_constant<caf::atom("over")>;
using add_atom = caf::atom_constant<caf::atom("add")>;
using there_atom = caf::atom_constant<caf::atom("there")>;
using back_atom = caf::atom_constant<caf::atom("back")>;
using play_atom = caf::atom_constant<caf::atom("play")>;
using std::chrono_literals::operator""s;

struct player_state {
  caf::actor other;
};
caf::behavior player(caf::stateful_actor<player_state>* self, caf::actor judge) {
  return {[=](meet_atom, caf::actor const& other) { self->state.other = other; },
          [=](ball_atom, std::uint64_t left) {
            if (left == 0) {
              self->send(judge, over_atom::value);
            } else {
              self->send(self->state.other, ball_atom::value, left - 1);
            }
          }};
}

struct adder_state {
  std::uint64_t sum = 0;
};
caf::behavior adder(caf::stateful_actor<adder_state>* self) {
  return {[=](add_atom, std::uint64_t value) { return self->state.sum += value; }};
}

void ask_on(caf::event_based_actor* self, caf::actor const& of, caf::actor const& judge, std::uint64_t left) {
  self->request(of, 10s, add_atom::value, std::uint64_t{1}).then([=](std::uint64_t) {
    if (left == 1) {
      self->send(judge, over_atom::value);
    } else {
      ask_on(self, of, judge, left - 1);
    }
  });
}
caf::behavior asker(caf::event_based_actor* self, caf::actor of, caf::actor judge) {
  return {[=](play_atom, std::uint64_t times) { ask_on(self, of, judge, times); }};
}

caf::behavior spoke(caf::event_based_actor* self, caf::actor center) {
  self->link_to(center);
  return {[=](there_atom, std::uint64_t number) { self->send(center, back_atom::value, number); }};
}
struct center_state {
  std::vector<caf::actor> spokes;
  std::uint64_t left = 0;
  std::uint64_t back = 0;
};
void spread(caf::stateful_actor<center_state>* self) {
  self->state.back = 0;
  for (auto const& each : self->state.spokes) self->send(each, there_atom::value, self->state.left);
}
caf::behavior center(caf::stateful_actor<center_state>* self, caf::actor judge, std::uint64_t spokes) {
  for (std::uint64_t i = 0; i != spokes; ++i)
    self->state.spokes.push_back(self->spawn<caf::lazy_init>(spoke, caf::actor_cast<caf::actor>(self)));
  return {[=](play_atom, std::uint64_t rounds) {
            self->state.left = rounds;
            spread(self);
          },
          [=](back_atom, std::uint64_t) {
            auto& state = self->state;
            if (++state.back != state.spokes.size()) return;
            if (--state.left == 0) {
              self->send(judge, over_atom::value);
            } else {
              spread(self);
            }
          }};
}

bench::cost work(std::string_view name, caf::actor_system& system, std::uint64_t first, std::uint64_t second) {
  caf::scoped_actor judge(system);
  caf::actor const judged(judge.ptr());
  auto const over = [&] { judge->receive([](over_atom) {}); };
  // Those that refer to each other live until they are told.
  auto const end = [](caf::actor const& one) { caf::anon_send_exit(one, caf::exit_reason::user_shutdown); };
  if (name == "ping-pong") {
    auto const near = system.spawn(player, judged);
    auto const far = system.spawn(player, judged);
    caf::anon_send(near, meet_atom::value, far);
    caf::anon_send(far, meet_atom::value, near);
    caf::anon_send(near, ball_atom::value, std::uint64_t{1});
    over();
    bench::stopwatch watch;
    caf::anon_send(near, ball_atom::value, first - 1);
    over();
    auto const spent = watch.stop();
    end(near);
    end(far);
    return spent;
  }
  if (name == "ask") {
    auto const one = system.spawn(asker, system.spawn(adder), judged);
    caf::anon_send(one, play_atom::value, std::uint64_t{1});
    over();
    bench::stopwatch watch;
    caf::anon_send(one, play_atom::value, first);
    over();
    return watch.stop();
  }
  if (name == "fan") {
    auto const middle = system.spawn(center, judged, first);
    caf::anon_send(middle, play_atom::value, std::uint64_t{1});
    over();
    bench::stopwatch watch;
    caf::anon_send(middle, play_atom::value, second);
    over();
    auto const spent = watch.stop();
    end(middle);
    return spent;
  }
  if (name == "rest") {
    std::vector<caf::actor> all(first);
    bench::stopwatch watch;
    for (auto& each : all) each = system.spawn(adder);
    auto const spent = watch.stop();
    for (auto const& each : all) end(each);
    return spent;
  }
  bench::stopwatch watch;
  std::vector<caf::actor> some;
  for (std::uint64_t left = first; left != 0;) {
    auto const now = std::min<std::uint64_t>(left, 64);
    left -= now;
    for (std::uint64_t i = 0; i != now; ++i) some.push_back(system.spawn(adder));
    for (auto const& each : some) end(each);
    for (auto const& each : some) judge->wait_for(each);
    some.clear();
  }
  return watch.stop();
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view const name = argc > 1 ? argv[1] : "";
  auto const size = [&](int at) { return argc > at ? std::strtoull(argv[at], nullptr, 10) : 0ULL; };
  bool const known = name == "ping-pong" || name == "ask" || name == "fan" || name == "rest" || name == "churn";
  if (!known || size(2) == 0 || argc != (name == "fan" ? 4 : 3)) {
    std::fprintf(stderr,
                 "usage: caf_bench ping-pong MESSAGES | ask REQUESTS | fan RECEIVERS ROUNDS | rest ACTORS | churn ACTORS\n");
    return 64;
  }
  caf::actor_system_config settings;
  settings.set("scheduler.max-threads", std::size_t{1});
  caf::actor_system system(settings);
  auto const spent = work(name, system, size(2), size(3));
  std::printf("{%s,\"messages\":%llu}\n", bench::to_json(spent).c_str(), name == "fan" ? 2 * size(2) * size(3) : size(2));
  return 0;
}
