// Classes and endpoints are known by name, so no two may have one.

#include <roost/actor/registry.hpp>

#include <gtest/gtest.h>

#include <cstdlib>

namespace registry {

/// Registers two classes with an endpoint each, in a process that ends here: with 0 if that is refused and `named` is why.
[[noreturn]] void register_both(std::string_view first, std::string_view second, std::uint64_t second_id,
                                std::string const& named) {
  static roost::detail::endpoint_descriptor one;
  static roost::detail::endpoint_descriptor other;
  one.id = 1;
  other.id = second_id;
  one.class_name = first;
  other.class_name = second;
  one.name = other.name = "play";
  roost::detail::register_class(first, {&one});
  roost::detail::register_class(second, {&other});
  auto const verdict = roost::detail::check_registry();
  std::_Exit(!verdict && verdict.failure().what.find(named) != std::string::npos ? 0 : 1);
}

TEST(registry, holds_no_clash_of_this_executable) { EXPECT_TRUE(roost::detail::check_registry()); }

TEST(registry, refuses_two_classes_of_one_name) {
  EXPECT_EXIT(register_both("Twin", "Twin", 2, "two classes are exported as Twin"), testing::ExitedWithCode(0), "");
}

TEST(registry, refuses_two_endpoints_of_one_identity) {
  EXPECT_EXIT(register_both("A", "B", 1, "A.play and B.play"), testing::ExitedWithCode(0), "");
}

}  // namespace registry
