#pragma once
// A message in a proc: one node with one owner at every moment (sender, mailbox, handler).

#include <roost/actor/fwd.hpp>
#include <roost/actor/local_credit.hpp>
#include <roost/base/ids.hpp>
#include <roost/base/pooled.hpp>
#include <roost/base/units.hpp>
#include <roost/platform/observer.hpp>
#include <roost/shape/extent.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace roost::detail {

/// The chain of waiting callers, innermost first; shared by all messages of one handler.
class chain_node;
using chain_ptr = boost::intrusive_ptr<chain_node const>;
class chain_node final : public pooled {
 public:
  /// `by` waits for an answer, and `around` for `by`.
  static chain_ptr make(actor_id by, chain_ptr around) { return chain_ptr(new chain_node(by, std::move(around))); }
  static std::uint32_t depth_of(chain_ptr const& chain) noexcept { return chain == nullptr ? 0 : chain->depth; }

  actor_id const caller;
  std::uint32_t const depth;  ///< From 1.
  chain_ptr const outer;

 private:
  chain_node(actor_id by, chain_ptr around) : caller(by), depth(depth_of(around) + 1), outer(std::move(around)) {}
  // Counted inside the runtime only.
  friend void intrusive_ptr_add_ref(chain_node const* node) noexcept { ++node->references_; }
  friend void intrusive_ptr_release(chain_node const* node) noexcept {
    if (--node->references_ == 0) destroy(node);
  }
  static void destroy(chain_node const* node) noexcept;
  mutable std::uint32_t references_ = 0;
};

/// Where an answer goes; no port: nobody waits for one.
struct reply_route {
  proc_id proc;
  std::uint64_t port = 0;
  explicit operator bool() const noexcept { return port != 0; }
};

/// How a message came here, so that its handling can be reported back.
struct message_origin {
  proc_id from;
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;  ///< Session number; 0: from this proc.
};

/// The slice that a message was cast to, and which element of it its receiver is.
struct cast_place {
  extent shape;
  std::uint64_t rank = 0;
};

/// What few messages have: those from other procs, and those that were cast to a slice.
struct message_travel final : pooled {
  message_travel(message_origin from, std::unique_ptr<cast_place> at) noexcept;
  ~message_travel();
  message_travel(message_travel const&) = delete;
  message_travel& operator=(message_travel const&) = delete;

  message_origin origin;
  std::unique_ptr<cast_place> place;
};

/// What all messages have. Subclasses hold the arguments and know the handler.
class message : public pooled {
 public:
  message() = default;
  message(bool with_coroutine, std::uint8_t plain_on, endpoint_descriptor const* of, actor_id const& from,
          std::uint64_t bytes) noexcept
      : endpoint(of), sender(from), size(bytes), coroutine(with_coroutine), plain_shelf(plain_on) {}
  message(message const&) = delete;
  message& operator=(message const&) = delete;
  virtual ~message() = default;

  /// Runs the handler on the actor of `frame`, and answers through the frame where a value is due.
  virtual void invoke(handler_frame& frame) = 0;
  /// Of the arguments that the handler gets, once encoded, in bytes.
  virtual std::size_t measure() const { return 0; }
  virtual bool done() const noexcept { return true; }
  virtual void settle(handler_frame&) {}

  message* next = nullptr;
  endpoint_descriptor const* endpoint = nullptr;  ///< Null: a callback.
  actor_id sender;
  reply_route reply;
  message_stamp stamp;
  instant deadline = never;
  std::uint64_t size = 0;
  chain_ptr chain;
  local_account* charged = nullptr;        ///< Of its sender and receiver in this proc, where it holds credit.
  std::unique_ptr<message_travel> travel;  ///< Null: from this proc, and not cast.
  /// The handler is a coroutine: `invoke` runs its first step, and once it is `done`, `settle` answers with what it returned or
  /// throws what it threw.
  bool const coroutine = false;
  std::uint8_t const plain_shelf = 0;  ///< Of its memory, where what a subclass adds needs no destroying; else 0.

  /// Destroys one that has been handled. That of a plain one has nothing to do.
  [[gnu::always_inline]] static void handled(std::unique_ptr<message> m) noexcept {
    bool const plain = m->plain_shelf != 0 && m->chain == nullptr && m->travel == nullptr;
    if (plain && shelve(m.get(), m->plain_shelf)) static_cast<void>(m.release());
  }
};

/// First in, first out; owns what it holds.
class message_queue {
 public:
  message_queue() = default;
  message_queue(message_queue const&) = delete;
  message_queue& operator=(message_queue const&) = delete;
  ~message_queue() {
    while (pop()) {
    }
  }

  void push(std::unique_ptr<message> m) noexcept {
    auto* node = m.release();
    node->next = nullptr;
    (tail_ == nullptr ? head_ : tail_->next) = node;
    tail_ = node;
    ++size_;
  }
  /// The same where it is empty.
  void push_first(message* node) noexcept {
    node->next = nullptr;
    head_ = tail_ = node;
    size_ = 1;
  }
  std::unique_ptr<message> pop() noexcept {
    auto* node = head_;
    if (node == nullptr) return nullptr;
    head_ = node->next;
    if (head_ == nullptr) tail_ = nullptr;
    --size_;
    return std::unique_ptr<message>(node);
  }
  message* front() const noexcept { return head_; }
  bool empty() const noexcept { return head_ == nullptr; }
  std::uint32_t size() const noexcept { return size_; }

 private:
  message* head_ = nullptr;
  message* tail_ = nullptr;
  std::uint32_t size_ = 0;
};

}  // namespace roost::detail
