#pragma once
// What a worker says from its signal handlers: where it is when it is asked, and where it was when it crashes.

namespace roost::tools {

inline constexpr int where_asked = 12;        ///< The signal that asks: SIGUSR2.
inline constexpr char last_words_mark = '!';  ///< In front of such a line.

/// From now on this process answers `where_asked` on `fd`, with a line such as "!in Player.hit of Player team[gpu=1/2] (h0/p1.1/a7)",
/// and writes it there too before a signal ends it in a handler. Call once, on the thread that runs all handlers. Neither asks for
/// memory: the program may be asking for some just then.
void keep_last_words(int fd);

}  // namespace roost::tools
