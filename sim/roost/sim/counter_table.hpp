#pragma once
// Counters by 64-bit key: open addressing, no removal, no iteration.

#include <roost/base/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace roost::sim {

/// Maps keys to counters that start at zero. A reference stays valid until the next call.
class counter_table {
 public:
  std::uint64_t& operator[](std::uint64_t key) {
    if (key == 0) return at_zero_;
    if (2 * (used_ + 1) > slots_.size()) grow();
    slot& found = find(key);
    if (found.key == 0) {
      found.key = key;
      ++used_;
    }
    return found.count;
  }

 private:
  struct slot {
    std::uint64_t key = 0;
    std::uint64_t count = 0;
  };

  slot& find(std::uint64_t key) noexcept {
    std::size_t place = detail::mix(key) & (slots_.size() - 1);
    while (slots_[place].key != 0 && slots_[place].key != key) place = (place + 1) & (slots_.size() - 1);
    return slots_[place];
  }
  void grow() {
    std::vector<slot> old(slots_.empty() ? 8 : slots_.size() * 2);
    old.swap(slots_);
    for (slot const& s : old) {
      if (s.key != 0) find(s.key) = s;
    }
  }

  std::vector<slot> slots_;
  std::size_t used_ = 0;
  std::uint64_t at_zero_ = 0;
};

}  // namespace roost::sim
