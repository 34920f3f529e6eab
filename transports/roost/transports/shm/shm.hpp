#pragma once
// Channels between processes of one host: two rings of shared memory, one made by each reader, and a socket that carries the
// rings' descriptors and the news of the peer's death. Large frames are read from the sender's memory where that is allowed.
// Nothing has a name, so nothing can be left behind.
//
// A ring that its writer has not used for "shm.ring_idle" is let go of, each direction by itself: the writer, which alone puts
// anything in, sees that all was taken, unmaps it and says so; then the reader does. For the next frame the writer asks for another,
// and the channel is full until it comes. The channel stays open meanwhile.

#include <roost/base/knobs.hpp>
#include <roost/live/event_loop.hpp>
#include <roost/live/introducer.hpp>
#include <roost/platform/transport.hpp>
#include <roost/transports/shm/frames.hpp>
#include <roost/transports/shm/greeting.hpp>

#include <map>
#include <memory>

namespace roost {

/// The transport seam of one proc over an introducer, which outlives it as the loop does.
///
/// A channel ends, with what the peer had put into the ring before delivered, when the peer's socket hangs up; large frames under
/// way are lost. Frames above `max_frame`, and a peer that breaks the rules of the ring, close the channel with the reason.
class shm_transport final : public transport, introduction_events, poll_source {
 public:
  shm_transport(event_loop& loop, introducer& procs, proc_id self, knob_values const& knobs);
  ~shm_transport();

  void attach(transport_events* events) override;
  channel_id connect(proc_id peer) override;
  send_status send(channel_id c, shared_bytes const& frame) override;
  void close(channel_id c) override;
  bytes max_frame() const override { return {max_frame_}; }
  bool keeps_bytes() const override { return true; }

  /// Rings that are mapped here, of both directions.
  std::size_t rings() const noexcept;

 private:
  struct link {
    channel_id id = 0;
    proc_id peer;
    bool initiated = false;
    bool open = false;     // Both ends have greeted.
    bool reads = false;    // There is a ring to read from.
    bool writes = false;   // There is a ring to write to.
    bool wanted = false;   // One was asked for.
    bool used = false;     // Something was sent since the last look for idle rings.
    bool rested = false;   // Nothing was between the last two.
    bool hung_up = false;  // What is in the ring still counts.
    bool gone = false;     // Closed at this end or told; whoever still holds it leaves it alone.
    bool refused = false;  // A frame, while there was no ring to write to.
    error failure;         // To be told at the next poll.
    descriptor socket;
    descriptor peer_bell;
    shm::frame_reader in;
    shm::frame_writer out;
    shm::memory_mark mark;  // Below what it vouches for, so that it goes first.
    fd_watch socket_watch;
  };

  void introduced(std::uint64_t request, proc_id peer, descriptor socket) override;
  void refused(std::uint64_t request, error why) override;
  bool poll() override;
  bool arm() override;
  void disarm() override;

  result<void> greet(link& with, descriptor socket);
  result<descriptor> make_ring(link& to_read);
  void on_socket(std::shared_ptr<link> const& from);
  result<void> heed(link& from, shm::notice notice);
  result<void> accept(link& from, shm::notice& greeting);
  result<void> take_ring(link& from, shm::notice const& notice);
  void attach_to(link& peer, shm::notice const& greeting);
  send_status send_without_ring(link& to);
  void look_for_idle();
  void drop_if_idle(link& each);
  void look_later();
  bool serve(std::shared_ptr<link> const& each);
  bool receive(std::shared_ptr<link> const& each);
  bool go_on_sending(std::shared_ptr<link> const& each);
  void end(std::shared_ptr<link> const& which, error why);

  event_loop& loop_;
  introducer& introducer_;
  proc_id self_;
  std::size_t max_frame_;
  std::size_t ring_bytes_;
  std::size_t lend_from_;
  bool may_attach_;
  descriptor bell_;
  fd_watch bell_watch_;
  nanoseconds ring_idle_;
  descriptor look_timer_;
  fd_watch look_watch_;
  bool looks_ = false;  // The timer runs.
  transport_events* events_ = nullptr;
  channel_id last_ = 0;
  std::map<channel_id, std::shared_ptr<link>> links_;
  link* recent_ = nullptr;  // Of `links_`: the one that was sent to last.
  std::map<std::uint64_t, channel_id> requests_;
};

}  // namespace roost
