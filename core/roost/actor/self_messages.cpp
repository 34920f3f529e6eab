#include <roost/actor/self_messages.hpp>

#include <memory>
#include <utility>

namespace roost::detail {
namespace {

class post_timer final : public self_timer {
 public:
  post_timer(actor_cell& cell, nanoseconds period, std::function<void()> f)
      : cell_(&cell), period_(period), f_(std::move(f)), itself_(std::make_shared<post_timer*>(this)) {}
  ~post_timer() override { *itself_ = nullptr; }

  void expired() override {
    set_current_platform(&cell_->home().seams());
    if (period_ == nanoseconds(0)) {
      cell_->post(std::make_unique<callback_message<std::function<void()>>>(std::move(f_)));
      // The last takes its place.
      auto& timers = cell_->extras().timers;
      timers.back()->place = place;
      if (place + 1 != timers.size()) std::swap(timers[place], timers.back());
      timers.pop_back();
      return;
    }
    // Not before this one has started: an actor that is behind has one in its mailbox, and not one for each period.
    auto run = [itself = itself_, f = f_] {
      {
        runtime_entry const inside;
        if (*itself != nullptr) (*itself)->arm_again();
      }
      f();
    };
    cell_->post(std::make_unique<callback_message<std::function<void()>>>(std::move(run)));
  }

 private:
  void arm_again() {
    auto& clock = *cell_->home().seams().clock;
    clock.arm(*this, later(clock.now(), period_));
  }

  actor_cell* cell_;
  nanoseconds period_;
  std::function<void()> f_;
  std::shared_ptr<post_timer*> itself_;  ///< Null once it is gone.
};

}  // namespace

void post_later(nanoseconds delay, nanoseconds period, std::function<void()> f) {
  runtime_entry const inside;
  auto& cell = *require_frame("A delayed message").cell;
  auto& clock = *cell.home().seams().clock;
  if (cell.state() != life::starting && cell.state() != life::running) return;  // It accepts no more.
  auto const at = later(clock.now(), delay);
  if (at == never) return;
  auto& timers = cell.extras().timers;
  auto t = std::make_unique<post_timer>(cell, period, std::move(f));
  t->place = timers.size();
  clock.arm(*t, at);
  timers.push_back(std::move(t));
}

}  // namespace roost::detail
