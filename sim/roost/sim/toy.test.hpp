#pragma once
// A program for tests of the engine that uses the seams and nothing else: the root launches pairs of procs; one of each pair plays
// rounds of ping-pong with the other, repeating what gets no answer, over connections that it opens again when they break. Who hears
// nothing for long ends.

#include <roost/base/fiber.hpp>
#include <roost/base/keyed.hpp>
#include <roost/platform/platform.hpp>
#include <roost/sim/run.hpp>

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace roost::sim::toy {

struct settings {
  std::uint32_t pairs = 2;
  std::uint32_t rounds = 20;
  std::size_t frame_bytes = 64;
  std::uint32_t hosts = 2;           ///< Of the program's own: pair i lives on hosts i and i + 1, modulo this.
  nanoseconds patience{50'000'000};  ///< Before a round is asked for again.
  nanoseconds idle{5'000'000'000};   ///< Then who answers ends, and who asks gives up.
};

struct words {
  std::uint64_t role = 0;  // 0: asks, 1: answers
  proc_id peer;
  std::uint64_t rounds = 0;
};

inline shared_bytes pack(words const& w) { return shared_bytes::copy_of(std::as_bytes(std::span(&w, 1))); }

inline proc_id asker(settings const& s, std::uint32_t pair) { return {{pair % s.hosts}, 10 + pair, 1}; }
inline proc_id answerer(settings const& s, std::uint32_t pair) { return {{(pair + 1) % s.hosts}, 10'000 + pair, 1}; }

/// Asks or answers.
class player final : public proc_instance, public transport_events {
 public:
  player(platform& seams, proc_id self, settings const& s, words w)
      : seams_(seams), self_(self), settings_(s), words_(w), turn_(*this), again_(*this), idle_(*this) {
    turn_.key = child_key(seams.key, "actor", "player");
  }
  ~player() override {
    if (again_.armed()) seams_.clock->disarm(again_);
    if (idle_.armed()) seams_.clock->disarm(idle_);
  }
  void begin() override {
    seams_.transport->attach(this);
    await();
    if (words_.role == 0) open();
  }
  void unwind() override {
    if (turn_.queued) seams_.executor->withdraw(turn_);
  }
  void connected(channel_id c, proc_id, bool initiated) override {
    channel_ = c;
    if (initiated) ask();
  }
  void received(channel_id c, shared_bytes frame) override {
    std::uint64_t number = 0;
    std::memcpy(&number, frame.view().data(), sizeof number);
    inbox_.emplace_back(c, number);
    if (words_.role == 1) await();
    seams_.executor->ready(turn_, lane::user);
  }
  void writable(channel_id) override {}
  void closed(channel_id c, error) override {
    if (c != channel_ || words_.role != 0) return;
    channel_ = 0;
    seams_.clock->arm(again_, seams_.clock->now() + settings_.patience / 8);
  }

 private:
  struct turn final : runnable {
    explicit turn(player& p) : self(p) {}
    void run() override { self.handle(); }
    player& self;
  };
  struct again final : timer {
    explicit again(player& p) : self(p) {}
    void expired() override { self.ask(); }
    player& self;
  };

  struct idle final : timer {
    explicit idle(player& p) : self(p) {}
    void expired() override { self.seams_.launcher->finish({}); }
    player& self;
  };

  void await() { seams_.clock->arm(idle_, seams_.clock->now() + settings_.idle); }
  void open() { channel_ = seams_.transport->connect(words_.peer); }
  void ask() {
    if (channel_ == 0) return open();
    constexpr std::uint32_t enough = 3;
    if (++asked_ > enough) {
      asked_ = 0;
      seams_.transport->close(channel_);
      open();
    }
    send(channel_, round_ + 1);
    seams_.clock->arm(again_, seams_.clock->now() + settings_.patience);
  }
  void send(channel_id c, std::uint64_t number) {
    std::vector<std::byte> frame(std::max(settings_.frame_bytes, sizeof number));
    std::memcpy(frame.data(), &number, sizeof number);
    seams_.transport->send(c, shared_bytes(frame));
  }
  void handle() {
    auto const [c, number] = inbox_.front();
    inbox_.erase(inbox_.begin());
    if (!inbox_.empty()) seams_.executor->ready(turn_, lane::user);
    if (words_.role == 1) {
      send(c, number);
    } else if (number == round_ + 1) {
      ++round_;
      asked_ = 0;
      auto const stamp = seams_.observer->sent({{self_, 1}, {self_, 1}, {hash_text("Player::ping")}, bytes{8}});
      seams_.observer->handler_started({{self_, 1}, {hash_text("Player::ping")}, stamp, 1, {}});
      seams_.observer->handler_ended({self_, 1}, stamp, errc::ok);
      if (round_ == words_.rounds) return seams_.launcher->finish({});
      ask();
    }
  }

  platform& seams_;
  proc_id self_;
  settings settings_;
  words words_;
  turn turn_;
  again again_;
  idle idle_;
  channel_id channel_ = 0;
  std::uint64_t round_ = 0;
  std::uint32_t asked_ = 0;  ///< How often for this round.
  std::vector<std::pair<channel_id, std::uint64_t>> inbox_;
};

/// Launches all and ends the program when of every pair one has ended.
class root final : public proc_instance, public launcher_events {
 public:
  root(platform& seams, settings const& s) : seams_(seams), settings_(s) {}
  void begin() override {
    seams_.launcher->attach(this);
    for (std::uint32_t i = 0; i != settings_.pairs; ++i) {
      seams_.launcher->launch({answerer(settings_, i), "answer", pack({1, {}, 0})});
      seams_.launcher->launch({asker(settings_, i), "ask", pack({0, answerer(settings_, i), settings_.rounds})});
    }
  }
  void unwind() override {}
  void launched(proc_id) override {}
  void exited(proc_id id, error) override {
    std::uint32_t const pair = id.ordinal < 10'000 ? id.ordinal - 10 : id.ordinal - 10'000;
    ended_.insert(pair);
    if (ended_.size() == settings_.pairs) seams_.launcher->finish({});
  }

 private:
  platform& seams_;
  settings settings_;
  std::set<std::uint32_t> ended_;
};

class program final : public proc_program {
 public:
  explicit program(settings s = {}) : settings_(s) {}
  std::unique_ptr<proc_instance> make(platform& seams, proc_id self, shared_bytes bootstrap) override {
    if (bootstrap.empty()) return std::make_unique<root>(seams, settings_);
    words w;
    std::memcpy(&w, bootstrap.view().data(), sizeof w);
    return std::make_unique<player>(seams, self, settings_, w);
  }

 private:
  settings settings_;
};

/// A quiet cluster without faults and with the knobs' defaults.
inline scenario quiet(std::uint32_t hosts = 2) {
  scenario s;
  s.hosts = hosts;
  s.draw_knobs = false;
  s.policy = schedule_policy::in_order;
  return s;
}

/// The lines of a run's trace that begin with one of the names `wanted`: the decisions of those entities, and when.
inline std::vector<std::string> decisions(scenario const& s, run_options options, proc_program& p,
                                          std::vector<std::string> wanted) {
  std::vector<std::string> lines;
  options.trace = [&](trace_event const& e) {
    for (auto const& name : wanted) {
      if (e.text.starts_with(name)) lines.push_back(to_string(e.at) + " " + e.text);
    }
  };
  static_cast<void>(run(s, options, p));
  return lines;
}

}  // namespace roost::sim::toy
