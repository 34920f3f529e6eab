#pragma once
// A frame that is being made: payload and trailer are written where they travel, and the header in front of them last.

#include <roost/base/bytes.hpp>
#include <roost/wire/header.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace roost::wire {

/// Has its block to itself until `pack` has given the frame to somebody. Not for several threads at once.
class frame_draft {
 public:
  /// Nothing behind the header.
  frame_draft() = default;
  /// Of copies of `payload` and `trailer`.
  static frame_draft of(std::span<std::byte const> payload, std::span<std::byte const> trailer = {});
  /// `fill` writes both: it is given the places of the payload and of the trailer, each as a `std::span<std::byte>`.
  template <class Fill>
  static frame_draft made(std::size_t payload, std::size_t trailer, Fill&& fill) {
    frame_draft draft;
    draft.payload_ = payload;
    draft.trailer_ = trailer;
    draft.frame_ = shared_bytes::made(header_size + payload + trailer, [&](std::span<std::byte> all) {
      draft.first_ = all.data();
      std::forward<Fill>(fill)(all.subspan(header_size, payload), all.last(trailer));
    });
    return draft;
  }
  frame_draft(frame_draft&& other) noexcept
      : frame_(std::move(other.frame_)),
        first_(std::exchange(other.first_, nullptr)),
        payload_(std::exchange(other.payload_, 0)),
        trailer_(std::exchange(other.trailer_, 0)) {}
  frame_draft& operator=(frame_draft other) noexcept {
    std::swap(frame_, other.frame_);
    std::swap(first_, other.first_);
    std::swap(payload_, other.payload_);
    std::swap(trailer_, other.trailer_);
    return *this;
  }

  std::size_t payload_size() const noexcept { return payload_; }
  std::size_t trailer_size() const noexcept { return trailer_; }
  std::size_t frame_size() const noexcept { return header_size + payload_ + trailer_; }
  frame_draft copy() const;

  /// Writes the header, whose lengths are set to those of this draft, and gives the frame. May be repeated while nobody has kept what
  /// it gave before.
  shared_bytes const& pack(frame_header& header, std::uint16_t version = wire_version);
  /// The frame, packed; nothing is left.
  shared_bytes take() && noexcept { return std::move(frame_draft(std::move(*this)).frame_); }

 private:
  shared_bytes frame_;
  std::byte* first_ = nullptr;
  std::size_t payload_ = 0;
  std::size_t trailer_ = 0;
};

}  // namespace roost::wire
