#pragma once
// Random words of the kernel.

#include <roost/platform/platform.hpp>

#include <array>
#include <cstddef>

namespace roost {

class live_entropy final : public entropy {
 public:
  std::uint64_t draw(entity_key) override;

 private:
  std::array<std::uint64_t, 32> words_{};
  std::size_t left_ = 0;
};

}  // namespace roost
