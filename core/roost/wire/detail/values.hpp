#pragma once
// The three things that a codec does with one value; each calls itself for the parts. Part of codec.hpp.

#include <roost/wire/detail/kinds.hpp>
#include <roost/wire/reader.hpp>
#include <roost/wire/writer.hpp>

#include <cstddef>

namespace roost::wire {

/// Bytes that `encode` will write for `value`, found without encoding: a constant for types of fixed size.
template <class T>
std::size_t encoded_size(T const& value);

/// Appends the encoding of `value`; for codecs of composed types. Throws `errc::bad_argument` for a valueless variant and
/// `errc::too_large` for a container of 2^32 elements or more.
template <class T>
void encode_value(writer& out, T const& value);

/// Reads a `value` that is new and empty; for codecs of composed types. False after a refusal, which the reader keeps.
template <class T>
bool decode_value(reader& in, T& value);

}  // namespace roost::wire
