#pragma once
// Counted, immutable runs of bytes: what frames and payloads are made of. Views share one block; nothing is copied by slicing.

#include <roost/base/pooled.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace roost {
namespace detail {

/// Bytes with the number of those who look at them; the bytes stand behind it. Any thread may come and go.
class byte_block {
 public:
  /// With one owner.
  static byte_block* make(std::size_t size) {
    return ::new (pooled::operator new(sizeof(byte_block) + size)) byte_block(sizeof(byte_block) + size);
  }
  byte_block(byte_block const&) = delete;
  byte_block& operator=(byte_block const&) = delete;

  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  void share() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept {
    // Nobody joins the last owner, who need not tell anyone.
    if (owners_.load(std::memory_order_acquire) == 1 || owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) free();
  }

 private:
  explicit byte_block(std::size_t whole) noexcept : whole_(whole) {}
  ~byte_block() = default;
  void free() noexcept {
    auto const whole = whole_;
    this->~byte_block();
    pooled::operator delete(this, whole);
  }

  std::atomic<std::size_t> owners_ = 1;
  std::size_t whole_;  // Bytes, this object's included.
};

}  // namespace detail

/// A read-only view of bytes that keeps its block alive. Copying shares. Not for concurrent writing.
class shared_bytes {
 public:
  shared_bytes() = default;
  explicit shared_bytes(std::vector<std::byte> const& data) : shared_bytes(copy_of(data)) {}
  shared_bytes(shared_bytes const& other) noexcept : block_(other.block_), view_(other.view_) {
    if (block_ != nullptr) block_->share();
  }
  shared_bytes(shared_bytes&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), view_(std::exchange(other.view_, {})) {}
  shared_bytes& operator=(shared_bytes other) noexcept {
    std::swap(block_, other.block_);
    std::swap(view_, other.view_);
    return *this;
  }
  ~shared_bytes() {
    if (block_ != nullptr) block_->leave();
  }

  /// `size` bytes in one block, written by `fill`, which is given all of them as a `std::span<std::byte>`.
  template <class Fill>
  static shared_bytes made(std::size_t size, Fill&& fill) {
    shared_bytes whole;
    whole.block_ = detail::byte_block::make(size);
    std::span<std::byte> const all(whole.block_->data(), size);
    whole.view_ = all;
    std::forward<Fill>(fill)(all);
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
  /// The first `count` bytes, which must be there, are looked at no more.
  void remove_prefix(std::size_t count) noexcept { view_ = view_.subspan(count); }

 private:
  detail::byte_block* block_ = nullptr;
  std::span<std::byte const> view_;
};

/// XXH3-64 of `data`.
std::uint64_t hash_bytes(std::span<std::byte const> data, std::uint64_t seed = 0) noexcept;

inline std::span<std::byte const> as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace roost
