#pragma once
// The codec of user messages: structure in order, fixed-width little-endian, lengths of four bytes, no padding, no tags.
// Equal values always have equal bytes. Decoding trusts nothing.
//
// A type of an upper floor joins by specializing `roost::wire::codec`:
//
//     template <> struct roost::wire::codec<my_type> {
//       static void encode(writer&, my_type const&);       // At least one byte.
//       static bool decode(reader&, my_type&);             // False after reader.fail(code, text).
//       static constexpr std::uint64_t fingerprint = ...;  // Of its structure; see fingerprint.hpp.
//       static std::size_t size(my_type const&);           // Optional: bytes that encode writes; else encode is run to count.
//       static constexpr std::size_t fixed_size = ...;     // Optional: where it is always the same.
//     };
//
// The specialization must be seen wherever the type is encoded.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/wire/detail/decode.hpp>
#include <roost/wire/detail/encode.hpp>
#include <roost/wire/detail/kinds.hpp>
#include <roost/wire/message.hpp>
#include <roost/wire/reader.hpp>
#include <roost/wire/writer.hpp>

#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

namespace roost::wire {

/// Encodes into `out` and gives the bytes written. `context` reaches codecs through `writer::context`.
/// Errors: `errc::too_large` where `out` is smaller than `encoded_size(value)`.
template <class T>
result<std::size_t> encode_into(T const& value, std::span<std::byte> out, void* context = nullptr) {
  check_message<T>();
  if constexpr (message<T>) {
    writer to(out, context);
    encode_value(to, value);
    if (to.overflowed()) {
      return error(errc::too_large, "the message needs " + std::to_string(to.written()) + " bytes, and there is room for " +
                                        std::to_string(out.size()));
    }
    return to.written();
  }
}

/// Encodes into `out`, which is `encoded_size(value)` bytes. Throws what `encode_value` throws.
template <class T>
void encode_exactly(T const& value, std::span<std::byte> out, void* context = nullptr) {
  check_message<T>();
  if constexpr (message<T>) {
    writer to(out, context);
    encode_value(to, value);
    ROOST_INVARIANT(to.written() == out.size(),
                    "a codec wrote " + std::to_string(to.written()) + " bytes where it had said " + std::to_string(out.size()));
  }
}

/// Encodes into memory of its own. Throws what `encode_value` throws.
template <class T>
std::vector<std::byte> encode(T const& value, void* context = nullptr) {
  check_message<T>();
  if constexpr (message<T>) {
    std::vector<std::byte> bytes(encoded_size(value));
    encode_exactly(value, bytes, context);
    return bytes;
  }
}

/// The same, into one block that can be shared.
template <class T>
shared_bytes encode_shared(T const& value, void* context = nullptr) {
  check_message<T>();
  if constexpr (message<T>) {
    return shared_bytes::made(encoded_size(value), [&](std::span<std::byte> out) { encode_exactly(value, out, context); });
  }
}

namespace detail {

template <class T>
result<T> decode_whole(reader& in, std::size_t size, decode_limits const& limits) {
  if (size > limits.max_bytes) {
    return error(errc::too_large,
                 "the message has " + std::to_string(size) + " bytes, and max_bytes is " + std::to_string(limits.max_bytes));
  }
  T value{};
  if (!decode_value(in, value)) return in.failure();
  if (in.remaining() != 0) {
    in.fail(errc::bad_frame, std::to_string(in.remaining()) + " bytes are left behind the message");
    return in.failure();
  }
  return value;
}

}  // namespace detail

/// Decodes exactly one `T` from all of `data`. `context` reaches codecs through `reader::context`.
///
/// Allocates no more for a container than what is left of the input can fill, and `limits.max_memory` in all. Errors:
/// `errc::too_large` names the limit; `errc::bad_frame` everything else; `where` is the path to the field and the byte offset.
template <class T>
result<T> decode(std::span<std::byte const> data, decode_limits const& limits = {}, void* context = nullptr) {
  check_message<T>();
  if constexpr (message<T>) {
    reader in(data, limits, context);
    return detail::decode_whole<T>(in, data.size(), limits);
  }
}

/// The same; `shared_bytes` fields of the message refer into `data` and keep it alive.
template <class T>
result<T> decode(shared_bytes const& data, decode_limits const& limits = {}, void* context = nullptr) {
  check_message<T>();
  if constexpr (message<T>) {
    reader in(data, limits, context);
    return detail::decode_whole<T>(in, data.size(), limits);
  }
}

}  // namespace roost::wire
