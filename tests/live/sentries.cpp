// Procs to be killed, stopped and starved by the tests beside this file: sentries that wait for each other, and a captain who says
// what it was told of whom, and when.

#include <roost/roost.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

inline constexpr roost::dim post{"post"};

namespace {

/// Nanoseconds of the machine's monotonic clock, and an error as one line.
std::string when_and_why(roost::error const& why) {
  std::string text = why.describe();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return std::to_string(roost::now().time_since_epoch().count()) + " " + text;
}

void write_raw(int to, std::string_view text) { static_cast<void>(!::write(to, text.data(), text.size())); }

}  // namespace

/// Says when it ends, and why.
struct Settler : roost::actor {
  bool answer() { return true; }
  void cleanup(roost::error const* why) override {
    if (why != nullptr) roost::log("settler ended {}", when_and_why(*why));
  }
};
ROOST_EXPORT(Settler, answer)

/// What nobody may take for lines of the log: objects, long lines, bytes that are no text.
void babble() {
  for (int const to : {STDOUT_FILENO, STDERR_FILENO}) {
    write_raw(to, "{\"ts\":\"forged\",\"msg\":\"x\"}\n");
    write_raw(to, std::string(100'000, 'x') + "\n");
    write_raw(to, "\xff\xc3\xc3\xa9\xed\n");
  }
  roost::log("{}", std::string_view("a \"quote\"\nand \\ \0 and \xff", 23));
}

struct Sentry : roost::actor {
  void say() { roost::log("on my post"); }
  /// And fails.
  void report() {
    roost::log({{"step", 3}, {"loss", 0.25}, {"done", false}, {"mood", "so so"}}, "all is {}", "quiet");
    roost::log(roost::log_level::warning, {{"why", "\"a=b\"\n\xff"}, {"no\nkey", std::nan("")}, {"", 18446744073709551615U}},
               "odd");
    throw std::runtime_error("enough");
  }
  void speak_in_tongues() { babble(); }
  bool answer() { return true; }
  /// Never answers.
  void stand(roost::reply_port<bool> answer) { standing_.push_back(std::move(answer)); }
  /// Waits for the other from here.
  void look_at(roost::actor_mesh<Sentry> other);
  /// Lines in pieces, of both streams at once, and a last one without an end.
  void write_lines() {
    for (int i = 0; i != 100; ++i) {
      auto const number = std::to_string(i);
      write_raw(STDOUT_FILENO, "out ");
      write_raw(STDERR_FILENO, "err ");
      write_raw(STDOUT_FILENO, number + " is ");
      roost::sleep(200us);
      write_raw(STDERR_FILENO, number + " is whole\n");
      write_raw(STDOUT_FILENO, "whole\n");
    }
    write_raw(STDOUT_FILENO, "out 100 is whole");
  }
  /// Sentries of its own, on procs of its own on all hosts; how many of them answer.
  std::uint64_t recruit();
  /// A sentry of its own, on a proc of its own beside it, that has a settler on `where`.
  void send_out(roost::proc_mesh where);
  /// What the agents of all hosts and of these procs say, in the log.
  void ask_agents(roost::proc_mesh of);
  void settle(roost::proc_mesh where) {
    settlers_ = where.spawn<Settler>("settler");
    settlers_->answer.call_one().get();
  }
  /// Starts a process that nobody waits for and that leaves the proc's group.
  void leave_stray() {
    if (::fork() == 0) {
      ::setsid();
      ::execlp("sleep", "sleep", "1000", nullptr);
      std::_Exit(1);
    }
  }
  void compute_for_ever() {
    roost::log("computes");
    for (bool volatile on = true; on;) continue;
  }
  void block_for_ever() {
    roost::log("blocks");
    roost::offload(1ms, [] {
      for (;;) ::pause();
    });
  }
  /// Two threads at one variable, unguarded.
  int race() {
    int count = 0;
    std::thread other([&] { ++count; });
    ++count;
    other.join();
    return count;
  }

 private:
  std::vector<roost::reply_port<bool>> standing_;
  std::shared_ptr<roost::actor_mesh<Sentry>> recruits_;
  roost::actor_mesh<Settler> settlers_;
};
ROOST_EXPORT(Sentry, say, report, speak_in_tongues, recruit, send_out, settle, answer, stand, look_at, write_lines, leave_stray,
             compute_for_ever, block_for_ever, race, ask_agents)

/// Waits for a sentry, in vain, and says when that ends.
struct Caller : roost::actor {
  void wait_for(roost::actor_mesh<Sentry> sentry) {
    if (auto const answer = sentry->stand.call_one().wait(); !answer)
      roost::log("caller told {}", when_and_why(answer.failure()));
  }
};
ROOST_EXPORT(Caller, wait_for)

std::uint64_t Sentry::recruit() {
  recruits_ = std::make_shared<roost::actor_mesh<Sentry>>(roost::all_hosts().spawn_procs(post = 1).spawn<Sentry>("recruits"));
  std::uint64_t there = 0;
  for (auto const& [at, answer] : (*recruits_)->answer.call().get()) there += answer.has_value();
  return there;
}

void Sentry::ask_agents(roost::proc_mesh of) {
  for (auto const& [at, procs] : roost::all_hosts().agents()->procs.call().get()) {
    if (!procs) roost::log("agent of host {} is lost {}", at.rank(), when_and_why(procs.failure()));
    for (auto const& each : procs ? *procs : std::vector<roost::host_proc_status>{})
      roost::log("agent of host {}: {} {} is {}, process {} {}", at.rank(), to_string(each.id), each.name, each.state,
                 each.process, each.end);
  }
  for (auto const& [at, said] : of.agents()->status.call(100).get()) {
    if (!said) {
      roost::log("agent of {} is lost {}", to_string(of.id(at.rank())), when_and_why(said.failure()));
    } else {
      roost::log("agent of {} ({}), process {}: {} actors, {} sessions", said->id, said->name, said->process, said->actor_count,
                 said->sessions.size());
    }
  }
  roost::log("asked");
}

void Sentry::send_out(roost::proc_mesh where) {
  recruits_ = std::make_shared<roost::actor_mesh<Sentry>>(roost::this_host().spawn_procs(post = 1).spawn<Sentry>("outpost"));
  (*recruits_)->settle.call_one(where).get();
}

void Sentry::look_at(roost::actor_mesh<Sentry> other) { roost::spawn<Caller>("caller")->wait_for.broadcast(std::move(other)); }

struct Captain : roost::actor {
  void post_sentries(roost::proc_mesh procs) { sentries_ = procs.spawn<Sentry>("sentries"); }

  /// Everybody waits for somebody.
  void call_all() {
    for (std::uint64_t rank = 0; rank != sentries_.size(); ++rank) {
      roost::spawn<Caller>("caller")->wait_for.broadcast(sentries_.at_rank(rank));
      sentries_.at_rank(rank)->look_at.call_one(sentries_.at_rank((rank + 1) % sentries_.size())).get();
    }
    roost::log("ready");
  }
  /// Until so many sentries were lost.
  void watch(std::uint64_t losses) {
    while (lost_ < losses) roost::sleep(5ms);
    count();
  }
  void count() {
    std::uint64_t there = 0;
    for (auto const& [at, answer] : sentries_->answer.call().get()) there += answer.has_value();
    roost::log("{} of {} answer", there, sentries_.size());
  }
  void all_say() { sentries_->say.call().get(); }
  void all_report() {
    sentries_->report.broadcast();
    watch(sentries_.size());
  }
  void all_babble() {
    sentries_->speak_in_tongues.call().get();
    babble();
  }
  void all_write() { sentries_->write_lines.call().get(); }
  void all_leave_strays() {
    sentries_->leave_stray.call().get();
    roost::log("ready");
  }
  /// On the first and the last proc.
  void two_recruit() {
    auto recruits = sentries_.at_rank(0)->recruit.call_one().get();
    recruits += sentries_.at_rank(sentries_.size() - 1)->recruit.call_one().get();
    roost::log("{} recruits answer", recruits);
  }
  /// The last sends out, to the proc of the first.
  void one_sends_out(roost::proc_mesh procs) {
    sentries_.at_rank(sentries_.size() - 1)
        ->send_out.call_one(roost::proc_mesh({procs.id(0)}, roost::region(roost::extent())))
        .get();
    roost::log("ready");
  }
  /// Has the first sentry ask all agents, and again when so many sentries were lost.
  void ask_agents(roost::proc_mesh procs, std::uint64_t losses) {
    sentries_->answer.call().get();
    sentries_.at_rank(0)->ask_agents.call_one(procs).get();
    if (losses == 0) return;
    while (lost_ < losses) roost::sleep(5ms);
    sentries_.at_rank(0)->ask_agents.call_one(procs).get();
  }
  void all_compute() { sentries_->compute_for_ever.broadcast(); }
  void all_race() { sentries_->race.call().get(); }
  void all_block() { sentries_->block_for_ever.broadcast(); }
  void compute_for_ever() {
    roost::log("computes");
    for (bool volatile on = true; on;) continue;
  }

  bool supervise(roost::failure const& f) override {
    ++lost_;
    roost::log("owner told {}", when_and_why(f.why()));
    return true;
  }

 private:
  roost::actor_mesh<Sentry> sentries_;
  std::uint64_t lost_ = 0;
};
ROOST_EXPORT(Captain, post_sentries, call_all, watch, count, all_say, all_report, all_babble, all_write, all_leave_strays,
             two_recruit, one_sends_out, all_compute, all_block, all_race, compute_for_ever, ask_agents)

int main(int argc, char** argv) {
  // How exec'd processes behave before they are any of ours: SENTRIES___proc=never, =slowly.
  char const* const before = argc > 1 ? std::getenv((std::string("SENTRIES_") + argv[1]).c_str()) : nullptr;
  if (before != nullptr && before == std::string_view("never"))
    for (;;) ::pause();
  if (before != nullptr && before == std::string_view("slowly")) ::usleep(300'000);

  return roost::main(argc, argv, [](roost::hosts hosts, std::vector<std::string> const& arguments) {
    auto const argument = [&](std::size_t which, std::string standard) {
      return which < arguments.size() ? arguments[which] : std::move(standard);
    };
    auto const what = argument(0, "watch");
    auto const procs = hosts.spawn_procs(post = std::stoll(argument(1, "2")));
    auto const captain = roost::spawn<Captain>("captain");
    captain->post_sentries.call_one(procs).get();
    if (what == "watch") captain->call_all.call_one().get();
    if (what == "recruit") captain->two_recruit.call_one().get();
    if (what == "settle") captain->one_sends_out.call_one(procs).get();
    if (what == "watch" || what == "lose" || what == "recruit" || what == "settle")
      captain->watch.call_one(std::stoull(argument(2, "1"))).get();
    if (what == "agents") captain->ask_agents.call_one(procs, std::stoull(argument(2, "1"))).get();
    if (what == "say") captain->all_say.call_one().get();
    if (what == "report") captain->all_report.call_one().get();
    if (what == "babble") captain->all_babble.call_one().get();
    if (what == "write") captain->all_write.call_one().get();
    if (what == "strays") captain->all_leave_strays.call_one().get();
    if (what == "compute") captain->all_compute.call_one().get();
    if (what == "race") captain->all_race.call_one().get();
    if (what == "block") captain->all_block.call_one().get();
    if (what == "root computes") captain->compute_for_ever.call_one().get();
    if (what == "strays" || what == "compute" || what == "block") roost::sleep(1h);
  });
}
