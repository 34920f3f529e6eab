#include <gtest/gtest.h>

#include <roost/base/keyed.hpp>
#include <roost/base/knobs.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/scenario_file.hpp>

#include <array>
#include <initializer_list>
#include <ostream>
#include <string>
#include <utility>

namespace roost::sim {
namespace {

knob const wait_knob({"scenario_test.wait", knob_unit::nanosecond, 1'000'000, 1'000, 1'000'000'000, "A knob of this test."});

constexpr std::string_view whole_file = R"(schema  = 1
name    = "pingpong-partition"
doc     = "A 2x4 mesh keeps making progress through a partition and two process kills."
program = "pingpong"
argv    = ["--rounds", "200"]

[topology]
hosts = 2
procs_per_host = 4
dims   = { node = 2, gpu = 4 }

[time]
limit = "120s"
wall_limit = "60s"
fault_window = "8s"
settle = "20s"

[net]
max_frame = "1MiB"
[net.default]
latency   = { dist = "lognormal", p50 = "2us", p99 = "20us" }
bandwidth = "200Gbit/s"
loss = 0.001
duplicate = "0.1%"
[[net.link]]
between = ["host0", "host1"]
latency = { dist = "constant", value = "5us" }

[faults]
mode       = "swarm"
partition  = { rate = "1/30s", duration = ["100ms", "5s"] }
reset      = { rate = "1/5s" }
kill_proc  = { rate = "1/20s", max = 2 }
pause_proc = { rate = "1/10s", duration = ["10ms", "2s"] }
slow_host  = { rate = "1/10s", duration = "1s", factor = [2.0, 50] }
noise      = { rate = "1/5s", duration = "1s", loss = 0.01, corrupt = 0.001 }
clock_skew = { max = "200ms", drift_ppm = 500 }
buggify    = 0.05

[[event]]
at = "10s"
do = "partition"
groups = [["host0"], ["host1"]]
for = "3s"
[[event]]
when = "endpoint Player.ping count >= 100"
do = "kill_proc"
target = "host1/p2"

[schedule]
policy = "in_order"

[check]
sometimes = ["partition-healed-with-messages-in-flight"]
expect_fault_at_root = true
)";

TEST(ScenarioFile, ReadsEveryKey) {
  auto const read = read_scenario(whole_file, "a/whole.toml");
  ASSERT_TRUE(read) << mistakes(read.failure());
  EXPECT_EQ(read->name, "pingpong-partition");
  EXPECT_EQ(read->file, "a/whole.toml");
  EXPECT_EQ(read->text, whole_file);
  EXPECT_EQ(read->argv, (std::vector<std::string>{"--rounds", "200"}));
  EXPECT_EQ(read->dims, (std::vector<std::pair<std::string, std::uint32_t>>{{"node", 2}, {"gpu", 4}}));
  EXPECT_EQ(read->time_limit, 120s);
  EXPECT_EQ(read->fault_window, 8s);
  EXPECT_EQ(read->settle_limit, 20s);
  EXPECT_EQ(read->max_frame, bytes{1 << 20});
  EXPECT_EQ(read->net.latency.high, 20us);
  EXPECT_EQ(read->net.bits_per_second, 200'000'000'000ULL);
  EXPECT_EQ(read->net.loss_ppm, 1000u);
  EXPECT_EQ(read->net.duplicate_ppm, 1000u);
  EXPECT_EQ(read->policy, schedule_policy::in_order);
  EXPECT_EQ(read->sometimes.size(), 1u);
  EXPECT_TRUE(read->expect_fault_at_root);
}

TEST(ScenarioFile, ALinkKeepsWhatItDoesNotSay) {
  auto const read = read_scenario(whole_file, "x.toml");
  ASSERT_EQ(read->links.size(), 1u);
  auto const& rule = read->links[0];
  EXPECT_EQ(rule.between_a + " " + rule.between_b, "host0 host1");
  EXPECT_EQ(rule.model.latency.distribution, latency_model::shape::constant);
  EXPECT_EQ(rule.model.latency.low, 5us);
  EXPECT_EQ(rule.model.loss_ppm, 1000u);
}

TEST(ScenarioFile, ReadsFaultGroupsAndEvents) {
  auto const read = read_scenario(whole_file, "x.toml");
  auto const& faults = read->faults;
  EXPECT_EQ(faults.mode, fault_mode::swarm);
  EXPECT_EQ(faults.partition.every, 30s);
  EXPECT_EQ(faults.partition.shortest, 100ms);
  EXPECT_EQ(faults.partition.longest, 5s);
  EXPECT_EQ(faults.crash_proc.at_most, 2u);
  EXPECT_EQ(faults.slow_host.longest, 1s);
  EXPECT_EQ(faults.slow_factor_high_percent, 5000u);
  EXPECT_EQ(faults.corrupt_ppm, 1000u);
  EXPECT_EQ(faults.clock_drift_ppm, 500u);
  EXPECT_EQ(faults.buggify_ppm, 50'000u);
  ASSERT_EQ(read->events.size(), 2u);
  EXPECT_EQ(to_string(read->events[0]), "partition host0 | host1 at 10s for 3s pinned");
  EXPECT_EQ(to_string(read->events[1]), "kill_proc host1/p2 when Player.ping >= 100 pinned");
}

TEST(ScenarioFile, AnEmptyFileIsAScenarioNamedByItsFile) {
  auto const read = read_scenario("", "scenarios/calm.toml");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->name, "calm");
  EXPECT_EQ(read->faults.mode, fault_mode::off);
}

TEST(ScenarioFile, OptionsWinOverTheFile) {
  std::array<std::string, 6> const settings{
      "net.default.latency.p50=5us", "topology.dims.gpu=2", "topology.procs_per_host=2", "name=other", "event.0.for=4s",
      "argv=[\"one\", \"two\"]"};
  auto const read = read_scenario(whole_file, "x.toml", {.settings = settings});
  ASSERT_TRUE(read) << mistakes(read.failure());
  EXPECT_EQ(read->net.latency.low, 5us);
  EXPECT_EQ(read->procs_per_host, 2u);
  EXPECT_EQ(read->name, "other");
  EXPECT_EQ(read->events[0].duration, 4s);
  EXPECT_EQ(read->argv.size(), 2u);
  EXPECT_EQ(read->text, whole_file);
}

TEST(ScenarioFile, OptionsAreNamedInTheirMistakes) {
  std::array<std::string, 1> settings{"topology.host=3"};
  auto const wrong = [&](std::string setting) {
    settings[0] = std::move(setting);
    return mistakes(read_scenario(whole_file, "x.toml", {.settings = settings}).failure());
  };
  EXPECT_EQ(wrong("topology.host=3"), "--set topology.host=3: unknown key 'host' in topology, did you mean 'hosts'?");
  EXPECT_EQ(wrong("time.limit=5"), "--set time.limit=5: time.limit is the number 5, expected a text in quotes");
  EXPECT_EQ(wrong("nonsense"), "--set nonsense: expected key=value, such as topology.hosts=3");
  EXPECT_EQ(wrong("event.7.for=1s"), "--set event.7.for=1s: event is an array of 2, it has no element '7'");
  EXPECT_EQ(wrong("name.x=1"), "--set name.x=1: name is the text 'pingpong-partition', it has no key 'x'");
  EXPECT_EQ(wrong(".=1"), "--set .=1: the key has an empty part, expected key=value");
}

struct mistake {
  std::string_view text;
  std::string_view message;
};
void PrintTo(mistake const& m, std::ostream* out) { *out << m.text; }

class MalformedScenario : public testing::TestWithParam<mistake> {};

TEST_P(MalformedScenario, IsRefusedAtItsPlace) {
  auto const read = read_scenario(GetParam().text, "x.toml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.failure().code, errc::bad_scenario);
  EXPECT_EQ(mistakes(read.failure()), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Files, MalformedScenario,
    testing::Values(
        mistake{"[topology]\nhosts = 2\nprocs_per_hosts = 3\n",
                "x.toml:3:1: unknown key 'procs_per_hosts' in topology, did you mean 'procs_per_host'?"},
        mistake{"hosts = 2\n", "x.toml:1:1: unknown key 'hosts', did you mean 'topology.hosts'?"},
        mistake{"[topologie]\nhosts = 2\n", "x.toml:1:2: unknown key 'topologie', did you mean 'topology'?"},
        mistake{"[topology]\nhosts = 0\n", "x.toml:2:9: topology.hosts: 0 is out of range, expected 1 to 1000000"},
        mistake{"[topology]\nhosts = \"two\"\n", "x.toml:2:9: topology.hosts is the text 'two', expected a whole number"},
        mistake{"[topology]\nhosts = 2\nprocs_per_host = 4\ndims = { node = 2, gpu = 3 }\n",
                "x.toml:4:8: topology.dims: the sizes multiply to 6, expected hosts * procs_per_host = 8"},
        mistake{"[topology]\ndims = { \"\" = 8 }\n", "x.toml:2:8: topology.dims: a dimension's label must not be empty"},
        mistake{"[[event]]\nat = \"1s\"\ndo = \"kill_proc\"\ntarget = \"proc(gpu = 1)\"\n",
                "x.toml:4:10: event[0].target: 'proc(gpu = 1)' is a place in topology.dims, which is not there, expected a proc "
                "such as "
                "\"host0/p1\""},
        mistake{"[[net.link]]\nbetween = [\"proc(node = 1)\", \"host0\"]\n[topology]\ndims = { node = 2, gpu = 4 }\n",
                "x.toml:2:12: net.link[0]: 'proc(node = 1)' names 4 procs, expected one"},
        mistake{"[time]\nlimit = \"10\"\n",
                "x.toml:2:9: time.limit: '10' has no unit, expected a duration such as '10ms' (ns, us, ms, s, m, h)"},
        mistake{"[time]\nlimit = \"10MiB\"\n",
                "x.toml:2:9: time.limit: '10MiB' has the unknown unit 'MiB', expected a duration "
                "such as '10ms' (ns, us, ms, s, m, h)"},
        mistake{"[time]\nlimit = \"-5s\"\n",
                "x.toml:2:9: time.limit: '-5s' is negative, expected a duration such as '10ms' (ns, us, ms, s, m, h)"},
        mistake{"[net]\nmax_frame = \"2GiB\"\n",
                "x.toml:2:13: net.max_frame: a limit of 2GiB is out of range, expected 4KiB to 1GiB"},
        mistake{"[time]\nlimit = \"900000h\"\n", "x.toml:2:9: time.limit: '900000h' is too long, expected at most 315360000s"},
        mistake{"[time]\nlimit = \"1s\"\nfault_window = \"2s\"\n",
                "x.toml:3:16: time.fault_window: 2s is longer than limit = 1s"},
        mistake{"[net.default]\nloss = 1.5\n",
                "x.toml:2:8: net.default.loss: '1.5' is more than 1, expected a probability from 0 "
                "to 1 such as 0.001, '0.1%' or '1000ppm'"},
        mistake{"[net.default]\nlatency = { dist = \"uniform\", min = \"5us\", max = \"2us\" }\n",
                "x.toml:2:50: net.default.latency.max: 2us is less than min = 5us, expected at least that"},
        mistake{"[net.default]\nlatency = { dist = \"uniform\", min = \"5us\", p99 = \"9us\" }\n",
                "x.toml:2:11: net.default.latency.max is missing, expected a duration such as \"200us\"\n"
                "x.toml:2:44: unknown key 'p99' in net.default.latency, expected one of dist, min, max"},
        mistake{"[net.default]\nbandwidth = \"10GB\"\n",
                "x.toml:2:13: net.default.bandwidth: '10GB' has the unknown unit 'GB', expected a rate such as '200Gbit/s' "
                "(bit/s, kbit/s, Mbit/s, Gbit/s, Tbit/s, B/s, kB/s, MB/s, GB/s)"},
        mistake{"[[net.link]]\nbetween = [\"host0\", \"host7\"]\n",
                "x.toml:2:21: net.link[0]: there is no host7, the hosts are host0 to host1, expected a host such as \"host0\", a "
                "proc such as \"host0/p1\", or \"*\""},
        mistake{"[faults]\nmode = \"sworm\"\n", "x.toml:2:8: faults.mode: 'sworm' is unknown, did you mean 'swarm'?"},
        mistake{"[faults]\nmode = \"swarm\"\npartition = { rate = \"30s\", duration = [\"5s\", \"1s\"] }\n",
                "x.toml:3:22: faults.partition.rate: '30s' is not a count over a duration, expected a rate such as '1/30s', or "
                "'never'\n"
                "x.toml:3:40: faults.partition.duration: the longest, 1s, is less than the shortest, 5s"},
        mistake{"[faults]\nmode = \"swarm\"\nkill_proc = { rate = \"1/1s\", duration = \"1s\" }\n",
                "x.toml:3:30: unknown key 'duration' in faults.kill_proc, expected one of rate, max"},
        mistake{"[[event]]\nat = \"1s\"\ndo = \"kill\"\n",
                "x.toml:3:6: event[0].do: 'kill' is unknown, expected one of partition, "
                "partition_one_way, half_open, reset, heal, kill_proc, kill_host, "
                "pause_proc, slow_host, clock_step, noise"},
        mistake{
            "[[event]]\nat = \"1s\"\ndo = \"partition\"\ngroups = [[\"host0\"], [\"host9\"]]\nfor = \"1s\"\n",
            "x.toml:4:23: event[0]: there is no host9, the hosts are host0 to host1, expected a host such as \"host0\", a proc "
            "such as \"host0/p1\", or \"*\""},
        mistake{"[[event]]\nat = \"500s\"\ndo = \"heal\"\n", "x.toml:2:6: event[0].at: 500s is after time.limit = 120s"},
        mistake{"[[event]]\nwhen = \"ping\"\ndo = \"heal\"\n",
                "x.toml:2:8: event[0].when: 'ping' is no trigger, expected 'endpoint Player.ping count >= 100'"},
        mistake{"[[event]]\nat = \"1s\"\ndo = \"partition\"\nbetween = [\"host0\", \"host0\"]\nfor = \"1s\"\n",
                "x.toml:4:21: event[0]: 'host0' stands on both sides, expected others than on the first"},
        mistake{"[[event]]\nat = \"1s\"\ndo = \"half_open\"\ngroups = [[\"host0/p1\", \"host1\"], [\"host0/p2\", \"host1/p2\"]]\n"
                "for = \"1s\"\n",
                "x.toml:4:47: event[0]: 'host1/p2' stands on both sides, expected others than on the first"},
        mistake{"[[event]]\nat = \"1s\"\ndo = \"reset\"\ngroups = [[\"host0/p1\"], [\"host0\"]]\n",
                "x.toml:4:26: event[0]: 'host0' stands on both sides, expected others than on the first"},
        mistake{"[[event]]\nat = \"1s\"\ndo = \"pause_proc\"\ntarget = \"host0/p1\"\nfor = \"0ms\"\n",
                "x.toml:5:7: event[0].for: 0 is no time, expected a duration above it"},
        mistake{"[[event]]\nat = \"1s\"\ndo = \"clock_step\"\ntarget = \"host0\"\nby = \"0s\"\n",
                "x.toml:5:6: event[0].by: 0 is no step, expected a duration above or below it"},
        mistake{"[faults]\nmode = \"swarm\"\npartition = { rate = \"1/1s\", duration = \"0s\" }\n",
                "x.toml:3:41: faults.partition.duration: 0 is no time, expected a duration above it"},
        mistake{"[faults]\nmode = \"swarm\"\npause_proc = { rate = \"1/1s\", duration = [\"0s\", \"1s\"] }\n",
                "x.toml:3:43: faults.pause_proc.duration.0: 0 is no time, expected a duration above it"},
        mistake{"[knobs]\nscenario_test.wait = \"2ms\"\n\"scenario_test.wait\" = \"3ms\"\n",
                "x.toml:3:1: knob scenario_test.wait is set twice, first at x.toml:2:15"},
        mistake{"[knobs]\n\"link.no_such\" = 3\n", "x.toml:2:1: unknown knob 'link.no_such', 'roost sim knobs' lists them"},
        mistake{"name = \n", "x.toml:1:8: Error while parsing key-value pair: expected value, saw '\\n'"}));

TEST(ScenarioFile, KnobsTakeUnitsAndKeepTheirRange) {
  auto const read = read_scenario("[knobs]\nscenario_test.wait = \"2ms\"\ndraw = false\n", "x.toml");
  ASSERT_TRUE(read) << mistakes(read.failure());
  EXPECT_EQ(read->knobs.at("scenario_test.wait"), 2'000'000);
  EXPECT_FALSE(read->draw_knobs);
  EXPECT_EQ(mistakes(read_scenario("[knobs]\n\"scenario_test.wait\" = \"2s\"\n", "x.toml").failure()),
            "x.toml:2:24: knob scenario_test.wait: 2s is out of range, expected 1us to 1s");
  EXPECT_EQ(mistakes(read_scenario("[knobs]\nscenario_test.wiat = 2\n", "x.toml").failure()),
            "x.toml:2:15: unknown knob 'scenario_test.wiat', did you mean 'scenario_test.wait'?");
  EXPECT_TRUE(read_scenario("[knobs]\nelsewhere.knob = \"1ms\"\n", "x.toml", {.check_knobs = false}));
}

constexpr std::string_view grid = "[topology]\nhosts = 2\nprocs_per_host = 4\ndims = { node = 2, gpu = 4 }\n";

TEST(ScenarioFile, DimsNameTheProcsThatFaultsStrike) {
  auto const read =
      read_scenario(std::string(grid) +
                        "[[net.link]]\nbetween = [\"proc(node = 0, gpu = 0)\", \"host1\"]\n"
                        "[[event]]\nat = \"1s\"\ndo = \"kill_proc\"\ntarget = \"proc(node = 1, gpu = 2)\"\n"
                        "[[event]]\nat = \"1s\"\ndo = \"reset\"\ngroups = [[\"proc(gpu=3)\"], [\"proc( gpu = 0 )\"]]\n",
                    "x.toml");
  ASSERT_TRUE(read) << mistakes(read.failure());
  EXPECT_EQ(read->links[0].between_a, "host0/p1");
  ASSERT_EQ(read->events.size(), 2u);
  EXPECT_EQ(read->events[0].group_a, std::vector<target_name>{"host1/p3"});
  EXPECT_EQ(read->events[1].group_a, (std::vector<target_name>{"host0/p4", "host1/p4"}));
  EXPECT_EQ(read->events[1].group_b, (std::vector<target_name>{"host0/p1", "host1/p1"}));
}

TEST(ScenarioFile, PlacesThatDimsDoNotHaveAreRefused) {
  auto const wrong = [](std::string_view fault, std::string_view target) {
    auto const event = "[[event]]\nat = \"1s\"\ndo = \"" + std::string(fault) + "\"\ntarget = \"" + std::string(target) + "\"\n";
    auto const read = read_scenario(std::string(grid) + event, "x.toml");
    return read ? "nothing" : mistakes(read.failure());
  };
  auto const refused = [](std::string_view target, std::string_view why) {
    return "x.toml:8:10: event[0].target: '" + std::string(target) + "': " + std::string(why) +
           ", expected a place in topology.dims, such as \"proc(node = 0, gpu = 0)\"";
  };
  for (auto const& [target, why] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"proc(gpu = 4)", "index 4 is out of range: dimension gpu has indices 0 to 3"},
           {"proc(gup = 1)", "there is no dimension gup; the dimensions are \"node\", \"gpu\""},
           {"proc(gpu = 1, gpu = 2)", "dimension gpu is given twice"},
           {"proc(gpu)", "'gpu' is no dimension with its index"},
           {"proc(gpu = -1)", "'gpu = -1' is no dimension with its index"},
           {"proc()", "'' is no dimension with its index"}})
    EXPECT_EQ(wrong("kill_proc", target), refused(target, why));
  EXPECT_EQ(wrong("kill_host", "proc(node = 1)"),
            "x.toml:8:10: event[0].target: 'proc(node = 1)' names procs, expected a host such as \"host0\"");
}

TEST(ScenarioFile, AKnobThatTheFileQuotesIsSetOverIt) {
  std::array<std::string, 1> const settings{"scenario_test.wait=3ms"};
  auto const read = read_scenario("[knobs]\n\"scenario_test.wait\" = \"2ms\"\n", "x.toml", {.settings = settings});
  ASSERT_TRUE(read) << mistakes(read.failure());
  EXPECT_EQ(read->knobs.at("scenario_test.wait"), 3'000'000);
}

TEST(ScenarioFile, TriggersAreOfEndpointsThatTheProgramHas) {
  std::array<std::string, 2> const endpoints{"Player.ping", "Coach.run"};
  constexpr std::string_view file = "[[event]]\nwhen = \"endpoint Player.pnig count >= 1\"\ndo = \"heal\"\n";
  EXPECT_EQ(mistakes(read_scenario(file, "x.toml", {.endpoints = endpoints}).failure()),
            "x.toml:2:8: event[0].when: the program has no endpoint 'Player.pnig', did you mean 'Player.ping'?");
  EXPECT_TRUE(read_scenario(file, "x.toml"));
  EXPECT_TRUE(read_scenario(whole_file, "x.toml", {.endpoints = endpoints}));
}

TEST(ScenarioFile, ReportsManyMistakesAtOnceInTheOrderOfTheFile) {
  std::string text = "[topology]\n";
  for (int i = 0; i != 30; ++i) text += "wrong" + std::to_string(i) + " = 1\n";
  auto const read = read_scenario(text, "x.toml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.failure().where, "x.toml:2:1");
  EXPECT_NE(read.failure().what.find("x.toml:21:1"), std::string::npos);
  EXPECT_EQ(read.failure().what.find("x.toml:22:1"), std::string::npos);
  EXPECT_TRUE(read.failure().what.ends_with("and 10 more"));
}

TEST(ScenarioFile, DeepNestingIsRefused) {
  std::string dotted = "a", arrays = "a = ", tables = "a = ";
  for (int i = 0; i != 5000; ++i) dotted += ".a", arrays += "[", tables += "{b=";
  for (auto const& text : {dotted + " = 1\n", "[" + dotted + "]\n", arrays, tables}) {
    EXPECT_FALSE(read_scenario(text, "x.toml"));
  }
  EXPECT_FALSE(read_scenario(std::string(2 << 20, '\n'), "x.toml"));
}

// Any bytes give a scenario or a refusal with a place: mutations of a good file reach deep into the reader.
TEST(ScenarioFile, NoBytesCrashTheReader) {
  constexpr std::string_view spice = "[]{}=\"'.,#\n\\-0159eEx_ \t\r\0\x80\xff";
  keyed_stream draws(1, draw_domain::user, {7});
  for (int round = 0; round != 3000; ++round) {
    std::string text(whole_file);
    for (auto edits = draws.below(8) + 1; edits != 0; --edits) {
      auto const at = draws.below(text.size());
      auto const length = draws.below(12);
      auto const from = draws.below(text.size());
      switch (draws.below(5)) {
        case 0: text[at] = spice[draws.below(spice.size())]; break;
        case 1: text.insert(at, 1, spice[draws.below(spice.size())]); break;
        case 2: text.erase(at, length); break;
        case 3: text.insert(at, text.substr(from, length)); break;
        default: text.resize(at + 1);
      }
    }
    auto const read = read_scenario(text, "x.toml");
    if (read) continue;
    ASSERT_EQ(read.failure().code, errc::bad_scenario);
    ASSERT_TRUE(read.failure().where.starts_with("x.toml:")) << read.failure().where;
    ASSERT_FALSE(read.failure().what.empty());
  }
}

}  // namespace
}  // namespace roost::sim
