#pragma once
// A hash index from small keys to dense numbers: open addressing, linear probing, nothing is ever erased.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace roost::sim::check {

/// The number of nothing and nobody.
inline constexpr std::uint32_t nobody = 0xffffffffU;

/// Maps keys to 32-bit numbers. `Hash` must spread over the low bits. It has no iteration, so nothing can depend on its order.
template <class Key, class Hash>
class flat_index {
 public:
  std::uint32_t find(Key const& key) const noexcept {
    if (slots_.empty()) return nobody;
    std::size_t at = Hash{}(key)&mask_;
    while (slots_[at].number != nobody && !(slots_[at].key == key)) at = (at + 1) & mask_;
    return slots_[at].number;
  }

  /// The number of `key`, which becomes `number` where it has none yet; second: it had none.
  std::pair<std::uint32_t, bool> insert(Key const& key, std::uint32_t number) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    std::size_t at = Hash{}(key)&mask_;
    while (slots_[at].number != nobody && !(slots_[at].key == key)) at = (at + 1) & mask_;
    if (slots_[at].number != nobody) return {slots_[at].number, false};
    slots_[at] = {key, number};
    ++used_;
    return {number, true};
  }

 private:
  struct slot {
    Key key{};
    std::uint32_t number = nobody;
  };

  void grow() {
    std::vector<slot> old(2 * slots_.size());
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (slot const& moved : old) {
      if (moved.number == nobody) continue;
      std::size_t at = Hash{}(moved.key) & mask_;
      while (slots_[at].number != nobody) at = (at + 1) & mask_;
      slots_[at] = moved;
    }
  }

  std::vector<slot> slots_ = std::vector<slot>(16);
  std::size_t mask_ = 15;
  std::size_t used_ = 0;
};

/// Spreads one word over the low bits in two instructions' time; for tables only.
constexpr std::size_t spread(std::uint64_t word) noexcept {
  std::uint64_t const mixed = word * 0x9e3779b97f4a7c15ULL;
  return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

}  // namespace roost::sim::check
