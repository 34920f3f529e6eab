#include <roost/live/descriptor.hpp>
#include <roost/live/entropy.hpp>

#include <sys/random.h>

#include <cerrno>

namespace roost {

std::uint64_t live_entropy::draw(entity_key) {
  if (left_ == 0) {
    // 256 bytes: the most that the kernel gives whole and uninterrupted.
    ssize_t const got = ::getrandom(words_.data(), sizeof words_, 0);
    ROOST_INVARIANT(got == static_cast<ssize_t>(sizeof words_), system_error("draw random words", errno).what);
    left_ = words_.size();
  }
  return std::exchange(words_[--left_], 0);
}

}  // namespace roost
