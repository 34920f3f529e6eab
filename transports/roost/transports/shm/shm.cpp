#include <roost/base/plant.hpp>
#include <roost/transports/limits.hpp>
#include <roost/transports/shm/shm.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

namespace roost {
namespace {

knob const ring_bytes({"shm.ring_bytes", knob_unit::byte, 4 << 20, 4 << 10, 256 << 20,
                       "bytes of the ring in each direction between two procs, rounded up to a power of two"});

knob const ring_idle({"shm.ring_idle", knob_unit::nanosecond, 10'000'000'000, 0, 3'600'000'000'000,
                      "how long nothing is sent before the ring of that direction is given up until something is; 0: never"});

ROOST_DEFINE_PLANT(idle_ring_dropped_full, "idle-ring-dropped-full", "G3",
                   "gives up a ring that was not written to for a while though its reader has not taken everything");
ROOST_DEFINE_PLANT(ring_never_asked_for, "ring-never-asked-for", "G4", "waits for a ring to write to without asking for one");
ROOST_DEFINE_PLANT(bell_not_rung, "bell-not-rung", "G4", "lets a reader sleep that asked to be rung");
ROOST_DEFINE_PLANT(hang_up_unseen, "hang-up-unseen", "G4", "does not see that a peer's socket hung up");

knob const attach_allowed({"shm.attach", knob_unit::count, 1, 0, 1,
                           "1: large frames are read from the sender's memory where the system allows it; 0: never"});
knob const attach_from({"shm.attach_from", knob_unit::byte, 1 << 20, 1, 1 << 30,
                        "frames of so many bytes or more are read from the sender's memory where that is allowed"});

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
      max_frame_(local_max_frame(knobs)),
      ring_bytes_(std::bit_ceil(knobs.count(ring_bytes))),
      lend_from_(knobs.count(attach_from)),
      may_attach_(knobs.get(attach_allowed) != 0),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      ring_idle_(knobs.get(ring_idle)),
      look_timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  require_system(bool(bell_), "make an eventfd");
  require_system(bool(look_timer_), "make a timer");
  bell_watch_ = loop_.add(bell_.get(), EPOLLIN, [this](std::uint32_t) {
    std::uint64_t count = 0;
    static_cast<void>(!::read(bell_.get(), &count, sizeof count));
  });
  look_watch_ = loop_.add(look_timer_.get(), EPOLLIN, [this](std::uint32_t) {
    std::uint64_t times = 0;
    static_cast<void>(!::read(look_timer_.get(), &times, sizeof times));
    look_for_idle();
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
  if (auto const asked = shm::ask_for_credentials(with.socket.get()); !asked) return asked;
  auto const file = make_ring(with);
  if (!file) return file.failure();
  return shm::send_greeting(with.socket.get(),
                            {.capacity = ring_bytes_, .mark_address = with.mark.address(), .mark = with.mark.value()},
                            (*file).get(), bell_.get());
}

result<descriptor> shm_transport::make_ring(link& to_read) {
  auto file = sealed_memory_file("roost-ring", shm::ring_data_offset + ring_bytes_);
  if (!file) return file;
  auto memory = shm::ring_memory::map((*file).get(), ring_bytes_);
  if (!memory) return memory.failure();
  to_read.in.open(shm::ring_reader(*std::move(memory)), max_frame_);
  to_read.reads = true;
  return file;
}

void shm_transport::on_socket(std::shared_ptr<link> const& from) {
  for (;;) {
    shm::notice notice;
    auto const got = shm::receive_notice(from->socket.get(), notice);
    if (!got) return end(from, got.failure());
    if (*got == shm::notice_status::nothing) return;
    if (*got == shm::notice_status::hung_up) {
      from->hung_up = !ROOST_PLANT(hang_up_unseen);
      from->socket_watch.reset();
      return;
    }
    bool const was_open = from->open;
    if (auto const heeded = heed(*from, std::move(notice)); !heeded) return end(from, heeded.failure());
    if (!was_open && events_ != nullptr) events_->connected(from->id, from->peer, from->initiated);
    if (from->gone) return;
  }
}

result<void> shm_transport::heed(link& from, shm::notice notice) {
  auto const out_of_place = [&from](char const* what) { return error(errc::bad_frame, what, to_string(from.peer)); };
  if (from.open == (notice.kind == shm::notice_kind::greeting))
    return out_of_place(from.open ? "the peer greeted twice" : "the peer did not greet first");
  switch (notice.kind) {
    case shm::notice_kind::greeting: return accept(from, notice);
    case shm::notice_kind::dropped:
      if (!from.reads || !from.in.drop()) return out_of_place("the peer gave up a ring that is not there, or not empty");
      from.reads = false;
      return {};
    case shm::notice_kind::wanted: {
      if (from.reads) return out_of_place("the peer asks for a ring, and has one");
      auto const file = make_ring(from);
      if (!file) return file.failure();
      return shm::send_ring(from.socket.get(), ring_bytes_, (*file).get());
    }
    case shm::notice_kind::ring:
      if (!std::exchange(from.wanted, false)) return out_of_place("the peer sent a ring that nobody asked for");
      return take_ring(from, notice);
  }
  return {};
}

result<void> shm_transport::accept(link& from, shm::notice& greeting) {
  if (auto const taken = take_ring(from, greeting); !taken) return taken;
  from.peer_bell = std::move(greeting.bell);
  from.open = true;
  attach_to(from, greeting);
  return {};
}

result<void> shm_transport::take_ring(link& from, shm::notice const& notice) {
  auto memory = shm::ring_memory::map(notice.ring.get(), notice.capacity);
  if (!memory) return memory.failure();
  from.out.open(shm::ring_writer(*std::move(memory)), lend_from_);
  from.writes = from.used = true;
  if (!looks_) look_later();
  return {};
}

void shm_transport::attach_to(link& peer, shm::notice const& greeting) {
  if (!may_attach_) return;
  shm::peer_memory const memory(greeting.process, greeting.mark_address, greeting.mark);
  // A peer that may not be read, or says what is not so, sends large frames through the ring.
  if (memory.probe()) peer.in.attach(memory);
}

send_status shm_transport::send(channel_id c, shared_bytes const& frame) {
  if (recent_ == nullptr || recent_->id != c) {
    auto const found = links_.find(c);
    if (found == links_.end()) return send_status::closed;
    recent_ = found->second.get();
  }
  link& to = *recent_;
  if (to.failure) return send_status::closed;
  if (frame.size() > max_frame_) {
    to.failure = {errc::too_large,
                  "a frame of " + to_string(bytes{frame.size()}) + " is over the limit of " + to_string(bytes{max_frame_}),
                  to_string(to.peer)};
    return send_status::closed;
  }
  if (!to.writes) return send_without_ring(to);
  to.used = true;
  auto const put = to.out.put(frame);
  if (to.out.must_ring() && !ROOST_PLANT(bell_not_rung)) ring(to.peer_bell);
  if (put == shm::ring_status::done) return send_status::sent;
  if (put == shm::ring_status::nothing) return send_status::full;
  to.failure = broken_ring(to.peer);
  return send_status::closed;
}

send_status shm_transport::send_without_ring(link& to) {
  to.refused = true;
  if (!to.open || std::exchange(to.wanted, true) || ROOST_PLANT(ring_never_asked_for)) return send_status::full;
  auto const asked = shm::send_notice(to.socket.get(), shm::notice_kind::wanted);
  if (asked) return send_status::full;
  to.failure = asked.failure();
  return send_status::closed;
}

void shm_transport::look_later() {
  if (ring_idle_ == nanoseconds(0)) return;
  // Two looks in a row that find nothing sent make it idle.
  auto const wait = std::max(ring_idle_ / 2, nanoseconds(1));
  auto const whole = std::chrono::duration_cast<std::chrono::seconds>(wait);
  itimerspec when{};
  when.it_value = {.tv_sec = whole.count(), .tv_nsec = (wait - whole).count()};
  looks_ = ::timerfd_settime(look_timer_.get(), 0, &when, nullptr) == 0;
}

void shm_transport::look_for_idle() {
  looks_ = false;
  bool any = false;
  for (auto const& [id, each] : links_) {
    if (each->writes) drop_if_idle(*each);
    any |= each->writes;
  }
  if (any) look_later();
}

void shm_transport::drop_if_idle(link& each) {
  bool const rested = !std::exchange(each.used, false);
  bool const idle = std::exchange(each.rested, rested) && rested;
  if (!idle || !each.open || each.hung_up || each.refused || each.failure) return;
  if (!each.out.idle() && !ROOST_PLANT(idle_ring_dropped_full)) return;
  each.out.drop();
  each.writes = each.rested = false;
  // Where even that cannot be said the peer does not read its socket any more, or is gone.
  if (auto const said = shm::send_notice(each.socket.get(), shm::notice_kind::dropped); !said) each.failure = said.failure();
}

std::size_t shm_transport::rings() const noexcept {
  std::size_t count = 0;
  for (auto const& [id, each] : links_) count += (each->reads ? 1U : 0U) + (each->writes ? 1U : 0U);
  return count;
}

void shm_transport::close(channel_id c) {
  auto const found = links_.find(c);
  if (found == links_.end()) return;
  auto const closed = std::move(found->second);
  links_.erase(found);
  if (recent_ == closed.get()) recent_ = nullptr;
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
  bool any = each->open && each->reads && receive(each);
  if (each->gone) return true;
  if (each->hung_up && !any) {
    end(each, {errc::unavailable, "the peer hung up", to_string(each->peer)});
    return true;
  }
  if (each->writes) any |= go_on_sending(each);
  return any;
}

bool shm_transport::receive(std::shared_ptr<link> const& each) {
  using step = shm::frame_reader::step;
  int frames = 0;
  auto last = step::frame;
  while (frames < frames_per_poll && last == step::frame) {
    shared_bytes frame;
    auto const done = each->in.next(frame);
    if (!done) {
      auto why = done.failure();
      why.where = to_string(each->peer);
      end(each, std::move(why));
      return true;
    }
    last = *done;
    if (each->in.owes_room() && each->in.give_back()) ring(each->peer_bell);
    if (last != step::frame) break;
    ++frames;
    if (events_ != nullptr) events_->received(each->id, std::move(frame));
    if (each->gone) return true;
  }
  if (each->in.give_back()) ring(each->peer_bell);
  return frames > 0 || last == step::working;
}

bool shm_transport::go_on_sending(std::shared_ptr<link> const& each) {
  auto const moved = each->out.pump();
  if (moved == shm::ring_status::done && each->out.must_ring()) ring(each->peer_bell);
  auto const room = moved == shm::ring_status::corrupt ? moved : each->out.room_again();
  if (room == shm::ring_status::corrupt) {
    end(each, broken_ring(each->peer));
    return true;
  }
  bool const was_refused = std::exchange(each->refused, false) || room == shm::ring_status::done;
  if (was_refused && events_ != nullptr) events_->writable(each->id);
  return was_refused || moved == shm::ring_status::done;
}

bool shm_transport::arm() {
  bool quiet = true;
  for (auto const& [id, each] : links_) {
    if (each->failure || each->hung_up || (each->writes && each->refused)) quiet = false;
    if (!each->open) continue;
    if (each->reads) quiet = each->in.arm() && quiet;
    if (each->writes) quiet = each->out.arm() == shm::ring_status::nothing && quiet;
  }
  return quiet;
}

void shm_transport::disarm() {
  for (auto const& [id, each] : links_) {
    if (!each->open) continue;
    if (each->reads) each->in.disarm();
    if (each->writes) each->out.disarm();
  }
}

}  // namespace roost
