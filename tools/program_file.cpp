#include <unistd.h>

#include <roost/base/bytes.hpp>
#include <roost/base/units.hpp>
#include <tools/program_file.hpp>
#include <tools/version.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace roost::tools {
namespace {

namespace fs = std::filesystem;

bool is_program(fs::path const& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::string listed(std::vector<fs::path> const& places) {
  std::string out;
  for (auto const& place : places) out += (out.empty() ? "" : ", ") + place.lexically_normal().string();
  return out;
}

}  // namespace

char const program_mark[] = "roost::main stands in this executable, with its commands of version 1";

result<std::string> read_whole_file(std::string const& path, std::size_t most) {
  std::error_code code;
  if (fs::is_directory(path, code)) return error(errc::bad_scenario, "is a folder, expected a file", path);
  std::ifstream from(path, std::ios::binary);
  if (!from) return error(errc::bad_scenario, std::string("cannot be read: ") + std::strerror(errno), path);
  std::string text;
  std::vector<char> part(std::size_t{64} << 10);
  for (;;) {
    from.read(part.data(), static_cast<std::streamsize>(part.size()));
    text.append(part.data(), static_cast<std::size_t>(from.gcount()));
    if (text.size() > most) return error(errc::bad_scenario, "has more than " + to_string(bytes{most}), path);
    if (from.bad()) return error(errc::bad_scenario, "cannot be read to its end", path);
    if (from.eof()) return text;
    if (!from) return error(errc::bad_scenario, "cannot be read to its end", path);
  }
}

std::string this_executable() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).string();
}

result<std::string> find_program(std::string const& name, std::string const& beside, std::string const& said_at) {
  auto const here = fs::path(this_executable()).parent_path();
  std::vector<fs::path> places{fs::path(beside).parent_path() / name};
  if (fs::path(name).is_relative()) places.insert(places.end(), {here / name, here.parent_path() / "scenarios" / name});
  for (auto const& place : places) {
    if (!is_program(place)) continue;
    std::error_code ignored;
    if (fs::equivalent(place, this_executable(), ignored)) {
      return error(errc::bad_scenario,
                   "the program '" + name + "' is roost itself, expected an executable that links roost::main", said_at);
    }
    auto const content = read_whole_file(place.string(), std::size_t{4} << 30);
    if (!content) return content.failure();
    if (content->find(program_mark) == std::string::npos) {
      return error(errc::bad_scenario,
                   "the program '" + name + "' (" + place.lexically_normal().string() +
                       ") does not link roost::main, expected an executable that does",
                   said_at);
    }
    std::error_code code;
    auto const found = fs::absolute(place, code);
    return code ? place.string() : found.string();
  }
  for (auto const& place : places) {
    std::error_code ignored;
    if (!fs::exists(place, ignored)) continue;
    return error(errc::bad_scenario,
                 "the program '" + name + "' (" + place.lexically_normal().string() + ") is no file that may be executed",
                 said_at);
  }
  return error(errc::bad_scenario, "the program '" + name + "' is not there, looked for " + listed(places), said_at);
}

result<std::string> find_scenario(std::string const& name) {
  auto const here = fs::path(this_executable()).parent_path();
  std::vector<fs::path> tried;
  for (auto const& folder : {fs::path(), fs::path("scenarios"), here, here.parent_path() / "scenarios"}) {
    tried.push_back(folder / (name + ".toml"));
  }
  tried.emplace_back(name);
  for (auto const& path : tried) {
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) return path.string();
  }
  return error(errc::bad_scenario, "there is no scenario '" + name + "', looked for " + listed(tried));
}

error become(std::string const& executable, char** argv) {
  ::execv(executable.c_str(), argv);
  return {errc::launch_failed, "cannot be run: " + std::string(std::strerror(errno)), executable};
}

std::string build_id() {
  auto const whole = read_whole_file("/proc/self/exe", std::size_t{4} << 30);
  std::ostringstream out;
  out << version_text();
  if (whole) out << " " << std::hex << hash_bytes(as_bytes(*whole));
  return out.str();
}

}  // namespace roost::tools
