#include <roost/base/plant.hpp>
#include <roost/transports/limits.hpp>
#include <roost/transports/shm/greeting.hpp>
#include <roost/transports/shm/shm.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

namespace roost {
namespace {

knob const ring_bytes({"shm.ring_bytes", knob_unit::byte, 4 << 20, 4 << 10, 256 << 20,
                       "bytes of the ring in each direction between two procs, rounded up to a power of two"});

ROOST_DEFINE_PLANT(bell_not_rung, "bell-not-rung", "G4", "lets a reader sleep that asked to be rung");
ROOST_DEFINE_PLANT(hang_up_unseen, "hang-up-unseen", "G4", "does not see that a peer's socket hung up");

constexpr int frames_per_poll = 64;

void ring(descriptor const& bell) noexcept {
  std::uint64_t const one = 1;
  // A full counter has been rung already.
  static_cast<void>(!::write(bell.get(), &one, sizeof one));
}

error broken_ring(proc_id peer) {
  return {errc::bad_frame, "the peer wrote to the ring what no peer of ours writes", to_string(peer)};
}

}  // namespace

shm_transport::shm_transport(event_loop& loop, introducer& procs, proc_id self, knob_values const& knobs)
    : loop_(loop),
      introducer_(procs),
      self_(self),
      ring_bytes_(std::bit_ceil(knobs.count(ring_bytes))),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  max_frame_ = std::min(local_max_frame(knobs), ring_bytes_ - shm::room_for(0));
  ROOST_INVARIANT(bool(bell_), system_error("make an eventfd", errno).what);
  bell_watch_ = loop_.add(bell_.get(), EPOLLIN, [this](std::uint32_t) {
    std::uint64_t count = 0;
    static_cast<void>(!::read(bell_.get(), &count, sizeof count));
  });
  loop_.add(*this);
}

shm_transport::~shm_transport() {
  introducer_.attach(nullptr);
  loop_.remove(*this);
}

void shm_transport::attach(transport_events* events) {
  events_ = events;
  introducer_.attach(events != nullptr ? this : nullptr);
}

channel_id shm_transport::connect(proc_id peer) {
  auto const made = std::make_shared<link>();
  made->id = ++last_;
  made->peer = peer;
  made->initiated = true;
  links_.emplace(made->id, made);
  requests_.emplace(introducer_.introduce(peer), made->id);
  return made->id;
}

void shm_transport::introduced(std::uint64_t request, proc_id peer, descriptor socket) {
  std::shared_ptr<link> with;
  if (request == 0) {
    with = std::make_shared<link>();
    with->id = ++last_;
    with->peer = peer;
    links_.emplace(with->id, with);
  } else {
    auto const asked = requests_.find(request);
    if (asked == requests_.end()) return;
    auto const found = links_.find(asked->second);
    requests_.erase(asked);
    if (found == links_.end()) return;
    with = found->second;
  }
  if (auto const greeted = greet(*with, std::move(socket)); !greeted) return end(with, greeted.failure());
  with->socket_watch = loop_.add(with->socket.get(), EPOLLIN | EPOLLRDHUP, [this, weak = std::weak_ptr(with)](std::uint32_t) {
    if (auto const alive = weak.lock()) on_socket(alive);
  });
}

void shm_transport::refused(std::uint64_t request, error why) {
  auto const asked = requests_.find(request);
  if (asked == requests_.end()) return;
  auto const found = links_.find(asked->second);
  requests_.erase(asked);
  if (found != links_.end()) end(std::shared_ptr(found->second), std::move(why));
}

result<void> shm_transport::greet(link& with, descriptor socket) {
  with.socket = std::move(socket);
  if (auto const same = check_same_user(with.socket.get()); !same) return same;
  auto const file = sealed_memory_file("roost-ring", shm::ring_data_offset + ring_bytes_);
  if (!file) return file.failure();
  auto memory = shm::ring_memory::map((*file).get(), ring_bytes_);
  if (!memory) return memory.failure();
  with.in = shm::ring_reader(*std::move(memory));
  return shm::send_greeting(with.socket.get(), ring_bytes_, (*file).get(), bell_.get());
}

void shm_transport::on_socket(std::shared_ptr<link> const& from) {
  for (;;) {
    shm::greeting greeting;
    auto const got = shm::receive_greeting(from->socket.get(), greeting);
    if (!got) return end(from, got.failure());
    if (*got == shm::greeting_status::nothing) return;
    if (*got == shm::greeting_status::hung_up) {
      from->hung_up = !ROOST_PLANT(hang_up_unseen);
      from->socket_watch.reset();
      return;
    }
    if (from->open) return end(from, {errc::bad_frame, "the peer greeted twice", to_string(from->peer)});
    auto memory = shm::ring_memory::map(greeting.ring.get(), greeting.capacity);
    if (!memory) return end(from, memory.failure());
    from->out = shm::ring_writer(*std::move(memory));
    from->peer_bell = std::move(greeting.bell);
    from->open = true;
    if (events_ != nullptr) events_->connected(from->id, from->peer, from->initiated);
    if (from->gone) return;
  }
}

send_status shm_transport::send(channel_id c, shared_bytes frame) {
  auto const found = links_.find(c);
  if (found == links_.end() || found->second->failure) return send_status::closed;
  link& to = *found->second;
  std::size_t const room = shm::room_for(frame.size());
  if (frame.size() > max_frame_ || (to.open && room > to.out.capacity())) {
    std::size_t const limit = to.open ? std::min(max_frame_, to.out.capacity() - shm::room_for(0)) : max_frame_;
    to.failure = {errc::too_large,
                  "a frame of " + to_string(bytes{frame.size()}) + " is over the limit of " + to_string(bytes{limit}),
                  to_string(to.peer)};
    return send_status::closed;
  }
  shm::ring_status const put = to.open ? to.out.put(frame.view()) : shm::ring_status::nothing;
  switch (put) {
    case shm::ring_status::done:
      if (to.out.must_ring() && !ROOST_PLANT(bell_not_rung)) ring(to.peer_bell);
      return send_status::sent;
    case shm::ring_status::nothing: to.wants = std::max(to.wants, room); return send_status::full;
    case shm::ring_status::corrupt: break;
  }
  to.failure = broken_ring(to.peer);
  return send_status::closed;
}

void shm_transport::close(channel_id c) {
  auto const found = links_.find(c);
  if (found == links_.end()) return;
  auto const closed = std::move(found->second);
  links_.erase(found);
  closed->gone = true;
  closed->socket_watch.reset();
}

void shm_transport::end(std::shared_ptr<link> const& which, error why) {
  if (which->gone) return;
  channel_id const c = which->id;
  close(c);
  if (events_ != nullptr) events_->closed(c, std::move(why));
}

bool shm_transport::poll() {
  bool any = false;
  // By number, since what is told here may open and close channels.
  for (auto at = links_.begin(); at != links_.end();) {
    auto const each = at->second;
    any |= serve(each);
    at = links_.upper_bound(each->id);
  }
  return any;
}

bool shm_transport::serve(std::shared_ptr<link> const& each) {
  if (each->failure) {
    end(each, each->failure);
    return true;
  }
  bool any = each->open && receive(each);
  if (each->gone) return true;
  if (each->hung_up && !any) {
    end(each, {errc::unavailable, "the peer hung up", to_string(each->peer)});
    return true;
  }
  if (each->wants > 0 && each->open) any |= tell_room(each);
  return any;
}

bool shm_transport::receive(std::shared_ptr<link> const& each) {
  int taken = 0;
  for (; taken < frames_per_poll; ++taken) {
    shared_bytes frame;
    shm::ring_status const got = each->in.take(frame);
    if (got == shm::ring_status::nothing) break;
    if (got == shm::ring_status::corrupt) {
      end(each, broken_ring(each->peer));
      return true;
    }
    if (each->in.must_ring()) ring(each->peer_bell);
    if (events_ != nullptr) events_->received(each->id, std::move(frame));
    if (each->gone) return true;
  }
  return taken > 0;
}

bool shm_transport::tell_room(std::shared_ptr<link> const& each) {
  switch (each->out.has_room(each->wants)) {
    case shm::ring_status::nothing: return false;
    case shm::ring_status::corrupt: end(each, broken_ring(each->peer)); return true;
    case shm::ring_status::done: break;
  }
  each->wants = 0;
  if (events_ != nullptr) events_->writable(each->id);
  return true;
}

bool shm_transport::arm() {
  bool quiet = true;
  for (auto const& [id, each] : links_) {
    if (each->failure || each->hung_up) quiet = false;
    if (!each->open) continue;
    quiet = each->in.arm() && quiet;
    if (each->wants > 0) quiet = each->out.arm(each->wants) == shm::ring_status::nothing && quiet;
  }
  return quiet;
}

void shm_transport::disarm() {
  for (auto const& [id, each] : links_) {
    if (!each->open) continue;
    each->in.disarm();
    each->out.disarm();
  }
}

}  // namespace roost
