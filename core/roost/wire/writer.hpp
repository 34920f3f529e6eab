#pragma once
// Where encoding puts its bytes.

#include <roost/base/error.hpp>
#include <roost/wire/detail/little_endian.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace roost::wire {

/// Writes into bytes that its owner provides, or only counts. A codec writes the same bytes for equal values, always.
class writer {
 public:
  /// Counts what would be written.
  writer() = default;
  /// Writes to the front of `out`. What does not fit is counted and not written: see `overflowed`.
  explicit writer(std::span<std::byte> out, void* context = nullptr) noexcept
      : out_(out.data()), capacity_(out.size()), context_(context) {}

  void put_bytes(void const* data, std::size_t count) noexcept {
    if (count != 0 && count <= capacity_ && written_ <= capacity_ - count) std::memcpy(out_ + written_, data, count);
    written_ += count;
  }
  /// Fixed-width little-endian; any integer or IEEE floating-point type.
  template <class Scalar>
  void put(Scalar value) noexcept {
    std::byte raw[sizeof(Scalar)];
    detail::store(raw, value);
    put_bytes(raw, sizeof raw);
  }
  /// The length of what follows. Throws `errc::too_large` above 2^32 - 1.
  void put_count(std::size_t count) {
    if (count > 0xffffffffu) {
      throw exception(
          error(errc::too_large, "a container of " + std::to_string(count) + " elements passes the limit of 2^32 - 1"));
    }
    put(static_cast<std::uint32_t>(count));
  }

  std::size_t written() const noexcept { return written_; }
  /// True for a counting writer and where `out` was too small.
  bool overflowed() const noexcept { return written_ > capacity_; }
  /// What the caller of `encode` gave, for codecs that need the runtime; may be null.
  void* context() const noexcept { return context_; }

 private:
  std::byte* out_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t written_ = 0;
  void* context_ = nullptr;
};

}  // namespace roost::wire
