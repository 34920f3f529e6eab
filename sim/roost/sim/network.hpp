#pragma once
// The simulated network: connections between procs, links with latency, bandwidth and damage, cuts.

#include <roost/base/bytes.hpp>
#include <roost/base/error.hpp>
#include <roost/platform/transport.hpp>
#include <roost/sim/lane.hpp>
#include <roost/sim/latency.hpp>
#include <roost/sim/scenario.hpp>
#include <roost/sim/target.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace roost::sim {

class engine;
class proc;
struct host;

/// How frames go from one proc to another: the entity whose draws decide their delay and damage.
struct link {
  entity_key key;
  entity_key damage_key;
  proc_id to;
  latency_table const* latency = nullptr;
  link_model const* model = nullptr;  ///< Null within a host.
  std::uint64_t frames = 0;           ///< Frames handed over.
  std::uint64_t delays = 0;           ///< Delays drawn.
  std::uint64_t damages = 0;          ///< Words drawn for damage.
  std::uint64_t events = 0;
};

enum class end_state : std::uint8_t {
  connecting,
  open,
  lost,  ///< `closed` is on its way to the owner.
  gone,
};

enum class network_step : std::uint8_t { knock, answer, frame, closed, room, give_up };

/// Why a channel ended, as its owner is told.
enum class loss : std::uint8_t { closed_by_peer, refused, reset, crashed, timed_out, unreachable, too_large };

class network_event;

/// One end of a connection.
struct channel_end {
  proc* owner = nullptr;  ///< Null at the far end until the knock was answered.
  channel_id number = 0;
  proc_id peer;
  link* out = nullptr;
  channel_end* other = nullptr;
  moment last_arrival = 0;      ///< Of what this end sent in order.
  std::uint64_t in_flight = 0;  ///< Bytes sent from here that nobody has taken yet.
  network_event* give_up = nullptr;
  end_state state = end_state::connecting;
  bool wants_room = false;
  bool deaf = false;  ///< What comes here vanishes; nobody is told.
};

/// Transmissions and what follows from them; pooled by the network.
class network_event final : public control_item {
 public:
  explicit network_event(engine& sim) : engine_(sim) {}
  void fire() override;
  void run() override;
  void drop() override;

 private:
  friend class network;
  engine& engine_;
  channel_end* to_ = nullptr;
  shared_bytes frame_;
  std::uint64_t number_ = 0;
  network_step step_ = network_step::frame;
  loss why_ = loss::closed_by_peer;
  bool queued_at_port_ = false;
  bool counted_ = false;  ///< Its bytes are in `in_flight` of the sender.
};

/// All connections of a run. `end` arguments belong to the calling proc.
class network {
 public:
  network(engine& sim, scenario const& what);
  ~network();

  channel_end& connect(proc& from, proc_id to);
  send_status send(channel_end& end, shared_bytes const& frame);
  void close(channel_end& end);

  /// The proc is gone: its peers are told, unless `silently`.
  void proc_gone(proc& who, bool silently);
  /// Resets each connection between the groups; how many were open.
  std::size_t reset(target_pair const& groups);
  /// Each connection between the groups stays open in the first and is gone in the second; how many were open.
  std::size_t half_open(target_pair const& groups);
  /// How many open channels the proc has.
  std::size_t open_channels(proc const& who) const;

  /// Names the cut or burst, so that it can be ended.
  std::uint64_t cut(target_pair groups, bool both_ways);
  std::uint64_t disturb(fault_operation const& burst);
  void mend(std::uint64_t name);
  void mend_all();
  bool is_cut(proc_id from, proc_id to) const noexcept { return !disturbances_.empty() && cuts(from, to); }

  /// Draws a delay of the link from `from` to `to` for what is no frame: a launcher's word.
  moment delay(proc& from, proc_id to);
  std::uint64_t frames() const noexcept { return frames_; }

 private:
  friend class network_event;
  struct connection {
    std::array<channel_end, 2> ends;
  };
  struct damage {
    std::uint64_t loss = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t reorder = 0;
    std::uint64_t corrupt = 0;
    bool any() const noexcept { return (loss | duplicate | reorder | corrupt) != 0; }
  };
  struct disturbance {
    std::uint64_t name;
    target_pair groups;
    bool both_ways;
    bool is_cut;
    damage what;
  };

  bool cuts(proc_id from, proc_id to) const noexcept;
  link& link_from(proc& from, proc_id to);
  latency_table const& table_of(link_model const& model);
  damage damage_on(link const& l, proc_id from) const noexcept;
  bool strikes(link& l, std::uint64_t ppm);
  moment draw_delay(link& l, proc const& from);
  void transmit(channel_end& from, network_event& e, std::size_t size, bool in_order, moment extra = 0);
  void tell(channel_end& to, link& by, network_step step, loss why, moment at);
  void end_lost(channel_end& end, loss why);
  void hang_up(channel_end& end);
  void answer_reset(channel_end& end);
  void taken(channel_end& sender, std::size_t size);
  shared_bytes corrupted(link& l, shared_bytes const& frame);
  network_event& take_event(network_step step, channel_end& to);
  void free_event(network_event& e);
  void forget_dead();

  void arrive(network_event& e);
  void knocked(network_event& e);
  void deliver(network_event& e);
  bool through_port(network_event& e);

  engine& engine_;
  scenario const& scenario_;
  std::vector<std::pair<link_model const*, std::unique_ptr<latency_table>>> tables_;
  std::vector<std::pair<target_pair, link_model const*>> rules_;
  link_model local_;
  std::deque<connection> connections_;
  std::vector<connection*> live_;
  std::deque<network_event> events_;
  std::vector<network_event*> free_;
  std::vector<disturbance> disturbances_;
  std::uint64_t names_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace roost::sim
