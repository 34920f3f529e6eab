#pragma once
// Two ends of a transport in one thread, turn by turn, and what each was told.

#include <roost/live/event_loop.hpp>
#include <roost/live/introducer.hpp>
#include <roost/platform/transport.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace roost::testing {

/// Writes down what a transport tells, in order.
struct recorder final : transport_events {
  void connected(channel_id c, proc_id peer, bool by_me) override {
    told.push_back("connected " + to_string(peer) + (by_me ? " by me" : " by peer"));
    last = c;
  }
  void received(channel_id, shared_bytes frame) override {
    frames.push_back(frame);
    if (on_frame) on_frame(frame);
  }
  void writable(channel_id) override { told.push_back("writable"); }
  void closed(channel_id, error why) override {
    told.push_back("closed " + std::string(roost::to_string(why.code)));
    reason = why;
  }
  std::vector<std::string> told;
  std::vector<shared_bytes> frames;
  std::function<void(shared_bytes const&)> on_frame;
  channel_id last = 0;
  error reason;
};

/// Brings procs of one thread together. Each proc's own introducer; all share one table.
class introducer_table {
 public:
  class seat final : public introducer {
   public:
    seat(introducer_table& table, event_loop& loop, proc_id self) : table_(table), loop_(loop), self_(self) {
      table_.seats_[self] = this;
    }
    ~seat() override { table_.seats_.erase(self_); }
    void attach(introduction_events* events) override { events_ = events; }
    std::uint64_t introduce(proc_id peer) override {
      std::uint64_t const request = ++last_;
      loop_.post([this, request, peer] {
        auto const found = table_.seats_.find(peer);
        if (found == table_.seats_.end()) return events_->refused(request, {errc::unavailable, "nobody there"});
        auto ends = *socket_pair();
        give(*found->second, 0, self_, std::move(ends.second));
        give(*this, request, peer, std::move(ends.first));
      });
      return request;
    }
    /// Gives `to` a socket as if `from` had asked for it.
    static void give(seat& to, std::uint64_t request, proc_id from, descriptor socket) {
      if (to.events_ != nullptr) to.events_->introduced(request, from, std::move(socket));
    }

   private:
    introducer_table& table_;
    event_loop& loop_;
    proc_id self_;
    introduction_events* events_ = nullptr;
    std::uint64_t last_ = 0;
  };

 private:
  std::map<proc_id, seat*> seats_;
};

/// Turns `loops` until `done`; false after a bound of turns without it. Never waits.
template <class... Loops>
bool turn_until(std::function<bool()> const& done, Loops&... loops) {
  for (int i = 0; i < 200'000; ++i) {
    if (done()) return true;
    (static_cast<void>((loops.poll(), loops.poll_descriptors())), ...);
  }
  return done();
}

}  // namespace roost::testing
