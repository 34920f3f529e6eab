#pragma once
// A move-only callable: like std::function, but it may own what cannot be copied.

#include <memory>
#include <utility>

namespace roost {

template <class Signature>
class unique_function;

template <class Result, class... Args>
class unique_function<Result(Args...)> {
 public:
  unique_function() = default;
  template <class Callable>
    requires(!std::is_same_v<std::remove_cvref_t<Callable>, unique_function>)
  unique_function(Callable callable) : target_(std::make_unique<holder<Callable>>(std::move(callable))) {}

  explicit operator bool() const noexcept { return target_ != nullptr; }
  Result operator()(Args... args) { return target_->call(std::forward<Args>(args)...); }

 private:
  struct base {
    virtual ~base() = default;
    virtual Result call(Args... args) = 0;
  };
  template <class Callable>
  struct holder final : base {
    explicit holder(Callable c) : callable(std::move(c)) {}
    Result call(Args... args) override { return callable(std::forward<Args>(args)...); }
    Callable callable;
  };

  std::unique_ptr<base> target_;
};

}  // namespace roost
