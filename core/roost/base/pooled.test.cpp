#include <gtest/gtest.h>

#include <roost/base/pooled.hpp>

#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace roost {
namespace {

template <std::size_t Size>
struct of_size : pooled {
  unsigned char bytes[Size];
};
struct alignas(64) wide : pooled {
  unsigned char bytes[64];
};
struct base : pooled {
  virtual ~base() = default;
};
template <std::size_t Size>
struct derived final : base {
  unsigned char bytes[Size];
};

template <std::size_t Size>
void fill_and_check() {
  std::vector<std::unique_ptr<of_size<Size>>> all;
  for (int round = 0; round != 3; ++round) {
    for (unsigned i = 0; i != 2000; ++i) {
      all.push_back(std::make_unique<of_size<Size>>());
      std::memset(all.back()->bytes, static_cast<int>(i & 0xff), Size);
    }
    for (unsigned i = 0; i != 2000; ++i) {
      for (auto const byte : all[i]->bytes) ASSERT_EQ(byte, i & 0xff);
    }
    all.clear();
  }
}

TEST(Pooled, ObjectsOfAnySizeDoNotOverlap) {
  fill_and_check<1>();
  fill_and_check<31>();
  fill_and_check<32>();
  fill_and_check<33>();
  fill_and_check<511>();
  fill_and_check<512>();
  fill_and_check<513>();
  fill_and_check<4000>();
}

TEST(Pooled, AlignmentIsKept) {
  std::vector<std::unique_ptr<wide>> all;
  for (int i = 0; i != 50; ++i) {
    all.push_back(std::make_unique<wide>());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.back().get()) % 64, 0U);
    if (i % 3 == 0) all.erase(all.begin());
  }
}

TEST(Pooled, AnObjectIsDeletedByItsBaseAndOnAnotherThread) {
  std::vector<std::unique_ptr<base>> all;
  for (int i = 0; i != 100; ++i) {
    all.push_back(std::make_unique<derived<8>>());
    all.push_back(std::make_unique<derived<300>>());
    all.push_back(std::make_unique<derived<3000>>());
  }
  std::thread([mine = std::move(all)]() mutable {
    mine.clear();
    for (int i = 0; i != 100; ++i) mine.push_back(std::make_unique<derived<300>>());
  }).join();
  fill_and_check<300>();
}

}  // namespace
}  // namespace roost
