#pragma once
// One value per proc, also where many procs share one OS process.

#include <roost/actor/proc_runtime.hpp>

#include <memory>

namespace roost {

namespace detail {
std::size_t next_proc_local_index();
}

/// Declared at namespace scope; the value is made (T{}) at first use in each proc and dies with it. Only inside an actor.
///
/// All actors of the proc have the same value, and may use it at the same time where the proc has several workers or dedicated actors.
template <class T>
class proc_local {
 public:
  proc_local() : index_(detail::next_proc_local_index()) {}
  proc_local(proc_local const&) = delete;
  proc_local& operator=(proc_local const&) = delete;
  T& get() const {
    runtime_entry const inside;
    auto& slot = detail::require_home("proc_local").proc_local_slot(index_);
    if (slot == nullptr) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }
  T& operator*() const { return get(); }
  T* operator->() const { return &get(); }

 private:
  std::size_t index_;
};

}  // namespace roost
