#include <roost/sim/recorder.hpp>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace roost::sim {

recorder::recorder(run_options const& options, check::judge_settings settings)
    : trace_(options.trace ? &options.trace : nullptr), judge_(settings), limit_(options.until_event) {}

void recorder::note(record kind, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d, std::uint64_t e) {
  full_ = full_ || (limit_ != 0 && events_ == limit_);
  if (full_) return;
  ++events_;
  constexpr std::size_t words = 7;
  if (used_ + words > words_.size()) flush();
  std::uint64_t* const to = &words_[used_];
  to[0] = static_cast<std::uint64_t>(now_);
  to[1] = static_cast<std::uint64_t>(kind);
  to[2] = a;
  to[3] = b;
  to[4] = c;
  to[5] = d;
  to[6] = e;
  used_ += words;
}

void recorder::flush() {
  digest_.add(std::span<std::uint64_t const>(words_.data(), used_));
  used_ = 0;
}

void recorder::say(std::string text) {
  if (!tracing()) return;
  (*trace_)({events_, instant(nanoseconds(now_)), std::move(text)});
}

void recorder::see(check::observation& seen) {
  seen.at = instant(nanoseconds(now_));
  seen.event = events_;
  judge_.see(seen);
}

void recorder::violated(std::string promise, std::string what) {
  own_.push_back({std::move(promise), std::move(what), instant(nanoseconds(now_)), events_});
}

std::vector<check::violation> recorder::violations() const {
  auto const& judged = judge_.violations();
  std::vector<check::violation> all;
  std::merge(judged.begin(), judged.end(), own_.begin(), own_.end(), std::back_inserter(all),
             [](auto const& a, auto const& b) { return a.event < b.event; });
  return all;
}

hash128 recorder::digest() {
  if (used_ != 0) flush();
  return digest_.value();
}

}  // namespace roost::sim
