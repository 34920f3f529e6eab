#include <roost/actor/reply_port.hpp>

namespace roost::detail {
namespace {

/// Where the answer to a reply port that went to another proc comes back, to be passed on.
class relay_port final : public port_base {
 public:
  explicit relay_port(reply_route next) : next_(next) {}
  result<void> take(void*, std::uint64_t) override { return error(errc::bad_argument, "a relay takes answers of other procs"); }
  result<void> take_bytes(shared_bytes const& encoded, std::uint64_t type) override {
    home->pass_value(next_, encoded, type);
    return {};
  }
  void fail(error why) override { home->pass_error(next_, why); }
  bool once() const noexcept override { return true; }

 private:
  reply_route next_;
};

void note_forwarded(proc_runtime& home, reply_duty const& duty, actor_id to) {
  if (home.seams().observer != nullptr) home.seams().observer->forwarded(duty.holder(), to, duty.request());
}

}  // namespace

reply_duty& reply_duty::operator=(reply_duty&& other) noexcept {
  if (this == &other) return *this;
  abandon();
  home_ = other.home_;
  to_ = other.release();
  holder_ = other.holder_;
  request_ = other.request_;
  return *this;
}

void reply_duty::abandon() noexcept {
  if (!to_) return;
  runtime_entry const inside;
  if (!home_->mute()) fail(error(errc::no_reply, "the reply port was destroyed unanswered", to_string(holder_)));
}

void reply_duty::fail(error const& why) {
  if (why.code == errc::ok)
    throw_error(error(errc::bad_argument, "a request fails with an error that says ok, expected a code that says what failed"));
  runtime_entry const inside;
  if (to_) home_->answer_error(release(), why, holder_, request_);
}

void reply_duty::pass_to(actor_id next) {
  note_forwarded(*home_, *this, next);
  holder_ = next;
}

passage::passage(proc_runtime& home, duty_list duties, actor_id to) : home_(&home), to_(to), duties_(std::move(duties)) {
  for (auto const* duty : duties_) {
    relays_.emplace_back(new relay_port(duty->route()));
    home.open_port(*relays_.back(), {});
    relays_.back()->target = to;
    relays_.back()->awaited = true;
  }
}

passage::~passage() {
  for (auto const& relay : relays_) home_->close_port(*relay);
}

std::vector<carried_duty> passage::carried() const {
  std::vector<carried_duty> all;
  for (std::size_t i = 0; i != duties_.size(); ++i)
    all.push_back({relays_[i]->number, duties_[i]->request().high, duties_[i]->request().low});
  return all;
}

void passage::sent() {
  for (auto const& relay : relays_) home_->mark_sent(relay->number);
  relays_.clear();
  for (auto* const duty : duties_) {
    note_forwarded(*home_, *duty, to_);
    (void)duty->release();
  }
}

}  // namespace roost::detail
