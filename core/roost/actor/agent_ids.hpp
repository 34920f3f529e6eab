#pragma once
// Local ids that are known to all and given to nobody else: those of the program's first actor and of agents.

#include <cstdint>

namespace roost::detail {

inline constexpr std::uint64_t root_actor_local = 1;
inline constexpr std::uint64_t proc_agent_local = 3;
inline constexpr std::uint64_t host_agent_local = 5;
inline constexpr std::uint64_t last_reserved_local = host_agent_local;
/// The number of the proc of a host's agent; that of the first host is the root's.
inline constexpr std::uint32_t host_agent_ordinal = 0;

constexpr bool is_agent(std::uint64_t local) noexcept { return local == proc_agent_local || local == host_agent_local; }

}  // namespace roost::detail
