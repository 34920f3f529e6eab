// Every planted bug of this build is caught, by the checker of the promise that it breaks; and the same seeds are clean without it.

#include <roost/base/plant.hpp>
#include <tests/plants/scenes.hpp>
#include <tests/properties/campaign.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace roost::workload {
namespace {

constexpr std::uint64_t most_seeds = 200;

/// How a planted bug is seen: a line of seen_by.txt.
struct sight {
  std::string scenario;    ///< "workload", the same with "narrow" credit, or a file here.
  std::uint64_t seed = 0;  ///< The search starts here.
  std::string checker;     ///< Which sees it first: "G1" to "G12" of the judge, "model" or "program".
};

std::map<std::string, sight, std::less<>> const& sights() {
  static auto const all = [] {
    std::map<std::string, sight, std::less<>> read;
    std::ifstream in(ROOST_SOURCE_FOLDER "/tests/plants/seen_by.txt");
    for (std::string line; std::getline(in, line);) {
      if (line.empty() || line.front() == '#') continue;
      std::istringstream words(line);
      std::string name;
      sight how;
      words >> name >> how.scenario >> how.seed >> how.checker;
      read[name] = how;
    }
    return read;
  }();
  return all;
}

/// A planted bug that nothing above its own floor can show, and the test of that floor which catches it.
struct floor_test {
  char const* file;
  char const* name;
  char const* reason;
};

std::map<std::string, floor_test, std::less<>> const& floor_tests() {
  static constexpr char const* link = "core/roost/link/session.property.test.cpp";
  static constexpr char const* judged = "is_caught_by_the_judge_of_its_promise";
  static std::map<std::string, floor_test, std::less<>> const entries{
      {"await-not-asked-again",
       {"tests/live/workers.test.cpp", "ACoroutineThatIsNotAskedAgainBeforeItWaitsIsSeen",
        "An answer that comes while its coroutine begins to wait is one of another worker, in the middle of a step."}},
      {"count-across-runs",
       {"tests/plants/command_line_test.py", "test_verify_catches_a_count_across_runs",
        "One run cannot tell; `sim verify` compares runs of fresh and of used processes."}},
      {"exceptions-shared",
       {"core/roost/base/fiber.test.cpp", "ExceptionsOfHandlersThatMixAreSeen",
        "It corrupts what the C++ runtime keeps of exceptions; what becomes of the process is not defined."}},
      {"offload-unshielded",
       {"tests/live/offload.test.cpp", "CodeWhoseHandlerUnwindsUnderItIsSeen",
        "Simulated code is offloaded inline: it is over before anybody can be killed."}},
      {"parked-stack-reused",
       {"core/roost/base/fiber.test.cpp", "AStackThatIsGivenAwayWhileItsHandlerWaitsIsSeen",
        "It overwrites the stack of a handler; what becomes of the process is not defined."}},
      {"foreign-overtakes",
       {"tests/live/foreign.test.cpp", "RequestsThatOvertakeEachOtherAreSeen",
        "Threads that run no handlers are not simulated."}},
      {"failed-peer-accepted",
       {link, judged, "A proc that was declared failed ends at its first contact, before anybody above sees what it sent."}},
      {"control-behind-data",
       {link, judged, "Above a session a control message that comes late is one that a slow network brought."}},
      {"sender-ended-told", {link, judged, "The actor floor looks for the sender, finds none, and tells nobody."}},
      {"stale-incarnation-accepted",
       {link, judged, "A proc is never launched again under its number, so there is no earlier incarnation."}},
      {"room-before-told",
       {"core/roost/link/session_table.test.cpp", "room_that_comes_before_its_receipt_is_seen",
        "Its sender has to wake between a report and the receipt, less than a microsecond later: one seed in 20,000 shows it."}},
      {"window-ignored", {link, judged, "Windows bound the frames of a session, and no message shows in which frame it came."}},
  };
  return entries;
}

/// "G2" of "G2" and of "G2 (workload): ...".
std::string promise_of(sim::check::violation const& broke) { return broke.promise.substr(0, broke.promise.find(' ')); }

std::string checker_of(sim::check::violation const& broke) {
  if (broke.what.find("reference model") != std::string::npos) return "model";
  return broke.what.starts_with("always(") ? "program" : broke.promise;
}

campaign campaign_of(std::string const& scenario) {
  if (scenario == "workload") return campaign();
  // Where a sender may have one message under way, its pair is empty whenever it has room.
  if (scenario == "narrow") return campaign(workload_file, run, {"knobs.link.credit_messages=1"});
  return campaign(ROOST_SOURCE_FOLDER "/tests/plants/" + scenario + ".toml", scenes::run);
}

class Plants : public testing::TestWithParam<std::string> {};

TEST_P(Plants, IsCaughtByThePromiseThatItBreaks) {
  auto* const planted = find_plant(GetParam());
  ASSERT_NE(planted, nullptr);
  ASSERT_TRUE(sights().contains(GetParam())) << "seen_by.txt has no line for " << GetParam();
  auto const& here = sights().at(GetParam());
  auto run = campaign_of(here.scenario);
  // Other checkers may see the same bug in other seeds; it must be seen first by the one that owns the promise.
  auto const as_listed = [&](sim::run_result const& done) {
    return done.outcome == sim::verdict::violated && promise_of(done.violations.front()) == planted->definition().promise &&
           checker_of(done.violations.front()) == here.checker;
  };
  planted->arm(true);
  auto seed = here.seed;
  auto done = run.seed(seed);
  while (!as_listed(done) && seed != here.seed + most_seeds) done = run.seed(++seed);
  planted->arm(false);
  ASSERT_TRUE(as_listed(done)) << GetParam() << " was not caught by " << here.checker << "; last came " << first_of(done);
  std::printf("%s %s %llu %s\n", GetParam().c_str(), here.scenario.c_str(), static_cast<unsigned long long>(seed),
              here.checker.c_str());
  auto const clean = run.seed(seed);
  EXPECT_EQ(clean.outcome, sim::verdict::held) << "without the plant: " << first_of(clean);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (auto const* planted : all_plants()) {
    if (!floor_tests().contains(planted->definition().name)) all.emplace_back(planted->definition().name);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Build, Plants, testing::ValuesIn(names()), [](auto const& of) {
  auto name = of.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(PlantTable, NamesOnlyPlantsOfThisBuild) {
  for (auto const& [name, how] : sights()) EXPECT_NE(find_plant(name), nullptr) << name;
  for (auto const& [name, how] : floor_tests()) EXPECT_NE(find_plant(name), nullptr) << name;
}

TEST(PlantTable, NamesTestsThatAreThere) {
  for (auto const& [name, test] : floor_tests()) {
    std::ifstream in(std::string(ROOST_SOURCE_FOLDER "/") + test.file);
    std::stringstream text;
    text << in.rdbuf();
    EXPECT_NE(text.str().find(test.name), std::string::npos) << test.file << " has no test " << test.name;
    EXPECT_NE(text.str().find('"' + name + '"'), std::string::npos) << test.file << " does not arm " << name;
  }
}

TEST(PlantTable, HasTwoPlantsThatEachCheckerSeesFirst) {
  std::map<std::string, std::size_t> plants;
  for (auto const& [name, how] : sights()) ++plants[how.checker];
  for (auto const* checker : {"G1", "G2", "G3", "G4", "G7", "G8", "G10", "model"}) EXPECT_GE(plants[checker], 2U) << checker;
}

TEST(PlantTable, LeavesTwoToTheAssertionsOfPrograms) {
  // No message shows for which rank a value was meant, nor who has taken whose place.
  std::set<std::string> const left{"never-refreshed", "value-off-by-one"};
  for (auto const& [name, how] : sights()) EXPECT_EQ(how.checker == "program", left.contains(name)) << name;
}

TEST(PlantTable, ShowsRemovedDeduplicationToTheReferenceModelToo) {
  auto* const planted = find_plant("deduplication-removed");
  ASSERT_NE(planted, nullptr);
  campaign run;
  auto const model_fires = [](sim::run_result const& done) {
    return std::any_of(done.violations.begin(), done.violations.end(),
                       [](auto const& broke) { return checker_of(broke) == "model"; });
  };
  planted->arm(true);
  std::uint64_t seed = 1;
  while (!model_fires(run.seed(seed)) && seed != most_seeds) ++seed;
  planted->arm(false);
  EXPECT_LT(seed, most_seeds);
}

}  // namespace
}  // namespace roost::workload
