#include <roost/live/control_channel.hpp>

#include <sys/epoll.h>

#include <utility>

namespace roost {

control_channel::control_channel(event_loop& loop, descriptor socket, control_channel_events& events)
    : loop_(loop), socket_(std::move(socket)), events_(events) {
  watch(false);
}

void control_channel::watch(bool for_room) {
  if (watch_ && for_room == for_room_) return;
  for_room_ = for_room;
  watch_.reset();
  std::uint32_t const wanted = EPOLLIN | EPOLLRDHUP | (for_room ? std::uint32_t{EPOLLOUT} : 0);
  watch_ = loop_.add(socket_.get(), wanted, [this](std::uint32_t ready) {
    if ((ready & EPOLLOUT) != 0) send_kept();
    if ((ready & ~std::uint32_t{EPOLLOUT}) != 0) read();
  });
}

void control_channel::send(control_record record) {
  if (!watch_) return;
  kept_.push_back(std::move(record));
  if (!for_room_) send_kept();
}

void control_channel::send_kept() {
  for (; !kept_.empty(); kept_.pop_front())
    if (try_send_record(socket_.get(), kept_.front()) == send_record_status::full) return watch(true);
  watch(false);
}

void control_channel::read() {
  while (socket_) {
    control_record record;
    switch (receive_record(socket_.get(), record)) {
      case control_status::record: events_.received(std::move(record)); break;
      case control_status::nothing: return;
      case control_status::closed: close(); return events_.hung_up();
    }
  }
}

void control_channel::close() noexcept {
  watch_.reset();
  kept_.clear();
  socket_.reset();
}

}  // namespace roost
