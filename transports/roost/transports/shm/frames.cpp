#include <roost/transports/shm/frames.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace roost::shm {
namespace {

/// More would only wait in this process's memory instead of the session's.
constexpr std::size_t most_lent = 64;
/// What is copied at once of a large frame: some hundred microseconds' worth.
constexpr std::size_t pull_step = std::size_t{2} << 20;
constexpr std::size_t largest_piece = std::size_t{256} << 10;

error broken_ring() { return {errc::bad_frame, "the peer wrote to the ring what no peer of ours writes"}; }

}  // namespace

ring_status frame_writer::put(shared_bytes const& frame) {
  if (!large_.empty()) {
    refused_ = std::max(refused_, room_for(0));
    return ring_status::nothing;
  }
  if (is_lent(frame.size())) return lend(frame);
  if (!goes_whole(frame.size())) return begin(frame);
  auto const status = ring_.put(record_kind::frame, frame.view());
  if (status == ring_status::nothing) refused_ = std::max(refused_, room_for(frame.size()));
  return status;
}

ring_status frame_writer::lend(shared_bytes const& frame) {
  std::array<std::uint64_t, 2> const place{reinterpret_cast<std::uint64_t>(frame.view().data()), frame.size()};
  auto const status =
      lent_.size() < most_lent ? ring_.put(record_kind::loan, std::as_bytes(std::span(place))) : ring_status::nothing;
  if (status == ring_status::done) lent_.push_back(frame);
  if (status == ring_status::nothing) refused_ = std::max(refused_, room_for(sizeof place));
  return status;
}

ring_status frame_writer::begin(shared_bytes const& frame) {
  std::uint64_t const size = frame.size();
  auto const status = ring_.put(record_kind::begin, std::as_bytes(std::span(&size, 1)));
  if (status == ring_status::nothing) refused_ = std::max(refused_, room_for(sizeof size));
  if (status != ring_status::done) return status;
  large_ = frame;
  large_done_ = 0;
  if (pump() != ring_status::corrupt) return ring_status::done;
  large_ = {};
  return ring_status::corrupt;
}

std::size_t frame_writer::next_piece() const noexcept {
  return std::min({large_.size() - large_done_, ring_.capacity() / 4, largest_piece});
}

ring_status frame_writer::pump() {
  bool moved = false;
  if (!lent_.empty()) {
    std::uint64_t const pulled = ring_.pulled();
    if (pulled - pulled_ > lent_.size()) return ring_status::corrupt;
    for (; pulled_ != pulled; ++pulled_, moved = true) lent_.pop_front();
  }
  while (!large_.empty()) {
    std::size_t const size = next_piece();
    auto const status = ring_.put(record_kind::piece, large_.view().subspan(large_done_, size));
    if (status == ring_status::corrupt) return status;
    if (status == ring_status::nothing) break;
    moved = true;
    large_done_ += size;
    if (large_done_ == large_.size()) large_ = {};
  }
  return moved ? ring_status::done : ring_status::nothing;
}

ring_status frame_writer::room_for_refused() {
  if (!large_.empty() || lent_.size() >= most_lent) return ring_status::nothing;
  return ring_.has_room(refused_);
}

ring_status frame_writer::room_again() {
  if (refused_ == 0) return ring_status::nothing;
  auto const status = room_for_refused();
  if (status == ring_status::done) refused_ = 0;
  return status;
}

ring_status frame_writer::arm() {
  if (refused_ == 0 && large_.empty()) return ring_status::nothing;
  // Asked for first and looked for after.
  auto const room = ring_.arm(large_.empty() ? refused_ : room_for(next_piece()));
  if (room == ring_status::corrupt) return room;
  if (!large_.empty()) return room;
  if (!lent_.empty() && ring_.pulled() != pulled_) return ring_status::done;
  return room_for_refused();
}

frame_reader::growing frame_reader::make(std::size_t size) const {
  growing made;
  made.frame = shared_bytes::made(size, [&made](std::span<std::byte> all) { made.all = all; });
  return made;
}

result<std::size_t> frame_reader::checked_size(std::uint64_t size) const {
  if (size == 0) return broken_ring();
  if (size > max_frame_)
    return error(errc::too_large, "the peer sends a frame of " + std::to_string(size) + " bytes, and the limit here is " +
                                      std::to_string(max_frame_));
  return static_cast<std::size_t>(size);
}

auto frame_reader::next(shared_bytes& frame) -> result<step> {
  if (pulling_) return pull(frame);
  record coming;
  switch (ring_.peek(coming)) {
    case ring_status::nothing: return step::nothing;
    case ring_status::corrupt: return broken_ring();
    case ring_status::done: break;
  }
  if (pieces_ && coming.kind != record_kind::piece) return broken_ring();
  switch (coming.kind) {
    case record_kind::frame:
      frame = shared_bytes::made(coming.size, [this](std::span<std::byte> content) { ring_.take(content); });
      return step::frame;
    case record_kind::begin: return take_begin(coming.size);
    case record_kind::piece: return take_piece(coming.size, frame);
    case record_kind::loan: return take_loan(coming.size, frame);
  }
  return broken_ring();
}

bool frame_reader::drop() noexcept {
  record coming;
  if (pieces_ || pulling_ || ring_.peek(coming) != ring_status::nothing) return false;
  ring_ = ring_reader();
  return true;
}

auto frame_reader::take_begin(std::size_t size) -> result<step> {
  std::uint64_t whole = 0;
  if (size != sizeof whole) return broken_ring();
  ring_.take(std::as_writable_bytes(std::span(&whole, 1)));
  auto const checked = checked_size(whole);
  if (!checked) return checked.failure();
  pieces_ = make(*checked);
  return step::working;
}

auto frame_reader::take_piece(std::size_t size, shared_bytes& frame) -> result<step> {
  if (!pieces_ || size == 0 || size > pieces_->all.size() - pieces_->done) return broken_ring();
  ring_.take(pieces_->all.subspan(pieces_->done, size));
  pieces_->done += size;
  if (pieces_->done != pieces_->all.size()) return step::working;
  frame = std::move(std::exchange(pieces_, std::nullopt)->frame);
  return step::frame;
}

auto frame_reader::take_loan(std::size_t size, shared_bytes& frame) -> result<step> {
  std::array<std::uint64_t, 2> place{};
  if (!memory_ || size != sizeof place) return broken_ring();
  ring_.take(std::as_writable_bytes(std::span(place)));
  auto const checked = checked_size(place[1]);
  if (!checked) return checked.failure();
  lent_at_ = place[0];
  pulling_ = make(*checked);
  return pull(frame);
}

auto frame_reader::pull(shared_bytes& frame) -> result<step> {
  auto const part = pulling_->all.subspan(pulling_->done, std::min(pull_step, pulling_->all.size() - pulling_->done));
  if (auto const read = memory_->read(lent_at_ + pulling_->done, part); !read) return read.failure();
  pulling_->done += part.size();
  if (pulling_->done != pulling_->all.size()) return step::working;
  frame = std::move(std::exchange(pulling_, std::nullopt)->frame);
  ring_.pulled();
  return step::frame;
}

}  // namespace roost::shm
