#pragma once
// What a port is inside its proc: a place where values of one type arrive, until it ends.

#include <roost/actor/frame.hpp>
#include <roost/base/bytes.hpp>
#include <roost/base/pooled.hpp>
#include <roost/platform/runtime_lock.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

namespace roost::detail {

/// A port as a receiver of credited values: ids of actors are odd, numbers of ports even.
inline actor_id port_key(port_id const& p) noexcept { return {p.owner.proc, p.number}; }
inline bool is_port(std::uint64_t local) noexcept { return local != 0 && (local & 1) == 0; }

/// The credit that one arrived value holds until it is received.
struct value_claim {
  std::uint64_t sender = 0;  ///< Local id.
  std::uint64_t size = 0;
  message_origin origin;  ///< Number 0: from this proc.
};

/// Counted by its holders: futures, receivers and the proc's port table.
class port_base : public pooled {
 public:
  port_base() = default;
  port_base(port_base const&) = delete;
  port_base& operator=(port_base const&) = delete;
  virtual ~port_base() = default;

  /// A value from this proc, moved from; `type` is the fingerprint of its type. Errors: `errc::fingerprint_mismatch`.
  virtual result<void> take(void* value, std::uint64_t type) = 0;
  /// A value from another proc.
  virtual result<void> take_bytes(shared_bytes const& encoded, std::uint64_t type) = 0;
  /// No value will come any more from what it waits for.
  virtual void fail(error why) = 0;
  /// Takes one value and then leaves the table.
  virtual bool once() const noexcept = 0;

  std::uint64_t number = 0;  ///< 0: not (or no longer) in a table; else even.
  proc_runtime* home = nullptr;
  actor_id owner;                                   ///< Who opened it.
  actor_id target;                                  ///< Who answers, for futures; a nil proc ordinal is no proc.
  message_stamp request;                            ///< The request that it belongs to, for observers.
  bool awaited = false;                             ///< `target` is set: the port fails with its proc,
  bool asked = false;                               ///< once the request has been sent.
  std::unique_ptr<std::deque<value_claim>> claims;  ///< Of a channel's values that were not received, in order; null: none yet.
  bool linked = false;                              ///< It fails with an actor that it watches.
  bool watching = false;                            ///< Counted among what depends on the proc of `target`.
  port_base** link = nullptr;                       ///< Among the open ports of its owner: what points to this one, and
  port_base* after = nullptr;                       ///< the next one.

 private:
  friend void intrusive_ptr_add_ref(port_base* p) noexcept {
    if (!inside_runtime()) return add_ref_outside(p);
    ++p->references_;
  }
  friend void intrusive_ptr_release(port_base* p) noexcept {
    if (!inside_runtime()) return release_outside(p);
    if (--p->references_ == 0) delete p;
  }
  static void add_ref_outside(port_base* p) noexcept;
  static void release_outside(port_base* p) noexcept;
  std::uint32_t references_ = 0;
};

using port_ptr = boost::intrusive_ptr<port_base>;

/// One waiter's entry in the list of what it waits for; on the stack of the wait.
struct observer_node {
  waiter* who = nullptr;
  observer_node* next = nullptr;
};

/// Waits on one state by several frames, woken together.
class observer_list {
 public:
  void add(observer_node& node) noexcept {
    auto** at = &head_;
    while (*at != nullptr) at = &(*at)->next;
    node.next = nullptr;
    *at = &node;
  }
  void remove(observer_node& node) noexcept {
    for (auto** at = &head_; *at != nullptr; at = &(*at)->next) {
      if (*at == &node) {
        *at = node.next;
        return;
      }
    }
  }
  /// In the order in which they came.
  void wake_all(errc outcome) {
    auto* node = head_;
    head_ = nullptr;
    while (node != nullptr) {
      auto* following = node->next;
      node->who->wake(outcome);
      node = following;
    }
  }
  void wake_first(errc outcome) {
    if (head_ == nullptr) return;
    auto* node = std::exchange(head_, head_->next);
    node->who->wake(outcome);
  }
  bool empty() const noexcept { return head_ == nullptr; }

 private:
  observer_node* head_ = nullptr;
};

}  // namespace roost::detail
