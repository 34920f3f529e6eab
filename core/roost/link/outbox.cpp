#include <roost/link/outbox.hpp>

#include <roost/base/plant.hpp>

#include <algorithm>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(window_ignored, "window-ignored", "G10", "sends beyond the window of frames that are not in custody");
ROOST_DEFINE_PLANT(lost_not_resent, "lost-not-resent", "G3", "does not send a lost frame again unless the channel is replaced");

}  // namespace

std::uint64_t outbox::number(outgoing const& message) {
  auto const drawn = next_++;
  auto const& h = message.header;
  if (!message.reserved) {
    records_.push({drawn,
                   h.sender,
                   h.receiver,
                   h.endpoint,
                   h.reply_port,
                   {h.stamp_high, h.stamp_low},
                   static_cast<std::uint32_t>(message.body.payload_size()),
                   false});
  }
  return drawn;
}

void outbox::left(shared_bytes frame, instant now) {
  bytes_in_flight_ += frame.size();
  sent_.push_back({std::move(frame), now, now, false, false, false});
}

void outbox::next_left(shared_bytes frame, instant now) {
  waiting_.pop_front();
  left(std::move(frame), now);
}

bool outbox::window_open(std::size_t frame_size) const noexcept {
  if (sent_.empty() || ROOST_PLANT(window_ignored)) return true;
  return sent_.size() < limits_->window_messages && bytes_in_flight_ + frame_size <= limits_->window_bytes;
}

outbox::custody_news outbox::custody(std::uint64_t below) {
  custody_news news;
  if (below > left_below()) return news;  // The peer cannot have it: not its frame to acknowledge.
  while (first_sent_ < below) {
    auto& entry = sent_.front();
    news.advanced = true;
    news.timed = !entry.resent;
    news.sent_at = entry.sent_at;
    bytes_in_flight_ -= entry.frame.size();
    sent_.pop_front();
    ++first_sent_;
    if (due_from_ != 0) --due_from_;
  }
  return news;
}

void outbox::held_by_peer(std::span<fate_run const> runs, instant before) {
  if (runs.empty()) return;
  auto const end = left_below();
  std::uint64_t highest = 0;
  for (auto const& run : runs) {
    if (run.first < first_sent_ || run.first + run.count > end) continue;
    for (auto n = run.first; n != run.first + run.count; ++n) sent_[static_cast<std::size_t>(n - first_sent_)].held = true;
    highest = run.first;
  }
  if (ROOST_PLANT(lost_not_resent)) return;
  for (std::size_t i = 0; first_sent_ + i < highest; ++i) {
    auto& entry = sent_[i];
    if (entry.held || entry.due || entry.sent_at > before) continue;
    entry.due = true;
    due_from_ = std::min(due_from_, i);
  }
}

outbox::slot* outbox::next_due() noexcept {
  for (; due_from_ < sent_.size(); ++due_from_) {
    if (sent_[due_from_].due) return &sent_[due_from_];
  }
  return nullptr;
}

bool outbox::make_due(instant before, std::size_t burst) {
  if (ROOST_PLANT(lost_not_resent)) return false;
  std::size_t made = 0;
  for (std::size_t i = 0; i != sent_.size() && made != burst; ++i) {
    auto& entry = sent_[i];
    // The first one is asked for even if the peer holds it: its acknowledgement may have been lost.
    if ((entry.held && i != 0) || entry.due || entry.sent_at > before) continue;
    entry.due = true;
    due_from_ = std::min(due_from_, i);
    ++made;
  }
  return made != 0;
}

instant outbox::oldest() const noexcept { return sent_.empty() || ROOST_PLANT(lost_not_resent) ? never : sent_.front().sent_at; }

void outbox::resumed() {
  for (std::size_t i = 0; i != sent_.size(); ++i) {
    sent_[i].due = true;
    sent_[i].held = false;
  }
  due_from_ = 0;
}

}  // namespace roost::link
