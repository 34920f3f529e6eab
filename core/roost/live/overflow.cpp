#include <roost/live/overflow.hpp>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <string>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ROOST_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROOST_SANITIZED 1
#endif

namespace roost {
#if !defined(ROOST_SANITIZED)
namespace {

constexpr std::size_t alternate_bytes = std::size_t{64} << 10;

struct watched {
  progress_page const* progress = nullptr;  // Null: nobody watches.
  proc_id self;
  fiber_pool const* fibers = nullptr;  // Null: the thread has one stack, of which the next three tell.
  std::uintptr_t guard = 0;
  std::size_t guard_bytes = 0;
  std::size_t stack_bytes = 0;

  bool overflows_at(void const* address) const noexcept {
    if (fibers != nullptr) return fibers->is_guard(address);
    return reinterpret_cast<std::uintptr_t>(address) - guard < guard_bytes;
  }
};
thread_local watched this_thread;

std::once_flag installed;
std::array<struct sigaction, NSIG> before;

/// Text of a signal handler: no memory is asked for.
class last_words {
 public:
  last_words& operator<<(std::string_view text) noexcept {
    std::size_t const fits = std::min(text.size(), text_.size() - size_);
    std::copy_n(text.data(), fits, text_.data() + size_);
    size_ += fits;
    return *this;
  }
  last_words& operator<<(std::uint64_t number) noexcept {
    char digits[20];
    auto const [end, bad] = std::to_chars(digits, digits + sizeof digits, number);
    return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
  }
  void say() const noexcept { static_cast<void>(!::write(STDERR_FILENO, text_.data(), size_)); }

 private:
  std::array<char, 1'024> text_{};
  std::size_t size_ = 0;
};

void report(watched const& where) noexcept {
  auto const seen = where.progress->look();
  if (seen.class_name.empty()) return;
  last_words words;
  words << "stack overflow: " << (where.fibers != nullptr ? "" : "offloaded code of ");
  if (seen.endpoint.empty()) {
    words << "a callback of " << seen.class_name;
  } else {
    words << seen.class_name << "." << seen.endpoint;
  }
  words << " of h" << where.self.host.value << "/p" << std::uint64_t{where.self.ordinal} << "."
        << std::uint64_t{where.self.incarnation} << "/a" << seen.actor << " used up its stack of "
        << std::uint64_t{where.stack_bytes >> 10} << " KiB\n";
  words.say();
}

void on_fault(int number, siginfo_t* info, void* context) {
  if (this_thread.progress != nullptr && this_thread.overflows_at(info->si_addr)) report(this_thread);
  // As if nobody had looked: whoever handled it before does, or the fault comes again and ends the process.
  auto const& next = before[static_cast<std::size_t>(number)];
  if ((next.sa_flags & SA_SIGINFO) != 0 && next.sa_sigaction != nullptr) {
    next.sa_sigaction(number, info, context);
  } else {
    ::signal(number, SIG_DFL);
    if (info->si_code <= 0) ::raise(number);  // Sent by a process: nothing comes again by itself.
  }
}

void install() {
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (int const number : {SIGSEGV, SIGBUS}) ::sigaction(number, &action, &before[static_cast<std::size_t>(number)]);
}

/// Finds the calling thread's own stack; false where the system does not tell.
bool find_own_stack(watched& where) {
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return false;
  void* low = nullptr;
  bool const found = ::pthread_attr_getstack(&attributes, &low, &where.stack_bytes) == 0 &&
                     ::pthread_attr_getguardsize(&attributes, &where.guard_bytes) == 0;
  ::pthread_attr_destroy(&attributes);
  where.guard = reinterpret_cast<std::uintptr_t>(low) - where.guard_bytes;
  return found;
}

}  // namespace
#endif

overflow_report::overflow_report(fiber_pool const& fibers, progress_page const& progress, proc_id self) {
  start(&fibers, progress, self);
}

overflow_report::overflow_report(progress_page const& progress, proc_id self) { start(nullptr, progress, self); }

void overflow_report::start(fiber_pool const* fibers, progress_page const& progress, proc_id self) {
#if !defined(ROOST_SANITIZED)
  watched where{.progress = &progress, .self = self, .fibers = fibers};
  if (fibers != nullptr) {
    where.stack_bytes = fibers->stack_bytes();
  } else if (!find_own_stack(where)) {
    return;
  }
  void* const memory = ::mmap(nullptr, alternate_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t const alternate{.ss_sp = memory, .ss_flags = 0, .ss_size = alternate_bytes};
  if (::sigaltstack(&alternate, nullptr) != 0) {
    ::munmap(memory, alternate_bytes);
    return;
  }
  stack_ = memory;
  this_thread = where;
  std::call_once(installed, install);
#else
  static_cast<void>(fibers);
  static_cast<void>(progress);
  static_cast<void>(self);
#endif
}

overflow_report::~overflow_report() {
#if !defined(ROOST_SANITIZED)
  if (stack_ == nullptr) return;
  this_thread = {};
  stack_t const none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  ::sigaltstack(&none, nullptr);
  ::munmap(stack_, alternate_bytes);
#endif
}

}  // namespace roost
