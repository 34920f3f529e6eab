#include <roost/base/plant.hpp>
#include <roost/live/descriptor.hpp>
#include <roost/transports/shm/attach.hpp>

#include <sys/random.h>
#include <sys/uio.h>

#include <cerrno>

namespace roost::shm {
namespace {

ROOST_DEFINE_PLANT(plant_mark_unchecked, "mark-unchecked", "G3",
                   "What is read by a sender's process number is taken for its frame, whoever has that number now.");

error cannot_read(int error_number) {
  auto why = system_error("read the peer's memory", error_number);
  if (error_number == EFAULT) why.code = errc::bad_frame;
  if (error_number == EPERM || error_number == EACCES || error_number == ENOSYS) why.code = errc::unauthenticated;
  return why;
}

}  // namespace

memory_mark::memory_mark() {
  mark_value drawn{};
  ROOST_INVARIANT(::getrandom(drawn.data(), sizeof drawn, 0) == sizeof drawn, system_error("draw a mark", errno).what);
  words_[0].store(drawn[0] | 1);  // Never what a wiped one is.
  words_[1].store(drawn[1]);
}

void memory_mark::wipe() noexcept {
  for (auto& word : words_) word.store(0);
}

result<void> peer_memory::read(std::uint64_t address, std::span<std::byte> into) const {
  if (process_ <= 0) return error(errc::unauthenticated, "the peer's process cannot be seen from here");
  mark_value seen{};
  // In this order: the mark is gone before anything that was lent is.
  iovec const to[] = {{into.data(), into.size()}, {seen.data(), sizeof seen}};
  iovec const from[] = {{reinterpret_cast<void*>(address), into.size()}, {reinterpret_cast<void*>(mark_address_), sizeof seen}};
  auto const got = ::process_vm_readv(process_, to, 2, from, 2, 0);
  if (got < 0) return cannot_read(errno);
  if (static_cast<std::size_t>(got) != into.size() + sizeof seen) return cannot_read(EFAULT);
  if (seen != mark_ && !ROOST_PLANT(plant_mark_unchecked))
    return error(errc::unavailable, "the peer's process, or what it lent, is gone");
  return {};
}

}  // namespace roost::shm
