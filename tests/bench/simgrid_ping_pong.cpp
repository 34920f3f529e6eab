// The same ping-pong on SimGrid: hosts in pairs, one message to and fro in each. Prints what it cost as one JSON object.
//
//   simgrid_ping_pong HOSTS ROUNDS [SimGrid's own options]

#include <simgrid/s4u.hpp>
#include <tests/bench/measure.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace s4u = simgrid::s4u;

int main(int argc, char** argv) {
  s4u::Engine engine(&argc, argv);
  long const hosts = argc == 3 ? std::atol(argv[1]) : 0;
  long const rounds = argc == 3 ? std::atol(argv[2]) : 0;
  if (hosts < 2 || hosts % 2 != 0 || rounds < 1) {
    std::fprintf(stderr, "usage: simgrid_ping_pong HOSTS ROUNDS\n");
    return 64;
  }
  auto* const zone = s4u::create_full_zone("all");
  unsigned long long messages = 0;
  int ball = 0;
  for (long i = 0; i != hosts; i += 2) {
    auto* const near = zone->create_host("host" + std::to_string(i), 1e9)->seal();
    auto* const far = zone->create_host("host" + std::to_string(i + 1), 1e9)->seal();
    auto* const link = zone->create_link("link" + std::to_string(i), 1.25e9)->set_latency(20e-6)->seal();
    zone->add_route(near->get_netpoint(), far->get_netpoint(), nullptr, nullptr, {s4u::LinkInRoute(link)}, true);
    auto* const there = s4u::Mailbox::by_name("far" + std::to_string(i));
    auto* const back = s4u::Mailbox::by_name("near" + std::to_string(i));
    auto const player = [&messages, &ball, rounds](s4u::Mailbox* to, s4u::Mailbox* from, bool serves) {
      for (long round = 0; round != rounds; ++round) {
        if (serves) to->put(&ball, 128);
        from->get<int>();
        ++messages;
        if (!serves) to->put(&ball, 128);
      }
    };
    s4u::Actor::create("near", near, [=] { player(there, back, true); });
    s4u::Actor::create("far", far, [=] { player(back, there, false); });
  }
  zone->seal();
  bench::stopwatch watch;
  engine.run();
  auto const spent = watch.stop();
  std::printf("{%s,\"messages\":%llu}\n", bench::to_json(spent).c_str(), messages);
  return 0;
}
