#include <roost/base/error.hpp>

#include <cstdio>
#include <cstdlib>

namespace roost {

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::ok: return "ok";
    case errc::not_handled: return "not_handled";
    case errc::unknown: return "unknown";
    case errc::no_reply: return "no_reply";
    case errc::timeout: return "timeout";
    case errc::deadlock: return "deadlock";
    case errc::would_block: return "would_block";
    case errc::too_deep: return "too_deep";
    case errc::unbounded_wait: return "unbounded_wait";
    case errc::actor_failed: return "actor_failed";
    case errc::actor_stopped: return "actor_stopped";
    case errc::actor_killed: return "actor_killed";
    case errc::no_such_actor: return "no_such_actor";
    case errc::proc_failed: return "proc_failed";
    case errc::path_lost: return "path_lost";
    case errc::stale: return "stale";
    case errc::ended: return "ended";
    case errc::handler_threw: return "handler_threw";
    case errc::mesh_partial: return "mesh_partial";
    case errc::not_one_rank: return "not_one_rank";
    case errc::unsupervised: return "unsupervised";
    case errc::bad_frame: return "bad_frame";
    case errc::too_large: return "too_large";
    case errc::version_mismatch: return "version_mismatch";
    case errc::unauthenticated: return "unauthenticated";
    case errc::fingerprint_mismatch: return "fingerprint_mismatch";
    case errc::unknown_endpoint: return "unknown_endpoint";
    case errc::bad_argument: return "bad_argument";
    case errc::bad_scenario: return "bad_scenario";
    case errc::launch_failed: return "launch_failed";
    case errc::unavailable: return "unavailable";
    case errc::broken_invariant: return "broken_invariant";
  }
  return "unknown_code";
}

bool error::because_of(errc of) const noexcept {
  for (auto const* link = this; link != nullptr; link = link->cause.get()) {
    if (link->code == of) return true;
  }
  return false;
}

error error::caused_by(error because) const {
  error copy = *this;
  auto link = cause ? std::make_shared<error const>(cause->caused_by(std::move(because)))
                    : std::make_shared<error const>(std::move(because));
  copy.cause = std::move(link);
  return copy;
}

std::string error::describe() const {
  std::string text;
  for (auto const* link = this; link != nullptr; link = link->cause.get()) {
    if (link != this) text += "\n  because: ";
    text += link->what.empty() ? std::string(to_string(link->code)) : link->what;
    text += " [" + std::string(to_string(link->code)) + (link->simulated ? ", simulated" : "") + "]";
    if (!link->where.empty()) text += " at " + link->where;
  }
  return text;
}

void broken(char const* invariant, std::string const& state, char const* file, int line) {
  std::fprintf(stderr, "roost: broken invariant (%s) at %s:%d\n  state: %s\n", invariant, file, line, state.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace roost
