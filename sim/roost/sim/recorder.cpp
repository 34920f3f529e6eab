#include <roost/sim/recorder.hpp>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace roost::sim {

recorder::recorder(run_options const& options, check::judge_settings settings)
    : trace_(options.trace ? &options.trace : nullptr),
      judge_(settings),
      limit_(options.until_event == 0 ? ~std::uint64_t{0} : options.until_event) {}

void recorder::flush() noexcept {
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
  broken_ = broken_ || judge_.wants_stop();
}

void recorder::violated(std::string promise, std::string what) {
  broken_ = true;
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
