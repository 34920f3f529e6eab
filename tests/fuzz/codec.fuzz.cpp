// The header with its checksum off, and behind it the codec of a message with a field of every kind: what is accepted encodes
// to the same bytes.

#include <roost/base/ids.hpp>
#include <roost/base/units.hpp>
#include <roost/wire/codec.hpp>
#include <roost/wire/draft.hpp>
#include <roost/wire/header.hpp>

#include <algorithm>

#include "seeds.hpp"

using namespace roost::wire;

namespace {

enum class color : std::uint8_t { red, green, blue };
struct leaf {
  std::int16_t a = 0;
  std::string b;
};
struct tree {
  std::uint8_t value = 0;
  std::vector<tree> kids;
};
struct representative {
  bool yes = false;
  color paint = color::red;
  double real = 0;
  std::string text;
  std::vector<std::uint32_t> numbers;
  std::vector<leaf> leaves;
  std::vector<bool> bits;
  std::array<leaf, 2> two;
  std::map<std::uint8_t, std::string> map;
  std::set<std::string> set;
  std::pair<std::uint8_t, std::tuple<leaf>> both;
  std::optional<std::optional<leaf>> maybe;
  std::variant<std::monostate, leaf, std::vector<std::string>> either;
  roost::nanoseconds wait{};
  roost::port_id port;
  roost::shared_bytes blob;
  tree branches;
};

}  // namespace

template <>
inline constexpr color roost::wire::enum_last<color> = color::blue;

std::vector<std::byte> roost_fuzz_seed(std::uint64_t number) {
  auto const n = static_cast<std::size_t>(number);
  representative r;
  r.yes = n % 2 == 1;
  r.paint = static_cast<color>(n % 3);
  r.text.assign(n % 7, 'x');
  r.numbers.assign(n % 5, 7);
  r.leaves.resize(n % 3);
  r.bits.assign(n % 4, true);
  r.two[1].b = std::string(3, '2');
  for (std::size_t i = 0; i < n % 6; ++i) {
    r.map[static_cast<std::uint8_t>(i)] = std::string(1, 'm');
    r.set.insert(std::string(i, 's'));
  }
  if (n % 2 == 0) r.maybe.emplace().emplace().a = 3;
  if (n % 3 == 1) r.either = leaf{1, "either"};
  if (n % 3 == 2) r.either = std::vector<std::string>(n % 4, "v");
  r.blob = roost::shared_bytes::copy_of(roost::as_bytes("blob"));
  r.branches.kids.resize(n % 3);
  frame_header h;
  auto draft = frame_draft::of(encode(r));
  auto const frame = draft.pack(h).view();
  return {frame.begin(), frame.end()};
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const input = std::as_bytes(std::span(data, size));
  frame_limits limits;
  limits.verify_checksum = false;
  static_cast<void>(view_frame(input, limits));
  // The payload is tried whatever the header says: lengths that do not add up would hide the codec from most inputs.
  if (size < header_size) return 0;
  auto const payload = input.subspan(header_size);
  if (auto const got = decode<representative>(payload)) {
    auto const again = encode(*got);
    require(again.size() == encoded_size(*got) && std::ranges::equal(again, payload));
  }
  auto const shared = decode<representative>(roost::shared_bytes::copy_of(payload));
  static_cast<void>(shared);
  static_cast<void>(decode<tree>(payload));
  return 0;
}
