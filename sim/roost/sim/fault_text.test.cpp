#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <roost/sim/fault_text.hpp>

namespace roost::sim {
namespace {

bool same(fault_operation const& a, fault_operation const& b) {
  return a.kind == b.kind && a.at == b.at && a.trigger_endpoint == b.trigger_endpoint && a.after_count == b.after_count &&
         a.group_a == b.group_a && a.group_b == b.group_b && a.duration == b.duration && a.amount == b.amount &&
         a.factor_percent == b.factor_percent && a.loss_ppm == b.loss_ppm && a.duplicate_ppm == b.duplicate_ppm &&
         a.reorder_ppm == b.reorder_ppm && a.corrupt_ppm == b.corrupt_ppm && a.pinned == b.pinned;
}

TEST(FaultText, ReadsAsASentence) {
  fault_operation operation;
  operation.kind = fault_kind::partition;
  operation.at = instant(10s);
  operation.duration = 3s;
  operation.group_a = {"host0"};
  operation.group_b = {"host1", "host2"};
  operation.pinned = true;
  EXPECT_EQ(to_string(operation), "partition host0 | host1,host2 at 10s for 3s pinned");

  fault_operation triggered;
  triggered.kind = fault_kind::crash_proc;
  triggered.group_a = {"host1/p2"};
  triggered.trigger_endpoint = "Player.ping";
  triggered.after_count = 100;
  EXPECT_EQ(to_string(triggered), "kill_proc host1/p2 when Player.ping >= 100");
}

RC_GTEST_PROP(FaultText, ReadsBackWhatIsPrinted, ()) {
  auto const name = rc::gen::weightedOneOf<std::string>(
      {{3, rc::gen::element<std::string>("host0", "host1/p2", "*", "at", "pinned", ">=", "a b", "never")},
       {1, rc::gen::arbitrary<std::string>()}});
  auto const small = rc::gen::element<std::uint32_t>(0, 1, 100, 1'000'000, 0xffffffff);
  fault_operation operation;
  operation.kind = static_cast<fault_kind>(*rc::gen::inRange(0, 11));
  operation.at = instant(nanoseconds(*rc::gen::arbitrary<std::int64_t>()));
  if (*rc::gen::inRange(0, 8) == 0) operation.at = never;
  operation.group_a = *rc::gen::container<std::vector<std::string>>(name);
  operation.group_b = *rc::gen::container<std::vector<std::string>>(name);
  if (*rc::gen::arbitrary<bool>()) {
    operation.trigger_endpoint = *name;
    operation.after_count = *rc::gen::arbitrary<std::uint64_t>();
  }
  operation.duration = nanoseconds(*rc::gen::arbitrary<std::int64_t>());
  operation.amount = nanoseconds(*rc::gen::arbitrary<std::int64_t>());
  operation.factor_percent = *small;
  operation.loss_ppm = *small;
  operation.duplicate_ppm = *small;
  operation.reorder_ppm = *small;
  operation.corrupt_ppm = *small;
  operation.pinned = *rc::gen::arbitrary<bool>();
  auto const text = to_string(operation);
  auto const read = parse_fault(text);
  if (!read) RC_FAIL(text + ": " + read.failure().what);
  RC_ASSERT(same(*read, operation));
  RC_ASSERT(text.find('\n') == std::string::npos);
}

TEST(FaultText, RefusesOtherTexts) {
  EXPECT_EQ(parse_fault("partitoin host0").failure().what, "'partitoin' is no fault, did you mean 'partition'?");
  EXPECT_EQ(parse_fault("reset * att 1s").failure().what, "unknown word 'att', did you mean 'at'?");
  for (auto const* text : {"", "reset *,", "reset \"", "reset \"\\", "reset | |", "reset at", "reset at 5", "noise loss 5",
                           "noise loss 99999999999ppm", "kill_proc when", "kill_proc when a 5", "kill_proc when a >= -1"}) {
    EXPECT_FALSE(parse_fault(text)) << text;
  }
}

RC_GTEST_PROP(FaultText, AnyTextIsReadOrRefused, (std::string text)) {
  if (auto const read = parse_fault(text)) RC_ASSERT(same(*parse_fault(to_string(*read)), *read));
}

}  // namespace
}  // namespace roost::sim
