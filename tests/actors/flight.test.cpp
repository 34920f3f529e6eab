// The flight recorder: what an actor started last.

#include "stage.test.hpp"

using namespace stage;

namespace flight {

struct Pilot : roost::actor {
  void climb() {}
  std::vector<std::string> report() {
    std::vector<std::string> told;
    roost::instant last{};
    for (auto const& one : roost::here().recent()) {
      EXPECT_LE(last, one.at);
      last = one.at;
      told.push_back(one.endpoint.empty() ? "callback"
                                          : one.endpoint + (one.sender == roost::here().caller() ? " from caller" : ""));
    }
    return told;
  }
  void later() {
    roost::after(1ms, [] {});
  }
};
ROOST_EXPORT(Pilot, climb, report, later)

ROOST_SIM_TEST(flight, an_actor_can_look_at_what_it_started_last, stage::with_knob("actor.flight_entries", 100)) {
  for (auto const& pilot : {roost::spawn<Pilot>("near"), hosts.spawn_procs(gpu = 1).at(host = 1).spawn<Pilot>("far")}) {
    pilot->climb.broadcast();
    pilot->later.call_one().get();
    roost::sleep(2s);
    EXPECT_EQ(pilot->report.call_one().get(),
              (std::vector<std::string>{"callback", "Pilot.climb from caller", "Pilot.later from caller", "callback",
                                        "Pilot.report from caller"}));
  }
}

ROOST_SIM_TEST(flight, a_proc_keeps_a_bounded_number_of_starts, stage::with_knob("actor.flight_entries", 16)) {
  auto const pilot = hosts.spawn_procs(gpu = 1).at(host = 1).spawn<Pilot>("far");
  for (int i = 0; i != 40; ++i) pilot->climb.call_one().get();
  auto const told = pilot->report.call_one().get();
  ASSERT_EQ(told.size(), 16U);
  EXPECT_EQ(told.back(), "Pilot.report from caller");
  EXPECT_EQ(told.front(), "Pilot.climb from caller");
}

}  // namespace flight
