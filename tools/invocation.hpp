#pragma once
// A command line, taken apart.

#include <cstdint>
#include <string>
#include <vector>

namespace roost::tools {

struct invocation {
  std::string command;  ///< "sim run".
  std::string target;   ///< SCENARIO, REPRO or PROGRAM.
  std::vector<std::string> settings;
  std::vector<std::string> plants;
  std::string seed;   ///< As written; empty: not given.
  std::string seeds;  ///< "A..B".
  std::string trace;
  std::uint64_t until_event = 0;
  std::uint32_t last_events = 0;
  unsigned workers = 0;  ///< 0: as many as there are processors.
  bool in_process = false;
  std::string on = "local";
  std::string transport = "shm";
  unsigned hosts = 1;                  ///< Of `run`.
  bool own_networks = false;           ///< Of `run` and `agent`.
  std::vector<std::string> attach;     ///< Of `run`: the sockets of agents that stay.
  std::string listen;                  ///< Of `agent`: the socket.
  std::string log_format = "text";     ///< Of `run`: "text" or "json".
  std::string record;                  ///< Of `run`: where records are kept.
  bool no_record = false;              ///< Of `run`: nothing is recorded.
  std::string run;                     ///< Of `get` and `describe`: which one; empty: all.
  std::vector<std::string> paths;      ///< Of `check`.
  unsigned repeat = 0;                 ///< Of `bench`; 0: the standard.
  bool quick = false;                  ///< Of `bench`.
  unsigned procs = 8;                  ///< Of `doctor`: how many a program is to have.
  std::vector<std::string> arguments;  ///< After `--`.
};

}  // namespace roost::tools
