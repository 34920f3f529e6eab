#include <roost/wire/reader.hpp>

#include <roost/base/plant.hpp>

namespace roost::wire {
namespace {

ROOST_DEFINE_PLANT(
    plant_codec_length, "codec-length-unchecked", "G3",
    "A length that exceeds the input is believed, and what is missing reads as zeros: a damaged frame becomes a message.");

// Bounds what the planted bug may allocate.
[[maybe_unused]] constexpr std::size_t planted_length_limit = 65536;

}  // namespace

bool reader::missing(void* out, std::size_t count) {
  if (zeros_behind_end_) {
    auto const there = remaining();
    if (there != 0) std::memcpy(out, at_, there);
    std::memset(static_cast<std::byte*>(out) + there, 0, count - there);
    at_ = end_;
    return true;
  }
  return fail(errc::bad_frame, "the input is truncated: " + std::to_string(count) + " bytes are due, and " +
                                   std::to_string(remaining()) + " are left");
}

bool reader::excessive(std::size_t count, std::size_t smallest) {
  if (ROOST_PLANT(plant_codec_length) && count <= planted_length_limit) {
    zeros_behind_end_ = true;
    return true;
  }
  return fail(errc::bad_frame, "a length of " + std::to_string(count) + " elements of at least " + std::to_string(smallest) +
                                   " bytes exceeds the " + std::to_string(remaining()) + " bytes that are left");
}

bool reader::fail_memory(std::size_t count, std::size_t element_memory) {
  return fail(errc::too_large, std::to_string(count) + " elements of " + std::to_string(element_memory) +
                                   " bytes pass max_memory, which is " + std::to_string(limits_.max_memory) + " bytes");
}

bool reader::fail_nesting() {
  return fail(errc::too_large, "the value is nested deeper than max_nesting, which is " + std::to_string(limits_.max_nesting));
}

bool reader::get_shared(shared_bytes& out, std::size_t count) {
  if (block_ != nullptr && count <= remaining()) {
    out = block_->slice(offset(), count);
    at_ += count;
    return true;
  }
  std::vector<std::byte> copy(count);
  if (!get_bytes(copy.data(), count)) return false;
  out = shared_bytes(copy);
  return true;
}

bool reader::fail(errc code, std::string what) {
  if (code_ == errc::ok) {
    code_ = code;
    what_ = std::move(what);
    failed_at_ = offset();
  }
  return false;
}

bool reader::in_field(std::size_t index) {
  path_.insert(0, std::to_string(index)).insert(0, ".field ");
  return false;
}

bool reader::in_element(std::size_t index) {
  path_.insert(0, 1, ']').insert(0, std::to_string(index)).insert(0, 1, '[');
  return false;
}

error reader::failure() const {
  auto path = path_.starts_with('.') ? path_.substr(1) : path_;
  if (!path.empty()) path += ", ";
  return {code_, what_, path + "byte " + std::to_string(failed_at_)};
}

}  // namespace roost::wire
