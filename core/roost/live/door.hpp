#pragma once
// The side door of a live proc.

#include <roost/live/inbox.hpp>
#include <roost/platform/side_door.hpp>

#include <condition_variable>
#include <mutex>

namespace roost {

class live_door final : public side_door {
 public:
  /// `to` is used until `close`.
  explicit live_door(inbox& to) : to_(&to) {}
  bool enter(unique_function<void()> task) override;
  void change(unique_function<void()> how) override;
  bool wait(unique_function<bool()> holds, nanoseconds timeout) override;
  /// The proc is over.
  void close();

 private:
  std::mutex changing_;
  std::condition_variable changed_;
  inbox* to_;
};

}  // namespace roost
