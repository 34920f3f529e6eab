#include <roost/base/error.hpp>
#include <roost/base/fiber.hpp>
#include <roost/base/plant.hpp>

#include <boost/context/detail/fcontext.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <exception>
#include <string>
#include <utility>
#include <vector>
#include <cxxabi.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROOST_FIBER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define ROOST_FIBER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ROOST_FIBER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define ROOST_FIBER_TSAN 1
#endif
#if defined(ROOST_FIBER_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(ROOST_FIBER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace roost {
namespace {

namespace context = boost::context::detail;

ROOST_DEFINE_PLANT(plant_exceptions_shared, "exceptions-shared", "G1",
                   "A handler that goes on after a wait finds the exceptions that another one is handling.");
ROOST_DEFINE_PLANT(plant_stack_reused, "parked-stack-reused", "G1",
                   "The stack of a handler that waits is given to the next one that needs one.");

#if defined(ROOST_FIBER_ASAN) || defined(ROOST_FIBER_TSAN)
constexpr std::size_t standard_stack_bytes = std::size_t{256} << 10;
constexpr std::size_t standard_max_fibers = 10'000;
#else
constexpr std::size_t standard_stack_bytes = std::size_t{64} << 10;
constexpr std::size_t standard_max_fibers = 200'000;
#endif
constexpr std::size_t slots_per_chunk = 64;

// Linux 6.13: a guard that splits no mapping. Headers of older systems do not name it.
constexpr int madv_guard_install = 102;
// Older kernels: each mprotect guard costs two mappings of the 65,530 a process may have. Stacks after these have a canary.
constexpr int max_protected_guards = 8'192;
// With fewer handlers that wait no program of any size would go on for long.
constexpr std::size_t fewest_slots = 64;
constexpr std::uint64_t canary = 0x726f6f7374a55a3cULL;

std::atomic<int> protected_guards{0};

// The layout of __cxa_eh_globals in the Itanium C++ ABI.
struct exception_state {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

struct stack_slot {
  std::byte* low = nullptr;  // Above the guard.
  std::byte* top = nullptr;
  bool has_canary = false;
};

// Stacks of one size in one reserved region, opened a chunk at a time. A page that was never touched costs nothing.
class stack_region {
 public:
  stack_region(std::size_t stack_bytes, std::size_t max_slots)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        slot_((std::max(stack_bytes, 4 * page_) + page_ - 1) / page_ * page_),
        max_slots_(max_slots) {
    while ((base_ = reserve(slot_ * max_slots_)) == nullptr) {
      auto const fewer = max_slots_ / 4;
      if (fewer < fewest_slots) {
        throw exception(
            error(errc::unavailable, failure("reserve", slot_ * max_slots_) + "; is the address space limited (ulimit -v)?"));
      }
      max_slots_ = fewer;
    }
    // A huge page would make every parked stack resident as a whole. Kernels without huge pages refuse, which is as good.
    static_cast<void>(madvise(base_, slot_ * max_slots_, MADV_NOHUGEPAGE));
  }

  stack_region(stack_region const&) = delete;
  stack_region& operator=(stack_region const&) = delete;

  ~stack_region() {
#if defined(ROOST_FIBER_ASAN)
    __asan_unpoison_memory_region(base_, slot_ * open_);
#endif
    munmap(base_, slot_ * max_slots_);
    protected_guards -= my_protected_guards_;
  }

  bool is_guard(void const* address) const noexcept {
    auto const at = reinterpret_cast<std::uintptr_t>(address);
    auto const low = reinterpret_cast<std::uintptr_t>(base_);
    return at >= low && at < low + slot_ * open_ && (at - low) % slot_ < page_;
  }
  std::size_t slot_bytes() const noexcept { return slot_; }

  stack_slot next() {
    ROOST_INVARIANT(used_ < max_slots_, "all " + std::to_string(max_slots_) + " fibers of this loop are parked");
    if (used_ == open_) {
      std::size_t const more = std::min(slots_per_chunk, max_slots_ - open_);
      int const opened = mprotect(base_ + open_ * slot_, more * slot_, PROT_READ | PROT_WRITE);
      ROOST_INVARIANT(opened == 0, failure("open", more * slot_));
      open_ += more;
    }
    std::byte* const bottom = base_ + used_ * slot_;
    ++used_;
    stack_slot slot{.low = bottom + page_, .top = bottom + slot_, .has_canary = !guard(bottom)};
    if (slot.has_canary) std::memcpy(slot.low, &canary, sizeof canary);
    return slot;
  }

 private:
  // Under a limit of the address space as much again has to be free, for all that is no stack.
  static std::byte* reserve(std::size_t size) {
    auto const map = [](std::size_t of) {
      return mmap(nullptr, of, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    };
    void* const place = map(2 * size);
    if (place == MAP_FAILED) return nullptr;
    munmap(static_cast<std::byte*>(place) + size, size);
    return static_cast<std::byte*>(place);
  }
  bool guard(std::byte* page) {
    if (madvise(page, page_, madv_guard_install) == 0) return true;
    if (protected_guards.fetch_add(1) < max_protected_guards && mprotect(page, page_, PROT_NONE) == 0) {
      ++my_protected_guards_;
      return true;
    }
    --protected_guards;
    return false;
  }

  static std::string failure(char const* what, std::size_t size) {
    return std::string("cannot ") + what + " " + std::to_string(size) + " bytes for stacks: " + std::strerror(errno);
  }

  std::size_t page_;
  std::size_t slot_;
  std::size_t max_slots_;
  std::size_t open_ = 0;
  std::size_t used_ = 0;
  int my_protected_guards_ = 0;
  std::byte* base_ = nullptr;
};

struct fiber {
  context::fcontext_t context = nullptr;
  stack_slot stack;
  exception_state exceptions;
  int error_number = 0;
  fiber* return_to = nullptr;  // Who waits in `unwind` for the end of this fiber's turn.
#if defined(ROOST_FIBER_ASAN)
  void* fake_stack = nullptr;
  void const* bottom = nullptr;
  std::size_t size = 0;
#endif
#if defined(ROOST_FIBER_TSAN)
  void* tsan = nullptr;
#endif
};

}  // namespace

class fiber_pool::impl {
 public:
  impl(unique_function<bool()> step, std::size_t stack_bytes, std::size_t max_fibers)
      : step_(std::move(step)), stacks_(stack_bytes, max_fibers) {}

  impl(impl const&) = delete;
  impl& operator=(impl const&) = delete;

  ~impl() {
    ROOST_INVARIANT(parked_ == 0, std::to_string(parked_) + " handlers are parked on a pool that is destroyed");
    ROOST_INVARIANT(current_ == &main_, "a fiber destroys its own pool");
    for (fiber& each : fibers_) forget(each);
  }

  void run() {
    ROOST_INVARIANT(current_ == &main_, "run() inside run()");
    switch_to(take_spare());
  }

  bool inside() const noexcept { return current_ != &main_; }
  std::size_t parked() const noexcept { return parked_; }
  stack_region const& stacks() const noexcept { return stacks_; }

  // Returns when `resume` or `unwind` switches back to the calling fiber, which `place` has been set to.
  void park(void*& place) {
    fiber& self = *current_;
    ROOST_INVARIANT(inside(), "park() outside the loop");
    ROOST_INVARIANT(self.return_to == nullptr, "a handler parks while it is unwound");
    check_canary(self);
    place = &self;
    ++parked_;
    switch_to(take_spare());
  }

  [[noreturn]] void abandon() {
    ROOST_INVARIANT(inside(), "abandon() outside the loop");
    fiber* const waiting = std::exchange(current_->return_to, nullptr);
    switch_to(waiting != nullptr ? *waiting : take_spare());
    broken("an abandoned handler goes on", "", __FILE__, __LINE__);
  }

  void resume(void*& place) {
    ROOST_INVARIANT(inside(), "resume() outside the loop");
    ROOST_INVARIANT(current_->return_to == nullptr, "resume() in a turn that is unwound");
    fiber& target = unpark(place);
    spares_.push_back(current_);
    switch_to(target);
  }

  void unwind(void*& place) {
    fiber& target = unpark(place);
    target.return_to = current_;
    switch_to(target);
  }

 private:
  fiber& unpark(void*& place) {
    ROOST_INVARIANT(place != nullptr, "nothing is parked there");
    --parked_;
    return *static_cast<fiber*>(std::exchange(place, nullptr));
  }

  fiber& take_spare() {
    if (spares_.empty()) return make();
    fiber& last = *spares_.back();
    spares_.pop_back();
    return last;
  }

  fiber& make() {
    bool const reuses = ROOST_PLANT(plant_stack_reused) && !fibers_.empty();
    stack_slot const slot = reuses ? fibers_.back().stack : stacks_.next();
    fiber& made = fibers_.emplace_back();
    made.stack = slot;
    auto const size = static_cast<std::size_t>(made.stack.top - made.stack.low);
    made.context = context::make_fcontext(made.stack.top, size, &impl::entry);
#if defined(ROOST_FIBER_ASAN)
    made.bottom = made.stack.low;
    made.size = size;
#endif
#if defined(ROOST_FIBER_TSAN)
    made.tsan = __tsan_create_fiber(0);
#endif
    return made;
  }

  static void entry(context::transfer_t from) noexcept {
    impl& self = *static_cast<impl*>(from.data);
    self.arrive(from);
    self.loop(*self.current_);
  }

  [[noreturn]] void loop(fiber& self) {
    for (;;) {
      bool const more = step_();
      if (self.return_to != nullptr) {
        fiber& waiting = *std::exchange(self.return_to, nullptr);
        spares_.push_back(&self);
        switch_to(waiting);
      } else if (!more) {
        check_canary(self);
        spares_.push_back(&self);
        switch_to(main_);
      }
    }
  }

  // Runs `target` in place of the current fiber until something switches back to it.
  void switch_to(fiber& target) {
    fiber& self = *current_;
    self.error_number = errno;
    if (&self == &main_) {
      // The pool stays on one thread, but that need not be the one which made it.
      exceptions_ = abi::__cxa_get_globals();
#if defined(ROOST_FIBER_TSAN)
      main_.tsan = __tsan_get_current_fiber();
#endif
    }
    std::memcpy(&self.exceptions, exceptions_, sizeof(exception_state));
    previous_ = &self;
    current_ = &target;
#if defined(ROOST_FIBER_ASAN)
    __sanitizer_start_switch_fiber(&self.fake_stack, target.bottom, target.size);
#endif
#if defined(ROOST_FIBER_TSAN)
    __tsan_switch_to_fiber(target.tsan, 0);
#endif
    arrive(context::jump_fcontext(target.context, this));
  }

  // The first thing that happens on a fiber after each switch to it.
  void arrive(context::transfer_t from) {
    fiber& self = *current_;
    previous_->context = from.fctx;
#if defined(ROOST_FIBER_ASAN)
    __sanitizer_finish_switch_fiber(self.fake_stack, &previous_->bottom, &previous_->size);
#endif
    if (!ROOST_PLANT(plant_exceptions_shared)) std::memcpy(exceptions_, &self.exceptions, sizeof(exception_state));
    errno = self.error_number;
  }

  static void check_canary(fiber const& self) {
    std::uint64_t found = canary;
    if (self.stack.has_canary) std::memcpy(&found, self.stack.low, sizeof found);
    ROOST_INVARIANT(found == canary,
                    "a handler overflowed its stack of " + std::to_string(self.stack.top - self.stack.low) + " bytes");
  }

  // Frees what the sanitizers keep for a fiber whose frames are abandoned.
  void forget([[maybe_unused]] fiber& gone) {
#if defined(ROOST_FIBER_ASAN)
    // The fake stack of a fiber is freed by leaving the fiber for good: enter it in name only, then leave it.
    __sanitizer_start_switch_fiber(&main_.fake_stack, gone.bottom, gone.size);
    __sanitizer_finish_switch_fiber(gone.fake_stack, nullptr, nullptr);
    __sanitizer_start_switch_fiber(nullptr, main_.bottom, main_.size);
    __sanitizer_finish_switch_fiber(main_.fake_stack, nullptr, nullptr);
#endif
#if defined(ROOST_FIBER_TSAN)
    __tsan_destroy_fiber(gone.tsan);
#endif
  }

  unique_function<bool()> step_;
  stack_region stacks_;
  std::deque<fiber> fibers_;
  std::vector<fiber*> spares_;  // The last one is taken first: its stack is warm, and the order repeats from run to run.
  std::size_t parked_ = 0;
  fiber main_;
  fiber* current_ = &main_;
  fiber* previous_ = nullptr;
  void* exceptions_ = nullptr;
};

fiber_pool::fiber_pool(unique_function<bool()> step, std::size_t stack_bytes, std::size_t max_fibers)
    : impl_(std::make_unique<impl>(std::move(step), stack_bytes != 0 ? stack_bytes : standard_stack_bytes,
                                   max_fibers != 0 ? max_fibers : standard_max_fibers)) {}

fiber_pool::~fiber_pool() = default;

void fiber_pool::run() { impl_->run(); }
bool fiber_pool::inside() const noexcept { return impl_->inside(); }
void fiber_pool::park(parked& where) { impl_->park(where.fiber_); }
void fiber_pool::resume(parked& where) { impl_->resume(where.fiber_); }
void fiber_pool::unwind(parked& where) { impl_->unwind(where.fiber_); }
void fiber_pool::abandon() { impl_->abandon(); }
bool fiber_pool::is_guard(void const* address) const noexcept { return impl_->stacks().is_guard(address); }
std::size_t fiber_pool::stack_bytes() const noexcept { return impl_->stacks().slot_bytes(); }
std::size_t fiber_pool::parked_count() const noexcept { return impl_->parked(); }

}  // namespace roost
