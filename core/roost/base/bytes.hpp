#pragma once
// Counted, immutable runs of bytes: what frames and payloads are made of. Views share one block; nothing is copied by slicing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace roost {

/// A read-only view of bytes that keeps its block alive. Copying shares. Not for concurrent writing.
class shared_bytes {
 public:
  shared_bytes() = default;
  /// Takes over `data`.
  explicit shared_bytes(std::vector<std::byte> data) {
    auto const block = std::make_shared<std::vector<std::byte> const>(std::move(data));
    view_ = *block;
    block_ = block;
  }

  /// `size` bytes in one block, written by `fill`, which is given all of them as a `std::span<std::byte>`.
  template <class Fill>
  static shared_bytes made(std::size_t size, Fill&& fill) {
    auto block = std::make_shared_for_overwrite<std::byte[]>(size);
    std::span<std::byte> const all(block.get(), size);
    std::forward<Fill>(fill)(all);
    shared_bytes whole;
    whole.block_ = std::move(block);
    whole.view_ = all;
    return whole;
  }

  /// A copy of `data`.
  static shared_bytes copy_of(std::span<std::byte const> data) {
    return made(data.size(), [data](std::span<std::byte> out) { std::copy(data.begin(), data.end(), out.begin()); });
  }

  std::span<std::byte const> view() const noexcept { return view_; }
  std::size_t size() const noexcept { return view_.size(); }
  bool empty() const noexcept { return view_.empty(); }
  /// `count` bytes from `offset` of the same block. Both must be within the view.
  shared_bytes slice(std::size_t offset, std::size_t count) const {
    shared_bytes part = *this;
    part.view_ = view_.subspan(offset, count);
    return part;
  }

 private:
  std::shared_ptr<void const> block_;
  std::span<std::byte const> view_;
};

/// XXH3-64 of `data`.
std::uint64_t hash_bytes(std::span<std::byte const> data, std::uint64_t seed = 0) noexcept;

inline std::span<std::byte const> as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace roost
