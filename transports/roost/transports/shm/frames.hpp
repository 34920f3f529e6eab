#pragma once
// Frames of any size through a ring of any size. A small frame is one record, a larger one goes in pieces, and the largest are lent
// where that is allowed: the reader copies them out of the writer's memory, once. Each holds its place: nothing passes it.

#include <roost/base/bytes.hpp>
#include <roost/transports/shm/attach.hpp>
#include <roost/transports/shm/ring.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace roost::shm {

/// The writing end of one direction.
class frame_writer {
 public:
  /// Frames of `lend_from` bytes or more are lent as soon as the reader says that it can read them.
  void open(ring_writer ring, std::size_t lend_from) {
    ring_ = std::move(ring);
    lend_from_ = lend_from;
    pulled_ = 0;
  }
  /// Whether the reader has all that was put, and nobody waits for room.
  bool idle() const noexcept { return refused_ == 0 && kept() == 0 && ring_.all_taken(); }
  /// Lets go of the ring, when `idle`; before the next use comes another `open`.
  void drop() { ring_ = ring_writer(); }

  /// Takes `frame`, or nothing while there is no room for it: `room_again` says when there is. A frame that was lent, or goes in pieces,
  /// is kept until the reader has it.
  ring_status put(shared_bytes const& frame);
  /// Goes on with a frame in pieces, and lets go of what the reader has. `done` when anything moved.
  ring_status pump();
  /// `done`, once, when a frame was refused and there is room now.
  ring_status room_again();
  /// After any of these: true when the reader sleeps and must be rung.
  bool must_ring() noexcept { return ring_.must_ring(); }
  /// Asks to be rung when something is taken, if that matters; anything but `nothing` means not to sleep.
  ring_status arm();
  void disarm() noexcept { ring_.disarm(); }

  /// Frames that are kept for the reader.
  std::size_t kept() const noexcept { return lent_.size() + (large_.empty() ? 0 : 1); }

 private:
  bool is_lent(std::size_t size) const noexcept { return size >= lend_from_ && ring_.may_lend(); }
  bool goes_whole(std::size_t size) const noexcept { return room_for(size) <= ring_.capacity() / 2; }
  ring_status lend(shared_bytes const& frame);
  ring_status begin(shared_bytes const& frame);
  ring_status room_for_refused();
  std::size_t next_piece() const noexcept;

  ring_writer ring_;
  std::size_t lend_from_ = 0;
  std::size_t refused_ = 0;  // Room that a refused frame needs in the ring; 0 when nobody waits.
  shared_bytes large_;       // What goes in pieces; empty: nothing.
  std::size_t large_done_ = 0;
  std::deque<shared_bytes> lent_;  // In order; the reader is done with `pulled_` before them.
  std::uint64_t pulled_ = 0;
};

/// The reading end of one direction.
class frame_reader {
 public:
  enum class step : std::uint8_t { frame, working, nothing };

  void open(ring_reader ring, std::size_t max_frame) {
    ring_ = std::move(ring);
    max_frame_ = max_frame;
    if (memory_) ring_.allow_loans(true);
  }
  /// Lets go of the ring; before the next use comes another `open`. False, and nothing is done, when there is anything in it.
  bool drop() noexcept;
  /// From now on frames may be lent by the process whose memory this is.
  void attach(peer_memory memory) {
    memory_ = memory;
    ring_.allow_loans(true);
  }

  /// Does one piece of work: `frame` when a frame is whole; `working` when more is to do at once, so that others get their turn
  /// meanwhile. Errors, after which the ring is of no use: `errc::bad_frame` for what no peer of ours writes, `errc::too_large`,
  /// and those of `peer_memory::read`.
  result<step> next(shared_bytes& frame);
  bool owes_room() const noexcept { return ring_.owes_room(); }
  /// Lets the writer have the room of what was taken; true when it sleeps and must be rung.
  bool give_back() noexcept { return ring_.give_back(); }
  /// Asks to be rung; false when there is something to do already.
  bool arm() noexcept { return !pulling_ && ring_.arm(); }
  void disarm() noexcept { ring_.disarm(); }

 private:
  /// A large frame on its way.
  struct growing {
    shared_bytes frame;
    std::span<std::byte> all;  // Its bytes; nobody else has seen them.
    std::size_t done = 0;
  };
  growing make(std::size_t size) const;
  result<step> take_begin(std::size_t size);
  result<step> take_piece(std::size_t size, shared_bytes& frame);
  result<step> take_loan(std::size_t size, shared_bytes& frame);
  result<step> pull(shared_bytes& frame);
  result<std::size_t> checked_size(std::uint64_t size) const;

  ring_reader ring_;
  std::size_t max_frame_ = 0;
  std::optional<peer_memory> memory_;
  std::optional<growing> pieces_;
  std::optional<growing> pulling_;
  std::uint64_t lent_at_ = 0;
};

}  // namespace roost::shm
