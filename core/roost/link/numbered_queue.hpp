#pragma once
// Queues whose memory follows what is in them: a ring, and a queue ordered by number from whose middle records may be taken.

#include <roost/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace roost::link {

/// A double-ended queue in one block of a power of two; gives the block back when it runs empty after having been large.
template <class T>
class ring {
 public:
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t i) noexcept { return cells_[(head_ + i) & (cells_.size() - 1)]; }
  T const& operator[](std::size_t i) const noexcept { return cells_[(head_ + i) & (cells_.size() - 1)]; }
  T& front() noexcept { return (*this)[0]; }
  T const& front() const noexcept { return (*this)[0]; }
  T& back() noexcept { return (*this)[size_ - 1]; }

  T& push_back(T value) {
    if (size_ == cells_.size()) grow();
    ++size_;
    auto& cell = back();
    cell = std::move(value);
    return cell;
  }
  void pop_front() {
    front() = T{};
    head_ = (head_ + 1) & (cells_.size() - 1);
    if (--size_ == 0 && cells_.size() > 64) clear();
  }
  /// Keeps the first `count`.
  void truncate(std::size_t count) {
    while (size_ > count) {
      back() = T{};
      --size_;
    }
  }
  void clear() {
    cells_ = std::vector<T>();
    head_ = size_ = 0;
  }

 private:
  void grow() {
    std::vector<T> larger(cells_.empty() ? 4 : cells_.size() * 2);
    for (std::size_t i = 0; i != size_; ++i) larger[i] = std::move((*this)[i]);
    cells_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> cells_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

/// Records in rising order of their `number`. Taking one out is amortized O(1), and what is kept is never more than twice what
/// is in it: a record that stays for hours does not hold the memory of those that came and went behind it.
template <class Record>
class numbered_queue {
 public:
  std::size_t size() const noexcept { return live_; }
  bool empty() const noexcept { return live_ == 0; }
  /// The lowest record; there must be one.
  Record& front() noexcept { return cells_.front(); }
  Record const& front() const noexcept { return cells_.front(); }

  /// Its number must be higher than all before.
  void push(Record record) {
    ROOST_INVARIANT(cells_.empty() || (cells_.back().number & ~gone) < record.number, std::to_string(record.number));
    cells_.push_back(std::move(record));
    ++live_;
  }

  Record* find(std::uint64_t number) noexcept {
    if (cells_.empty()) return nullptr;
    auto const first = cells_.front().number & ~gone;
    if (number < first) return nullptr;
    std::size_t low = 0;
    if (auto const guess = number - first; guess < cells_.size() && (cells_[guess].number & ~gone) == number) {
      low = static_cast<std::size_t>(guess);
    } else {
      auto high = cells_.size();
      while (low != high) {
        auto const middle = low + (high - low) / 2;
        if ((cells_[middle].number & ~gone) < number) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      if (low == cells_.size()) return nullptr;
    }
    return cells_[low].number == number ? &cells_[low] : nullptr;
  }

  /// `record` must come from `find` or `front`.
  void take(Record& record) {
    record.number |= gone;
    --live_;
    while (!cells_.empty() && (cells_.front().number & gone) != 0) cells_.pop_front();
    if (cells_.size() > 2 * live_ + 16) pack();
  }

  /// Every record, in order of number. `visit` must not change the queue.
  template <class Visit>
  void each(Visit visit) {
    for (std::size_t i = 0; i != cells_.size(); ++i) {
      if ((cells_[i].number & gone) == 0) visit(cells_[i]);
    }
  }
  void clear() {
    cells_.clear();
    live_ = 0;
  }
  /// Cells in use, for the test of the bound.
  std::size_t cells() const noexcept { return cells_.size(); }

 private:
  static constexpr std::uint64_t gone = std::uint64_t{1} << 63;

  void pack() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i != cells_.size(); ++i) {
      if ((cells_[i].number & gone) != 0) continue;
      if (kept != i) cells_[kept] = std::move(cells_[i]);
      ++kept;
    }
    cells_.truncate(kept);
  }

  ring<Record> cells_;
  std::size_t live_ = 0;
};

}  // namespace roost::link
