#include <signal.h>
#include <unistd.h>

#include <roost/actor/cell.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <tools/last_words.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace roost::tools {
namespace {

static_assert(where_asked == SIGUSR2);

constexpr std::array crashes{SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
int answers_to = -1;
std::array<struct sigaction, NSIG> former;
alignas(16) std::array<char, std::size_t{64} << 10> alternate_stack;

class signal_text {
 public:
  signal_text& operator<<(std::string_view text) noexcept {
    auto const fits = std::min(text.size(), text_.size() - size_);
    std::copy_n(text.data(), fits, text_.data() + size_);
    size_ += fits;
    return *this;
  }
  signal_text& operator<<(std::uint64_t number) noexcept {
    char digits[20];
    auto const [end, bad] = std::to_chars(digits, digits + sizeof digits, number);
    return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
  }
  /// The text with its line end, which there is always room for.
  void write(int fd) noexcept {
    text_[std::min(size_, text_.size() - 1)] = '\n';
    static_cast<void>(!::write(fd, text_.data(), std::min(size_ + 1, text_.size())));
  }

 private:
  std::array<char, 1'024> text_{};
  std::size_t size_ = 0;
};

signal_text& operator<<(signal_text& out, detail::actor_cell const& cell) noexcept {
  out << cell.what().name << " " << cell.name();
  auto const& shape = cell.where().extent();
  std::uint64_t below = shape.size(), left = cell.where().rank();
  for (std::size_t i = 0; i != shape.dims(); ++i) {
    below /= shape.sizes()[i];
    out << (i == 0 ? "[" : ",") << shape.labels()[i] << "=" << left / below << "/" << shape.sizes()[i];
    left %= below;
  }
  auto const id = cell.id();
  return out << (shape.dims() == 0 ? " (h" : "] (h") << id.proc.host.value << "/p" << std::uint64_t{id.proc.ordinal} << "."
             << std::uint64_t{id.proc.incarnation} << "/a" << id.local << ")";
}

signal_text& operator<<(signal_text& out, detail::handler_frame const& frame) noexcept {
  if (frame.handled != nullptr && frame.handled->endpoint != nullptr) {
    out << "in " << frame.handled->endpoint->class_name << "." << frame.handled->endpoint->name << " of ";
  } else {
    out << "in a callback, constructor, supervise or cleanup of ";
  }
  return out << *frame.cell;
}

void say_where(int) {
  signal_text text;
  text << std::string_view(&last_words_mark, 1);
  auto const* const frame = detail::current_frame();
  (frame == nullptr ? text << "in no handler" : text << *frame).write(answers_to);
}

void on_crash(int number, siginfo_t* info, void* context) {
  if (auto const* const frame = detail::current_frame(); frame != nullptr) {
    signal_text text;
    text << std::string_view(&last_words_mark, 1) << *frame;
    auto& fibers = frame->cell->home().seams().executor->fibers();
    bool const by_access = number == SIGSEGV || number == SIGBUS;
    if (by_access && fibers.is_guard(info->si_addr))
      text << ", which used up its stack of " << (fibers.stack_bytes() >> 10) << " KiB";
    text.write(answers_to);
  }
  // As if nobody had looked: whoever handled it before does, or it comes again and ends the process.
  auto const& next = former[static_cast<std::size_t>(number)];
  if ((next.sa_flags & SA_SIGINFO) != 0 && next.sa_sigaction != nullptr) return next.sa_sigaction(number, info, context);
  ::signal(number, SIG_DFL);
  if (info->si_code <= 0) ::raise(number);
}

}  // namespace

void keep_last_words(int fd) {
  answers_to = fd;
  ::signal(where_asked, say_where);
  stack_t now{};
  // A sanitizer has given the thread one already.
  if (::sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_DISABLE) != 0) {
    stack_t const alternate{.ss_sp = alternate_stack.data(), .ss_flags = 0, .ss_size = alternate_stack.size()};
    ::sigaltstack(&alternate, nullptr);
  }
  struct sigaction action{};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (int const number : crashes) ::sigaction(number, &action, &former[static_cast<std::size_t>(number)]);
}

}  // namespace roost::tools
