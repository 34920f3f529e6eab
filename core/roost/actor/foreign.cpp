#include <roost/actor/foreign.hpp>

#include <roost/actor/actor.hpp>
#include <roost/actor/knobs.hpp>
#include <roost/actor/registry.hpp>
#include <roost/base/plant.hpp>

namespace roost {
namespace detail {

/// What the thread and its actor share.
class foreign_sender : public std::enable_shared_from_this<foreign_sender> {
 public:
  foreign_sender(std::shared_ptr<side_door> to, proc_runtime& runtime, std::uint64_t limit)
      : door(std::move(to)), home(&runtime), most(limit) {}

  std::shared_ptr<side_door> door;
  // Used only inside the runtime.
  proc_runtime* home;
  std::uint64_t local = 0;     ///< Of the actor; 0 before it is made.
  std::uint64_t requests = 0;  ///< That have come in.
  std::uint64_t const most;
  // Used only within `door->change` and `door->wait`.
  std::uint64_t open = 0;  ///< Requests that have not been seen to.
  bool ended = false;
};

namespace {

ROOST_DEFINE_PLANT(plant_foreign_swap, "foreign-overtakes", "G2",
                   "Of what a foreign thread asks for, something is now and then done after what it asked for next.");

/// The actor of a foreign thread.
struct ForeignThread : actor {
  explicit ForeignThread(std::shared_ptr<foreign_sender> of) : sender(std::move(of)) {}
  ~ForeignThread() override {
    sender->door->change([this] { sender->ended = true; });
  }
  std::shared_ptr<foreign_sender> sender;
};

class_descriptor const& foreign_class = register_class("roost.ForeignThread", {});

class foreign_construct final : public message {
 public:
  explicit foreign_construct(std::shared_ptr<foreign_sender> of) : sender_(std::move(of)) {}
  void invoke(handler_frame& frame) override {
    auto made = std::make_unique<ForeignThread>(sender_);
    runtime_entry const inside;
    frame.cell->set_user(std::move(made));
  }

 private:
  std::shared_ptr<foreign_sender> sender_;
};

/// One request. It is open until this is gone, whatever becomes of it.
class foreign_request final : public message {
 public:
  foreign_request(std::shared_ptr<foreign_sender> of, unique_function<void()> f) : sender_(std::move(of)), f_(std::move(f)) {}
  ~foreign_request() override {
    f_ = {};
    sender_->door->change([this] { --sender_->open; });
  }
  void invoke(handler_frame&) override { f_(); }

 private:
  std::shared_ptr<foreign_sender> sender_;
  unique_function<void()> f_;
};

error unavailable() { return {errc::unavailable, "the proc, or the actor that let this thread in, has ended"}; }

void begin(std::shared_ptr<foreign_sender> const& sender, actor_id owner, std::string const& name) {
  auto& home = *sender->home;
  auto* const cell = home.find(owner.local);
  if (cell == nullptr || (cell->state() != life::starting && cell->state() != life::running))
    return sender->door->change([&] { sender->ended = true; });
  auto const id = home.new_actor_id(*cell, home.self());
  sender->local = id.local;
  home.spawn_here({id, owner, {}, &foreign_class, name, point(), std::make_unique<foreign_construct>(sender)});
}

}  // namespace

void post_to(foreign_sender& sender, unique_function<void()> f) {
  bool open = false;
  bool ended = false;
  sender.door->change([&] {
    ended = sender.ended;
    open = !ended && sender.open < sender.most;
    if (open) ++sender.open;
  });
  if (ended) throw_error(unavailable());
  if (!open)
    throw_error(error(errc::would_block, "a foreign thread has " + std::to_string(sender.most) +
                                             " requests open, as many as link.credit_messages says"));
  auto const itself = sender.shared_from_this();
  auto request = std::make_unique<foreign_request>(itself, std::move(f));
  bool const entered = sender.door->enter([itself, request = std::move(request)]() mutable {
    auto* const cell = itself->home->find(itself->local);
    if (cell == nullptr) return;
    if (++itself->requests % 4 == 0 && ROOST_PLANT(plant_foreign_swap)) {
      post_callback(*itself->home, itself->local, [cell, late = std::move(request)]() mutable {
        runtime_entry const inside;
        cell->post(std::move(late));
      });
      return;
    }
    cell->post(std::move(request));
  });
  if (!entered) throw_error(unavailable());
}

}  // namespace detail

foreign_access open_to_threads(std::string name) {
  runtime_entry const inside;
  auto& cell = *detail::require_frame("open_to_threads()").cell;
  auto const& seams = cell.home().seams();
  return {seams.executor->door(), cell.home(), cell.id(), std::move(name), seams.knobs->count(detail::knobs::credit_messages())};
}

foreign_thread::foreign_thread(foreign_access const& access) : door_(access.door_) {
  if (door_ == nullptr) detail::throw_error(error(errc::bad_argument, "a foreign_thread needs what open_to_threads() gives"));
  if (detail::current_frame() != nullptr)
    detail::throw_error(error(errc::bad_argument, "a handler is no foreign thread: it can use the runtime itself"));
  if (detail::current_foreign() != nullptr)
    detail::throw_error(error(errc::bad_argument, "this thread has a foreign_thread already"));
  sender_ = std::make_shared<detail::foreign_sender>(door_, *access.home_, access.most_);
  bool const entered =
      door_->enter([sender = sender_, owner = access.owner_, name = access.name_] { detail::begin(sender, owner, name); });
  if (!entered) detail::throw_error(detail::unavailable());
  detail::foreign_of_this_thread = sender_.get();
}

foreign_thread::~foreign_thread() {
  detail::foreign_of_this_thread = nullptr;
  door_->enter([sender = sender_] {
    if (auto* const cell = sender->home->find(sender->local)) cell->stop();
  });
}

void foreign_thread::wait_for_room(nanoseconds timeout) {
  wait([this] { return sender_->ended || sender_->open < sender_->most; }, timeout);
}

void foreign_thread::wait(unique_function<bool()> holds, nanoseconds timeout) {
  bool over = false;
  if (door_->wait(
          [&] {
            over = sender_->ended;
            return holds();
          },
          timeout))
    return;
  detail::throw_error(over || timeout == nanoseconds::max()
                          ? detail::unavailable()
                          : error(errc::timeout, "what a foreign thread waits for did not come in " + to_string(timeout)));
}

}  // namespace roost
