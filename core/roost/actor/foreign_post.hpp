#pragma once
// How a thread that is no actor's has the actor for it do something.

#include <roost/base/unique_function.hpp>

namespace roost::detail {

class foreign_sender;

// banned-call: the current-context pointer of threads that run no handlers
inline constinit thread_local foreign_sender* foreign_of_this_thread = nullptr;

/// Who sends for the calling thread, which is inside no handler; null: nobody.
inline foreign_sender* current_foreign() noexcept { return foreign_of_this_thread; }
/// Runs `f` as a message of its actor. Throws `errc::would_block` while too many wait there, `errc::unavailable`.
void post_to(foreign_sender& sender, unique_function<void()> f);

}  // namespace roost::detail
