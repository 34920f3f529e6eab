// That the test program holds the whole interposer, and what its calls do inside and outside of simulated steps.

#include <roost/sim/inside.hpp>
#include <roost/sim/toy.test.hpp>

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

namespace roost::sim {
namespace {

void here() {}

void const* file_of(void const* function) {
  Dl_info info{};
  return dladdr(function, &info) != 0 ? info.dli_fbase : nullptr;
}

TEST(interpose, every_symbol_is_the_programs_own) {
#define ROOST_OWN(name) \
  EXPECT_EQ(file_of(reinterpret_cast<void const*>(&::name)), file_of(reinterpret_cast<void const*>(&here))) << #name
  ROOST_OWN(clock_gettime);
  ROOST_OWN(gettimeofday);
  ROOST_OWN(time);
  ROOST_OWN(clock);
  ROOST_OWN(timespec_get);
  ROOST_OWN(nanosleep);
  ROOST_OWN(clock_nanosleep);
  ROOST_OWN(usleep);
  ROOST_OWN(sleep);
  ROOST_OWN(getrandom);
  ROOST_OWN(getentropy);
  ROOST_OWN(rand);
  ROOST_OWN(srand);
  ROOST_OWN(random);
  ROOST_OWN(srandom);
  ROOST_OWN(drand48);
  ROOST_OWN(lrand48);
  ROOST_OWN(mrand48);
  ROOST_OWN(arc4random);
  ROOST_OWN(pthread_create);
  ROOST_OWN(fork);
  ROOST_OWN(posix_spawn);
  ROOST_OWN(socket);
  ROOST_OWN(connect);
  ROOST_OWN(bind);
  ROOST_OWN(listen);
  ROOST_OWN(accept);
  ROOST_OWN(sendto);
  ROOST_OWN(sendmsg);
  ROOST_OWN(recvfrom);
  ROOST_OWN(recvmsg);
  ROOST_OWN(poll);
  ROOST_OWN(select);
  ROOST_OWN(epoll_wait);
  ROOST_OWN(ppoll);
  ROOST_OWN(pselect);
  ROOST_OWN(epoll_pwait);
  ROOST_OWN(epoll_pwait2);
  ROOST_OWN(posix_spawnp);
  ROOST_OWN(system);
  ROOST_OWN(popen);
  ROOST_OWN(timerfd_create);
  ROOST_OWN(times);
#undef ROOST_OWN
}

TEST(interpose, passes_through_outside_of_simulated_steps) {
  auto const before = std::chrono::steady_clock::now();  // banned-call: it is interposed
  std::thread([] {}).join();
  std::random_device device;  // banned-call: it is interposed
  EXPECT_NE(device(), device());
  EXPECT_GT(std::chrono::steady_clock::now(), before);  // banned-call: it is interposed
  EXPECT_GT(time(nullptr), 1'700'000'000);              // banned-call: it is interposed
  unsigned char bytes[32] = {};
  EXPECT_EQ(getrandom(bytes, sizeof bytes, 0), 32);  // banned-call: it is interposed
}

/// A program whose root calls one function as a handler, and finishes.
class one_step final : public proc_program {
 public:
  explicit one_step(std::function<void(platform&)> what) : what_(std::move(what)) {}
  std::unique_ptr<proc_instance> make(platform& seams, proc_id, shared_bytes) override {
    struct instance final : proc_instance, runnable {
      instance(platform& p, std::function<void(platform&)>& w) : seams(p), what(w) {}
      void begin() override { seams.executor->ready(*this, lane::user); }
      void unwind() override {}
      void run() override {
        what(seams);
        seams.launcher->finish({});
      }
      platform& seams;
      std::function<void(platform&)>& what;
    };
    return std::make_unique<instance>(seams, what_);
  }

 private:
  std::function<void(platform&)> what_;
};

run_result in_a_step(std::function<void(platform&)> what, std::uint64_t seed = 1) {
  one_step p(std::move(what));
  run_options options;
  options.seed = seed;
  return run(toy::quiet(), options, p);
}

TEST(interpose, clocks_show_virtual_time_inside) {
  in_a_step([](platform& seams) {
    auto const here_now = seams.clock->now().time_since_epoch();
    auto const shown = std::chrono::steady_clock::now().time_since_epoch();  // banned-call: it is interposed
    EXPECT_GE(shown, here_now);
    EXPECT_LT(shown, here_now + 1us);
    auto const wall = std::chrono::system_clock::now().time_since_epoch();  // banned-call: it is interposed
    EXPECT_LT(std::chrono::abs(wall - nanoseconds(seams.clock->wall())), 1us);
  });
}

TEST(interpose, sleeping_and_spinning_pass_virtual_time_only) {
  auto const before = std::chrono::steady_clock::now();  // banned-call: it is interposed
  in_a_step([](platform&) {
    auto const start = std::chrono::steady_clock::now();        // banned-call: it is interposed
    std::this_thread::sleep_for(1h);                            // banned-call: it is interposed
    EXPECT_GE(std::chrono::steady_clock::now() - start, 1h);    // banned-call: it is interposed
    auto const until = std::chrono::steady_clock::now() + 1ms;  // banned-call: it is interposed
    while (std::chrono::steady_clock::now() < until) {          // banned-call: it is interposed
    }
  });
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1min);  // banned-call: it is interposed
}

TEST(interpose, entropy_is_the_seeds_inside) {
  auto const drawn = [](std::uint64_t seed) {
    std::vector<std::uint64_t> words;
    in_a_step(
        [&](platform&) {
          std::random_device device;  // banned-call: it is interposed
          words.push_back(device());
          words.push_back(static_cast<std::uint64_t>(rand()));  // banned-call: it is interposed
          std::uint64_t word = 0;
          EXPECT_EQ(getrandom(&word, sizeof word, 0), static_cast<ssize_t>(sizeof word));  // banned-call: it is interposed
          words.push_back(word);
        },
        seed);
    return words;
  };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(interpose_death, threads_and_sockets_are_refused_inside_with_the_procs_name) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(in_a_step([](platform&) { std::thread([] {}).join(); }),
               "h0/p0.1 .root.: a simulated handler called pthread_create");
  EXPECT_DEATH(in_a_step([](platform&) { static_cast<void>(socket(AF_INET, SOCK_STREAM, 0)); }), "called socket");
  EXPECT_DEATH(in_a_step([](platform&) { static_cast<void>(!std::system("true")); }), "called system");
  EXPECT_DEATH(in_a_step([](platform&) { ppoll(nullptr, 0, nullptr, nullptr); }), "called ppoll");
  EXPECT_DEATH(in_a_step([](platform&) { timerfd_create(CLOCK_MONOTONIC, 0); }), "called timerfd_create");
}

}  // namespace
}  // namespace roost::sim
