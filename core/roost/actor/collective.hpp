#pragma once
// What goes to several ranks and comes back from them: scattered arguments, answers that are collected, answers as they arrive.

#include <roost/actor/future.hpp>
#include <roost/shape/point.hpp>
#include <roost/shape/value_mesh.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace roost::detail {

/// The answers of all ranks of a call.
template <class R>
class collect_state final : public future_state<value_mesh<result<stored<R>>>> {
 public:
  collect_state(extent shape, std::vector<actor_id> members)
      : shape_(std::move(shape)), members_(std::move(members)), missing_(members_.size()) {
    entries_.resize(missing_);
  }
  void put(std::uint64_t rank, result<stored<R>> entry) {
    if (entries_[rank]) return;
    entries_[rank].emplace(std::move(entry));
    if (--missing_ != 0) return;
    std::vector<result<stored<R>>> all;
    all.reserve(entries_.size());
    for (auto& e : entries_) all.push_back(std::move(*e));
    this->set(value_mesh<result<stored<R>>>(shape_, std::move(all)));
  }
  bool can_end_without(actor_id const& silent) const noexcept override {
    for (std::uint64_t rank = 0; rank != members_.size(); ++rank)
      if (members_[rank] == silent && !entries_[rank]) return false;
    return true;
  }

 private:
  extent shape_;
  std::vector<actor_id> members_;
  std::uint64_t missing_;
  std::vector<std::optional<result<stored<R>>>> entries_;
};

}  // namespace roost::detail

namespace roost {

/// One value per rank as an argument of an adverb: `scatter(values)`.
template <class T>
class scattered {
 public:
  explicit scattered(value_mesh<T> values) : values_(std::move(values)) {}
  value_mesh<T> const& values() const noexcept { return values_; }

 private:
  value_mesh<T> values_;
};
template <class T>
scattered<T> scatter(value_mesh<T> values) {
  return scattered<T>(std::move(values));
}

/// The results of `stream`, in order of arrival.
template <class R>
class result_stream {
 public:
  using entry = std::pair<point, result<detail::stored<R>>>;
  struct shared final : detail::awaited_answers {
    explicit shared(std::vector<actor_id> of) : awaited(std::move(of)), due(awaited.size()) {}
    bool can_end_without(actor_id const& silent) const noexcept override {
      return std::any_of(awaited.begin(), awaited.end(), [&](actor_id const& a) { return a != actor_id{} && a != silent; });
    }
    std::vector<actor_id> awaited;  ///< By rank; none once it has answered or failed.
    std::deque<entry> arrived;
    std::uint64_t due;
    detail::observer_list waiting;
  };
  explicit result_stream(std::shared_ptr<shared> state) : state_(std::move(state)) {}
  /// The next result, or nothing when all ranks have answered or failed.
  std::optional<entry> next(nanoseconds timeout = nanoseconds::max()) {
    runtime_entry const inside;
    auto const deadline = detail::deadline_in(timeout);
    while (state_->arrived.empty()) {
      if (state_->due == 0) return std::nullopt;
      detail::waiter w(detail::require_frame("stream::next()"));
      w.answers = state_.get();
      detail::observer_node node{&w, nullptr};
      state_->waiting.add(node);
      errc outcome = errc::ok;
      try {
        outcome = w.wait(wait_kind::several, {}, deadline);
      } catch (...) {
        state_->waiting.remove(node);
        throw;
      }
      state_->waiting.remove(node);
      if (outcome == errc::timeout && state_->arrived.empty())
        detail::throw_error(error(errc::timeout, "no result came before the deadline"));
    }
    entry first = std::move(state_->arrived.front());
    state_->arrived.pop_front();
    --state_->due;
    return first;
  }

 private:
  std::shared_ptr<shared> state_;
};

}  // namespace roost
