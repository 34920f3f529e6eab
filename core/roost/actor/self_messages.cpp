#include <roost/actor/self_messages.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

class post_timer final : public self_timer {
 public:
  post_timer(actor_cell& cell, nanoseconds period, std::function<void()> f) : cell_(&cell), period_(period), f_(std::move(f)) {}
  void expired() override {
    auto& seams = cell_->home().seams();
    set_current_platform(&seams);
    cell_->post(std::make_unique<callback_message<std::function<void()>>>(f_));
    if (period_ > nanoseconds(0)) {
      seams.clock->arm(*this, later(seams.clock->now(), period_));
    } else {
      std::erase_if(cell_->extras().timers, [this](auto const& t) { return t.get() == this; });
    }
  }

 private:
  actor_cell* cell_;
  nanoseconds period_;
  std::function<void()> f_;
};

}  // namespace

void post_later(nanoseconds delay, nanoseconds period, std::function<void()> f) {
  auto& cell = *require_frame("A delayed message").cell;
  auto& clock = *cell.home().seams().clock;
  auto t = std::make_unique<post_timer>(cell, period, std::move(f));
  if (auto const at = later(clock.now(), delay); at != never) clock.arm(*t, at);
  cell.extras().timers.push_back(std::move(t));
}

}  // namespace roost::detail
