#pragma once
// Where decoding takes its bytes from, with every bound checked and the first refusal kept.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/wire/detail/little_endian.hpp>
#include <roost/wire/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace roost::wire {

/// What decoding accepts. Every refusal names the limit.
struct decode_limits {
  std::size_t max_bytes = std::size_t{64} << 20;    ///< Size of the whole encoding.
  std::size_t max_nesting = 64;                     ///< Aggregates and containers inside each other.
  std::size_t max_memory = std::size_t{256} << 20;  ///< Bytes of all elements that containers may get.
};

/// Reads an encoding from front to back. Every function that gives `bool` gives false after a refusal; then stop.
class reader {
 public:
  explicit reader(std::span<std::byte const> data, decode_limits const& limits = {}, void* context = nullptr) noexcept
      : begin_(data.data()), at_(data.data()), end_(data.data() + data.size()), limits_(limits), context_(context) {}
  /// `shared_bytes` that are read share the block of `data`, which must outlive the reader.
  explicit reader(shared_bytes const& data, decode_limits const& limits = {}, void* context = nullptr) noexcept
      : reader(data.view(), limits, context) {
    block_ = &data;
  }

  bool get_bytes(void* out, std::size_t count) {
    if (count > remaining()) return missing(out, count);
    if (count != 0) std::memcpy(out, at_, count);
    at_ += count;
    return true;
  }
  /// Fixed-width little-endian; any integer or IEEE floating-point type.
  template <class Scalar>
  bool get(Scalar& value) {
    std::byte raw[sizeof(Scalar)];
    if (!get_bytes(raw, sizeof raw)) return false;
    value = detail::load<Scalar>(raw);
    return true;
  }
  /// The length of what follows: refused unless so many elements of at least `smallest` bytes are there and their
  /// `element_memory` is within `max_memory`.
  bool get_count(std::size_t& count, std::size_t smallest, std::size_t element_memory) {
    std::uint32_t raw = 0;
    if (!get(raw)) return false;
    count = raw;
    if (count > remaining() / smallest && !excessive(count, smallest)) return false;
    if (element_memory != 0 && count > memory_left() / element_memory) return fail_memory(count, element_memory);
    memory_ += count * element_memory;
    return true;
  }
  /// `count` bytes, shared where the reader was made from `shared_bytes`, else copied.
  bool get_shared(shared_bytes& out, std::size_t count);

  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  void* context() const noexcept { return context_; }

  /// Enters one level of nesting; pair with `leave`.
  bool enter() { return ++nesting_ <= limits_.max_nesting || fail_nesting(); }
  void leave() noexcept { --nesting_; }

  /// Refuses: keeps the first reason and its offset. Gives false.
  bool fail(errc code, std::string what);
  /// Puts a step before the path of the refusal; for codecs of things with parts. Gives false.
  bool in_field(std::size_t index);
  bool in_element(std::size_t index);
  /// The refusal, its place made of path and offset.
  error failure() const;

 private:
  std::size_t memory_left() const noexcept { return limits_.max_memory - memory_; }
  bool missing(void* out, std::size_t count);
  bool excessive(std::size_t count, std::size_t smallest);
  bool fail_memory(std::size_t count, std::size_t element_memory);
  bool fail_nesting();

  std::byte const* begin_;
  std::byte const* at_;
  std::byte const* end_;
  decode_limits limits_;
  void* context_ = nullptr;
  shared_bytes const* block_ = nullptr;
  std::size_t nesting_ = 0;
  std::size_t memory_ = 0;
  bool zeros_behind_end_ = false;  // Only ever set by a planted bug.
  errc code_ = errc::ok;
  std::size_t failed_at_ = 0;
  std::string what_;
  std::string path_;
};

}  // namespace roost::wire
