#include <gtest/gtest.h>

#include <roost/sim/check/reference_model.hpp>

namespace roost::sim::check {
namespace {

std::vector<std::string> promises_of(reference_model& model) {
  model.finish();
  std::vector<std::string> promises;
  for (model_violation const& one : model.violations()) promises.push_back(one.promise);
  return promises;
}
using promises = std::vector<std::string>;

TEST(ReferenceModel, PassesAConversation) {
  reference_model model;
  model.sent("a", "b", 1, 1, 0xaa, true);
  model.sent("a", "b", 2, 2, 0xbb);
  model.handled("b", "a", 1, 1, 0xaa);
  model.replied("b", "a", 1, 0xcc);
  model.handled("b", "a", 2, 2, 0xbb);
  model.answered("a", "b", 1, 0xcc);
  EXPECT_EQ(promises_of(model), promises{});
  EXPECT_EQ(model.messages(), 2U);
}

TEST(ReferenceModel, FiresWhenADuplicateIsHandled) {
  reference_model model;
  model.sent("a", "b", 1, 1, 0xaa);
  model.handled("b", "a", 1, 1, 0xaa);
  model.handled("b", "a", 1, 1, 0xaa);
  EXPECT_EQ(promises_of(model), promises{"G3"});
  EXPECT_EQ(model.violations().front().what, "reference model: message 1 of a to b was handled twice");
}

TEST(ReferenceModel, FiresWhenOrderIsLost) {
  reference_model model;
  model.sent("a", "b", 1, 1, 0);
  model.sent("a", "b", 2, 1, 0);
  model.handled("b", "a", 2, 1, 0);
  model.handled("b", "a", 1, 1, 0);
  EXPECT_EQ(promises_of(model), promises{"G2"});
}

TEST(ReferenceModel, FiresWhenContentChanges) {
  reference_model model;
  model.sent("a", "b", 1, 1, 0xaa);
  model.handled("b", "a", 1, 1, 0xab);
  EXPECT_EQ(promises_of(model), promises{"G3"});
}

TEST(ReferenceModel, FiresWhenAnAnswerIsNotTheOneGiven) {
  reference_model model;
  for (std::uint64_t number : {1, 2}) {
    model.sent("a", "b", number, 1, 0, true);
    model.handled("b", "a", number, 1, 0);
    model.replied("b", "a", number, number);
  }
  model.answered("a", "b", 1, 2);
  model.answered("a", "b", 2, 2);
  EXPECT_EQ(promises_of(model), promises{"G3"});
}

TEST(ReferenceModel, FiresWhenAMessageIsLost) {
  reference_model model;
  model.sent("a", "b", 1, 1, 0);
  model.sent("c", "b", 1, 1, 0);
  model.ended("c");
  EXPECT_EQ(promises_of(model), promises{"G3"});
}

TEST(ReferenceModel, FiresWhenAnAnswerIsLost) {
  reference_model model;
  model.sent("a", "b", 1, 1, 0, true);
  model.handled("b", "a", 1, 1, 0);
  model.replied("b", "a", 1, 7);
  EXPECT_EQ(promises_of(model), promises{"G4"});
}

TEST(ReferenceModel, FiresWhenTheDeadHandle) {
  reference_model model;
  model.sent("a", "b", 1, 1, 0);
  model.ended("b");
  model.handled("b", "a", 1, 1, 0);
  EXPECT_EQ(promises_of(model), promises{"G3"});
}

TEST(ReferenceModel, FiresWhenToldOfWhatWasHandledOrToldTwice) {
  reference_model model;
  for (std::uint64_t number : {1, 2}) model.sent("a", "b", number, 1, 0);
  model.handled("b", "a", 1, 1, 0);
  model.told("a", "b", 1, model_fate::not_handled);
  model.told("a", "b", 2, model_fate::unknown);
  model.told("a", "b", 2, model_fate::unknown);
  EXPECT_EQ(promises_of(model), (promises{"G3", "G3"}));
}

TEST(ReferenceModel, UnknownMayHaveBeenHandled) {
  reference_model model;
  for (std::uint64_t number : {1, 2}) model.sent("a", "b", number, 1, 0);
  model.handled("b", "a", 1, 1, 0);
  model.told("a", "b", 1, model_fate::unknown);
  model.told("a", "b", 2, model_fate::unknown);
  model.handled("b", "a", 2, 1, 0);
  EXPECT_EQ(promises_of(model), promises{});
}

TEST(ReferenceModel, EventsTravelAsLines) {
  model_event const event{model_step::told, model_fate::unknown, true, "a \"b\"\n\\", "c", 3, 4, 0xfeed};
  std::string why;
  EXPECT_EQ(parse_model_event(to_line(event), why), event);
  EXPECT_EQ(to_line({.from = "a", .to = "b", .number = 1}), "sent from=a to=b number=1");
  EXPECT_FALSE(parse_model_event("sent from=a number=x", why));
  EXPECT_EQ(why, "expected a known field and its value at 'number'");
}

}  // namespace
}  // namespace roost::sim::check
