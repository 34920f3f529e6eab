#pragma once
// Ends of a shared-memory transport for tests: two in one thread, and a peer that speaks the protocol by hand.

#include <gtest/gtest.h>

#include <roost/transports/shm/greeting.hpp>
#include <roost/transports/shm/shm.hpp>
#include <roost/transports/testing/in_process.hpp>

#include <sys/eventfd.h>

#include <algorithm>

namespace roost::testing {

inline constexpr proc_id first{{1}, 0, 1};
inline constexpr proc_id second{{1}, 1, 1};

inline knob_values small_rings() {
  knob_values knobs;
  knobs.set(*find_knob("shm.ring_bytes"), 16 << 10).value();
  knobs.set(*find_knob("loopback.queue_bytes"), 16 << 10).value();
  knobs.set(*find_knob("transport.local_max_frame"), 8 << 10).value();
  return knobs;
}

struct shm_end {
  shm_end(introducer_table& table, proc_id self, knob_values const& knobs)
      : seat(table, loop, self), bytes_to_peers(loop, seat, self, knobs) {
    bytes_to_peers.attach(&heard);
  }
  event_loop loop;
  introducer_table::seat seat;
  recorder heard;
  shm_transport bytes_to_peers;
};

inline shared_bytes filled(std::size_t size, int seed) {
  std::vector<std::byte> content(size);
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<std::byte>(static_cast<std::size_t>(seed) + i);
  return shared_bytes(content);
}

inline bool same(shared_bytes const& a, shared_bytes const& b) { return std::ranges::equal(a.view(), b.view()); }

/// A peer that speaks the protocol by hand, as it likes.
struct hostile_peer {
  explicit hostile_peer(shm_end& victim) {
    auto ends = *socket_pair();
    socket = std::move(ends.first);
    introducer_table::seat::give(victim.seat, 0, second, std::move(ends.second));
  }
  void greet(std::uint64_t capacity, std::uint32_t version = shm::protocol_version) {
    descriptor const bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    descriptor const mine = *sealed_memory_file("hostile", shm::ring_data_offset + 4096);
    auto const sent = shm::send_greeting(socket.get(), {.capacity = capacity, .version = version}, mine.get(), bell.get());
    EXPECT_TRUE(sent.has_value());
    EXPECT_TRUE(shm::ask_for_credentials(socket.get()).has_value());
    EXPECT_TRUE(shm::receive_notice(socket.get(), theirs).has_value());
    out = *shm::ring_memory::map(theirs.ring.get(), theirs.capacity);
    in = *shm::ring_memory::map(mine.get(), 4096);
  }
  descriptor socket;
  shm::notice theirs;
  shm::ring_memory out;
  shm::ring_memory in;
};

}  // namespace roost::testing
