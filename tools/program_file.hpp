#pragma once
// Finding files: scenarios, and the programs that they name.

#include <roost/base/error.hpp>

#include <string>
#include <vector>

namespace roost::tools {

/// The whole file, of at most `most` bytes. Errors: `errc::bad_scenario` at the file.
result<std::string> read_whole_file(std::string const& path, std::size_t most = std::size_t{256} << 20);

/// Stands in every executable that links roost::main.
extern char const program_mark[];

/// Where this executable lies, as an absolute path.
std::string this_executable();

/// The executable that was named at `said_at`, beside `beside` (a file), beside this executable, or in the folder `scenarios` next to the folder of
/// this executable. Errors: `errc::bad_scenario`, naming every place where it was looked for; also where it does not link roost::main.
result<std::string> find_program(std::string const& name, std::string const& beside, std::string const& said_at);

/// The file of the scenario that a repro line names: with ".toml" as it stands, below `scenarios`, or where programs are looked for;
/// else without. Errors: as above.
result<std::string> find_scenario(std::string const& name);

/// Becomes `executable`, with the same arguments. Returns only with an error.
error become(std::string const& executable, char** argv);

/// "0.1.0 g++ 12.2.0 plants 5f0c...": version and compiler, and the hash of this executable's bytes.
std::string build_id();

}  // namespace roost::tools
