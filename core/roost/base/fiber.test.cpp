#include <gtest/gtest.h>

#include <roost/base/fiber.hpp>
#include <roost/base/plant.hpp>

#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace roost {
namespace {

#if defined(__SANITIZE_THREAD__)
#define ROOST_TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ROOST_TEST_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define ROOST_TEST_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ROOST_TEST_TSAN)
#define ROOST_TEST_SANITIZED 1
#endif

// A loop over a queue of plain functions that ends when the queue is empty.
struct small_loop {
  std::deque<std::function<void()>> queue;
  fiber_pool pool{[this] {
                    if (queue.empty()) return false;
                    auto const task = std::move(queue.front());
                    queue.pop_front();
                    task();
                    return true;
                  },
                  0, 20'000};

  void resume_later(parked& place) {
    queue.push_back([this, &place] { pool.resume(place); });
  }
};

TEST(Fiber, AHandlerThatWaitsGoesOnWhereItStood) {
  small_loop loop;
  std::string seen;
  parked place;
  loop.queue.push_back([&] {
    seen += "a";
    loop.pool.park(place);
    seen += "d";
  });
  loop.queue.push_back([&] { seen += "b"; });
  loop.queue.push_back([&] {
    seen += "c";
    EXPECT_EQ(loop.pool.parked_count(), 1U);
    EXPECT_TRUE(place.suspended());
    loop.resume_later(place);
  });
  EXPECT_FALSE(loop.pool.inside());
  loop.pool.run();
  EXPECT_EQ(seen, "abcd");
  EXPECT_EQ(loop.pool.parked_count(), 0U);
  EXPECT_FALSE(place.suspended());
}

TEST(Fiber, ParkedHandlersOutliveARunAndAreResumedInTheNext) {
  small_loop loop;
  parked place;
  bool done = false;
  loop.queue.push_back([&] {
    loop.pool.park(place);
    done = true;
  });
  loop.pool.run();
  EXPECT_EQ(loop.pool.parked_count(), 1U);
  loop.resume_later(place);
  loop.pool.run();
  EXPECT_TRUE(done);
}

TEST(Fiber, UnwindReturnsWhenTheTurnOfTheHandlerEnds) {
  small_loop loop;
  parked place;
  std::string seen;
  loop.queue.push_back([&] {
    loop.pool.park(place);
    seen += "handler ";
  });
  loop.queue.push_back([&] {
    loop.queue.push_back([&] { seen += "next"; });
    loop.pool.unwind(place);
    seen += "back ";
  });
  loop.pool.run();
  EXPECT_EQ(seen, "handler back next");
}

TEST(Fiber, UnwindWorksBetweenRunsToo) {
  small_loop loop;
  parked place;
  bool done = false;
  loop.queue.push_back([&] {
    loop.pool.park(place);
    done = true;
  });
  loop.pool.run();
  loop.pool.unwind(place);
  EXPECT_TRUE(done);
  EXPECT_FALSE(loop.pool.inside());
}

TEST(Fiber, AnExceptionThrownAfterAParkUnwindsOnlyItsHandler) {
  small_loop loop;
  parked place;
  std::string caught;
  loop.queue.push_back([&] {
    try {
      std::string const owned(100, 'x');
      loop.pool.park(place);
      throw std::runtime_error(owned.substr(0, 3));
    } catch (std::runtime_error const& e) {
      caught = e.what();
    }
  });
  loop.queue.push_back([&] { loop.resume_later(place); });
  loop.pool.run();
  EXPECT_EQ(caught, "xxx");
}

/// What two handlers rethrow that were parked in catch blocks at the same time.
std::vector<std::string> rethrown_after_parks() {
  small_loop loop;
  parked places[2];
  std::vector<std::string> rethrown(2);
  for (int i = 0; i < 2; ++i)
    loop.queue.push_back([&, i] {
      try {
        try {
          throw std::runtime_error("of handler " + std::to_string(i));
        } catch (...) {
          loop.pool.park(places[i]);
          if (std::current_exception() != nullptr) throw;
        }
      } catch (std::runtime_error const& e) {
        rethrown[static_cast<std::size_t>(i)] = e.what();
      }
    });
  loop.queue.push_back([&] {
    loop.resume_later(places[0]);
    loop.resume_later(places[1]);
  });
  loop.pool.run();
  return rethrown;
}

TEST(Fiber, ExceptionsOfHandlersParkedInCatchBlocksDoNotMix) {
  EXPECT_EQ(rethrown_after_parks(), (std::vector<std::string>{"of handler 0", "of handler 1"}));
}

TEST(Fiber, NoHandlerSeesAnExceptionOfAnother) {
  small_loop loop;
  parked place;
  loop.queue.push_back([&] {
    try {
      throw 1;
    } catch (int) {
      loop.pool.park(place);
    }
    EXPECT_EQ(std::current_exception(), nullptr);
  });
  loop.queue.push_back([&] {
    EXPECT_EQ(std::current_exception(), nullptr);
    loop.resume_later(place);
  });
  loop.pool.run();
}

TEST(Fiber, AHandlerMayParkInADestructorDuringUnwinding) {
  small_loop loop;
  parked place;
  int seen = -1;
  struct parks_at_end {
    small_loop& loop;
    parked& place;
    int& seen;
    ~parks_at_end() {
      loop.pool.park(place);
      seen = std::uncaught_exceptions();
    }
  };
  loop.queue.push_back([&] {
    try {
      parks_at_end const guard{loop, place, seen};
      throw 1;
    } catch (int) {
    }
  });
  loop.queue.push_back([&] {
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    loop.resume_later(place);
  });
  loop.pool.run();
  EXPECT_EQ(seen, 1);
}

TEST(Fiber, ErrnoIsKeptAcrossAPark) {
  small_loop loop;
  parked place;
  int after = 0;
  loop.queue.push_back([&] {
    errno = EXDEV;
    loop.pool.park(place);
    after = errno;
  });
  loop.queue.push_back([&] {
    EXPECT_EQ(errno, 0);
    errno = ERANGE;
    loop.resume_later(place);
  });
  loop.pool.run();
  EXPECT_EQ(after, EXDEV);
}

TEST(Fiber, ThousandsParkAtOnceAndAreResumedInAnyOrder) {
#if defined(ROOST_TEST_TSAN)
  constexpr std::size_t count = 500;  // The sanitizer keeps about a megabyte for each fiber.
#else
  constexpr std::size_t count = 10'000;
#endif
  small_loop loop;
  std::vector<parked> places(count);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    loop.queue.push_back([&, i] {
      loop.pool.park(places[i]);
      sum += i;
    });
  loop.pool.run();
  EXPECT_EQ(loop.pool.parked_count(), count);
  for (std::size_t i = 0; i < count; ++i) loop.resume_later(places[i * 7'919 % count]);
  loop.pool.run();
  EXPECT_EQ(sum, count * (count - 1) / 2);
  EXPECT_EQ(loop.pool.parked_count(), 0U);
}

int deep(int levels, small_loop& loop, parked& place) {
  char volatile frame[512];
  frame[0] = static_cast<char>(levels);
  if (levels == 0) {
    loop.pool.park(place);
    throw std::runtime_error("from the bottom");
  }
  return deep(levels - 1, loop, place) + frame[0];
}

TEST(Fiber, AStackServesDeepCallsThatThrowThroughThemselves) {
  small_loop loop;
  parked place;
  for (int round = 0; round < 3; ++round) {
    std::string caught;
    loop.queue.push_back([&] {
      try {
        deep(60, loop, place);
      } catch (std::runtime_error const& e) {
        caught = e.what();
      }
    });
    loop.queue.push_back([&] { loop.resume_later(place); });
    loop.pool.run();
    EXPECT_EQ(caught, "from the bottom");
  }
}

TEST(Fiber, PoolsOnOneThreadWorkOneAfterAnother) {
  for (int i = 0; i < 3; ++i) {
    small_loop first;
    small_loop second;
    for (small_loop* loop : {&first, &second}) {
      parked place;
      bool done = false;
      loop->queue.push_back([&] {
        loop->pool.park(place);
        done = true;
      });
      loop->pool.run();
      loop->resume_later(place);
      loop->pool.run();
      EXPECT_TRUE(done);
    }
  }
}

TEST(Fiber, EachThreadMayRunAPoolOfItsOwn) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([] {
      small_loop loop;
      std::vector<parked> places(20);
      int done = 0;
      for (auto& place : places)
        loop.queue.push_back([&] {
          loop.pool.park(place);
          ++done;
        });
      loop.pool.run();
      for (auto& place : places) loop.resume_later(place);
      loop.pool.run();
      EXPECT_EQ(done, 20);
    });
  for (auto& each : threads) each.join();
}

#if defined(ROOST_PLANTS) && ROOST_PLANTS && !defined(ROOST_TEST_SANITIZED)
/// Arms a planted bug while this lives.
struct armed {
  explicit armed(char const* name) : which(find_plant(name)) { which->arm(true); }
  ~armed() { which->arm(false); }
  plant* which;
};

TEST(FiberPlantDeathTest, ExceptionsOfHandlersThatMixAreSeen) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  // What is shared is also freed twice: the test above may fail or die.
  EXPECT_EXIT(
      {
        armed const bug("exceptions-shared");
        std::_Exit(rethrown_after_parks() == std::vector<std::string>{"of handler 0", "of handler 1"} ? 0 : 1);
      },
      [](int status) { return !WIFEXITED(status) || WEXITSTATUS(status) != 0; }, "");
}

TEST(FiberPlantDeathTest, AStackThatIsGivenAwayWhileItsHandlerWaitsIsSeen) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        armed const bug("parked-stack-reused");
        std::string stood;
        small_loop loop;
        parked place;
        loop.queue.push_back([&] {
          std::string const mine = "where it stood";
          loop.pool.park(place);
          stood = mine;
        });
        loop.queue.push_back([&] { loop.resume_later(place); });
        loop.pool.run();
        std::_Exit(stood == "where it stood" ? 0 : 1);
      },
      [](int status) { return !WIFEXITED(status) || WEXITSTATUS(status) != 0; }, "");
}
#endif

TEST(FiberDeathTest, AnOverflowOfTheStackHitsTheGuard) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        fiber_pool pool([] {
          // Walks down from here past the guard of this slot.
          auto* const here = static_cast<char volatile*>(__builtin_frame_address(0));
          for (std::size_t i = 0; i < (std::size_t{1} << 20); i += 4096) *(here - i) = 1;
          return false;
        });
        pool.run();
      },
      "");
}

}  // namespace
}  // namespace roost
