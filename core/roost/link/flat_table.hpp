#pragma once
// An open-addressing hash table for the hot path: linear probing, deletion by shifting back. It has no iteration but over sorted
// keys, so that nothing can depend on the order of its cells.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace roost::link {

/// `Hash` is a callable type from Key to a well-mixed 64-bit number. References to values hold until the next insert or erase.
template <class Key, class Value, class Hash>
class flat_table {
 public:
  Value* find(Key const& key) noexcept {
    if (size_ == 0) return nullptr;
    for (auto at = home(key);; at = after(at)) {
      if (!cells_[at].used) return nullptr;
      if (cells_[at].key == key) return &cells_[at].value;
    }
  }
  Value const* find(Key const& key) const noexcept { return const_cast<flat_table*>(this)->find(key); }

  /// The value of `key`, made when it is missing.
  Value& insert(Key const& key) {
    if (auto* present = find(key)) return *present;
    if ((size_ + 1) * 4 > cells_.size() * 3) grow();
    ++size_;
    return place(key, Value{});
  }

  bool erase(Key const& key) {
    if (size_ == 0) return false;
    auto hole = home(key);
    while (cells_[hole].used && !(cells_[hole].key == key)) hole = after(hole);
    if (!cells_[hole].used) return false;
    for (auto at = after(hole); cells_[at].used; at = after(at)) {
      // A cell may move back into the hole unless its home lies cyclically behind the hole.
      auto const distance = (at - home(cells_[at].key)) & mask();
      if (distance >= ((at - hole) & mask())) {
        cells_[hole] = std::move(cells_[at]);
        hole = at;
      }
    }
    cells_[hole] = cell{};
    if (--size_ == 0 && cells_.size() > 64) cells_ = std::vector<cell>();
    return true;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  std::vector<Key> sorted_keys() const {
    std::vector<Key> keys;
    keys.reserve(size_);
    for (auto const& c : cells_) {
      if (c.used) keys.push_back(c.key);
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

 private:
  struct cell {
    Key key{};
    Value value{};
    bool used = false;
  };

  std::size_t mask() const noexcept { return cells_.size() - 1; }
  std::size_t home(Key const& key) const noexcept { return static_cast<std::size_t>(Hash{}(key)) & mask(); }
  std::size_t after(std::size_t at) const noexcept { return (at + 1) & mask(); }

  Value& place(Key const& key, Value&& value) {
    auto at = home(key);
    while (cells_[at].used) at = after(at);
    cells_[at].key = key;
    cells_[at].value = std::move(value);
    cells_[at].used = true;
    return cells_[at].value;
  }

  void grow() {
    std::vector<cell> before(cells_.empty() ? 8 : cells_.size() * 2);
    before.swap(cells_);
    for (auto& c : before) {
      if (c.used) place(c.key, std::move(c.value));
    }
  }

  std::vector<cell> cells_;
  std::size_t size_ = 0;
};

}  // namespace roost::link
