// Every cell of the conformance matrix as a test; `--cells` prints them as lines of JSON instead (tests/conformance/matrix.py).

#include <gtest/gtest.h>

#include <roost/base/plant.hpp>
#include <tests/conformance/adapter.hpp>

#include <algorithm>
#include <cstdio>
#include <string>

namespace roost::conformance {
namespace {

std::string with_underscores(std::string_view name) {
  std::string changed(name);
  std::replace_if(changed.begin(), changed.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  return changed;
}

class Conformance : public ::testing::TestWithParam<std::tuple<adapter const*, row>> {};

TEST_P(Conformance, Cell) {
  auto const& [over, what] = GetParam();
  auto const found = over->cell(what);
  EXPECT_NE(found.what, verdict::fails) << what.done << "; " << what.seen << ": " << found.text;
  if (found.what == verdict::not_applicable) GTEST_SKIP() << found.text;
  if (found.delay) RecordProperty("delay_ns", std::to_string(found.delay->count()));
}

INSTANTIATE_TEST_SUITE_P(Matrix, Conformance, ::testing::Combine(::testing::ValuesIn(adapters()), ::testing::ValuesIn(rows())),
                         [](auto const& of) {
                           return with_underscores(std::get<0>(of.param)->name()) + "_" +
                                  with_underscores(std::get<1>(of.param).name);
                         });

/// A planted bug of a transport, or of the sessions over it, and the cell that must fail because of it.
struct planted {
  char const* name;
  char const* transport;
  char const* row;
};

class ConformancePlants : public ::testing::TestWithParam<planted> {};

TEST_P(ConformancePlants, AreCaughtByTheirRow) {
  auto const& [name, transport, row] = GetParam();
  auto const over =
      std::find_if(adapters().begin(), adapters().end(), [&](auto const* each) { return each->name() == transport; });
  auto const* const what = find_row(row);
  plant* const bug = find_plant(name);
  if (bug == nullptr && all_plants().empty()) GTEST_SKIP() << "planted bugs are left out of this tree";
  ASSERT_TRUE(over != adapters().end() && what != nullptr && bug != nullptr);
  bug->arm(true);
  auto const armed = (*over)->cell(*what, std::chrono::seconds(3));
  bug->arm(false);
  EXPECT_EQ(armed.what, verdict::fails) << name << " is not caught by the row " << row;
  std::printf("%s: %s\n", name, armed.text.c_str());
  EXPECT_EQ((*over)->cell(*what).what, verdict::passes);
}

/// Those of the columns of this executable.
std::vector<planted> planted_here() {
  std::vector<planted> here{{"ack-before-custody", "simulated", "damage"},
                            {"credit-leak-on-reset", "simulated", "resumed"},
                            {"failed-peer-accepted", "simulated", "late life"},
                            {"lost-not-resent", "simulated", "damage"},
                            {"path-lost-not-told", "simulated", "dead peer"},
                            {"reorder", "simulated", "damage"},
                            {"resume-off-by-one", "simulated", "resets"},
                            {"silence-trusted", "simulated", "stopped peer"},
                            {"unknown-as-not-handled", "simulated", "cut path"},
                            {"frames-swapped", "loopback", "order"},
                            {"hang-up-untold", "loopback", "hang up"},
                            {"room-untold", "loopback", "back-pressure"},
                            {"successor-answers", "loopback", "successor"},
                            {"end-of-ring-unseen", "shm", "order"},
                            {"ring-index-trusted", "shm", "garbage"},
                            {"bell-not-rung", "shm", "many peers"},
                            {"hang-up-unseen", "shm", "peer death"}};
  std::erase_if(here, [](planted const& each) {
    return std::none_of(adapters().begin(), adapters().end(), [&](auto const* over) { return over->name() == each.transport; });
  });
  return here;
}

INSTANTIATE_TEST_SUITE_P(Build, ConformancePlants, ::testing::ValuesIn(planted_here()),
                         [](auto const& of) { return with_underscores(of.param.name); });

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (char const c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + '"';
}

int print_cells() {
  bool failed = false;
  for (auto const& what : rows()) {
    for (auto const* over : adapters()) {
      auto const found = over->cell(what);
      failed |= found.what == verdict::fails;
      std::printf(
          "{\"row\": %s, \"done\": %s, \"seen\": %s, \"transport\": %s, \"verdict\": %s, \"text\": %s, \"delay_ns\": %s}\n",
          json_text(what.name).c_str(), json_text(what.done).c_str(), json_text(what.seen).c_str(),
          json_text(over->name()).c_str(), json_text(to_string(found.what)).c_str(), json_text(found.text).c_str(),
          found.delay ? std::to_string(found.delay->count()).c_str() : "null");
      std::fflush(stdout);
    }
  }
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace roost::conformance

int main(int argc, char** argv) {
  int code = 0;
  if (roost::conformance::run_as_peer(argc, argv, code)) return code;
  if (argc == 2 && std::string_view(argv[1]) == "--cells") return roost::conformance::print_cells();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
