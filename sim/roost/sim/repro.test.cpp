#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <roost/sim/fault_text.hpp>
#include <roost/sim/repro.hpp>
#include <roost/sim/toml_document.hpp>

namespace roost::sim {
namespace {

repro_file sample() {
  repro_file file;
  file.scenario_file = "scenarios/a \"quoted\" name.toml";
  file.scenario_text = "name = \"x\"\n# back\\slash, tab\t, \"\"\"three\"\"\"\r\nargv = ['a']\n";
  file.seed = 0x9f3c1e0a7b24d581;
  file.settings = {"topology.hosts=3", "link.window=1"};
  file.plants = {"ack-before-custody"};
  file.build = "0.1.0 g++ 12.2.0";
  file.outcome = verdict::violated;
  file.promise = "G2";
  file.what = "seq 41 before seq 40";
  file.event = 18233;
  file.at = instant(10482113us);
  file.digest = {1, 2};
  file.plan = {*parse_fault("partition host0 | host1 at 10s for 3s pinned"), *parse_fault("kill_proc host1/p2 at 10.31s")};
  return file;
}

TEST(ReproLine, PrintsAndParsesBack) {
  repro_line const line{"scenarios/odd:name", 42, 0x1a2b3c};
  EXPECT_EQ(to_string(line), "r1:scenarios/odd:name:42:001a2b3c");
  EXPECT_EQ(*parse_repro_line(to_string(line)), line);
  EXPECT_EQ(parse_repro_line("r1:x:0x2a:001a2b3c")->seed, 42u);
}

TEST(ReproLine, RefusesWhatIsNoLine) {
  for (auto const* text : {"", "r1", "r1:", "r1::1:00000000", "r1:x:1", "r1:x:y:00000000", "r1:x:1:0000000", "r1:x:1:0000000G",
                           "r2:x:1:00000000", "r1:x:1:00000000 "}) {
    auto const read = parse_repro_line(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.failure().code, errc::bad_scenario);
  }
  EXPECT_EQ(parse_repro_line("r2:x:1:00000000").failure().what,
            "unknown version 'r2', expected r1:<scenario>:<seed>:<8 hex of its text>");
}

TEST(ReproFile, ReadsBackWhatWasWritten) {
  auto const file = sample();
  auto const read = read_repro(write_repro(file), "x.repro");
  ASSERT_TRUE(read) << read.failure().describe();
  EXPECT_EQ(write_repro(*read), write_repro(file));
  EXPECT_EQ(read->scenario_text, file.scenario_text);
  EXPECT_EQ(read->digest, file.digest);
  EXPECT_EQ(read->plan.size(), 2u);
  EXPECT_FALSE(read->plan_edited);
}

TEST(ReproFile, KnowsWhenItsPlanWasEdited) {
  auto text = write_repro(sample());
  auto const at = text.find("  \"kill_proc");
  text.erase(at, text.find('\n', at) - at + 1);
  auto const read = read_repro(text, "x.repro");
  ASSERT_TRUE(read) << read.failure().describe();
  EXPECT_TRUE(read->plan_edited);
  EXPECT_EQ(read->plan.size(), 1u);
}

TEST(ReproFile, NamesThePlaceOfAMistake) {
  auto text = write_repro(sample());
  text.replace(text.find("kill_proc"), 4, "kiil");
  auto const read = read_repro(text, "x.repro");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.failure().what, "plan: 'kiil_proc' is no fault, did you mean 'kill_proc'?");
  EXPECT_EQ(read.failure().where, "x.repro:21:3");
  EXPECT_EQ(read_repro("version = 1\n", "x.repro").failure().where, "x.repro:1:1");
}

RC_GTEST_PROP(ReproFile, TextsReadBackExactly, ()) {
  auto const text = *rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
      {{2, rc::gen::element('"', '\\', '\n', '\r', '\t', '\'', '\0')}, {1, rc::gen::inRange<char>(1, 127)}}));
  auto const read = parse_toml("v = " + toml_string(text) + "\n", "x");
  if (!read) RC_FAIL(read.failure().describe());
  RC_ASSERT(read->children[0].text == text);
}

TEST(Verdicts, PrintAndParseBack) {
  EXPECT_EQ(verdict_name(verdict::program_failed), "program_failed");
  EXPECT_EQ(parse_verdict("violated"), verdict::violated);
  EXPECT_FALSE(parse_verdict("fine"));
  EXPECT_EQ(parse_digest(roost::to_string(hash128{7, 9})), (hash128{7, 9}));
  EXPECT_FALSE(parse_digest("12"));
}

}  // namespace
}  // namespace roost::sim
