// The same ping-pong on SimGrid: hosts in pairs, one message of 1 KiB to and fro in each. Prints what it cost as one JSON object.
//
//   simgrid_ping_pong star|pairs HOSTS ROUNDS [SimGrid's own options]
//
// In a star each host has a link of its own, which all that it sends and receives shares, as hosts of the simulator do; in pairs there is
// one link for each pair and none that others could share.

#include <simgrid/s4u.hpp>
#include <tests/bench/measure.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace s4u = simgrid::s4u;

namespace {
constexpr std::uint64_t size = 1024;
}

int main(int argc, char** argv) {
  s4u::Engine engine(&argc, argv);
  std::string_view const shape = argc == 4 ? argv[1] : "";
  long const hosts = argc == 4 ? std::atol(argv[2]) : 0;
  long const rounds = argc == 4 ? std::atol(argv[3]) : 0;
  bool const star = shape == "star";
  if ((!star && shape != "pairs") || hosts < 2 || hosts % 2 != 0 || rounds < 1) {
    std::fprintf(stderr, "usage: simgrid_ping_pong star|pairs HOSTS ROUNDS\n");
    return 64;
  }
  auto* const zone = star ? s4u::create_star_zone("all") : s4u::create_full_zone("all");
  auto const make_host = [&](long number) {
    auto* const made = zone->create_host("host" + std::to_string(number), 1e9)->seal();
    if (star) {
      auto* const link = zone->create_link("link" + std::to_string(number), 1.25e9)->set_latency(10e-6)->seal();
      zone->add_route(made->get_netpoint(), nullptr, nullptr, nullptr, {s4u::LinkInRoute(link)}, true);
    }
    return made;
  };
  unsigned long long messages = 0;
  int ball = 0;
  for (long i = 0; i != hosts; i += 2) {
    auto* const near = make_host(i);
    auto* const far = make_host(i + 1);
    if (!star) {
      auto* const link = zone->create_link("link" + std::to_string(i), 1.25e9)->set_latency(20e-6)->seal();
      zone->add_route(near->get_netpoint(), far->get_netpoint(), nullptr, nullptr, {s4u::LinkInRoute(link)}, true);
    }
    auto* const there = s4u::Mailbox::by_name("far" + std::to_string(i));
    auto* const back = s4u::Mailbox::by_name("near" + std::to_string(i));
    auto const player = [&messages, &ball, rounds](s4u::Mailbox* to, s4u::Mailbox* from, bool serves) {
      for (long round = 0; round != rounds; ++round) {
        if (serves) to->put(&ball, size);
        from->get<int>();
        ++messages;
        if (!serves) to->put(&ball, size);
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
