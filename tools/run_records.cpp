#include <unistd.h>

#include <roost/live/log.hpp>
#include <tools/command_line.hpp>
#include <tools/run_records.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace roost::tools {
namespace {

namespace fs = std::filesystem;

/// Where temporary files go.
std::string temporary_folder() {
  char const* const named = std::getenv("TMPDIR");
  return named == nullptr || *named == '\0' ? "/tmp" : named;
}

}  // namespace

result<record_directory> record_directory::make_private() {
  auto const base = temporary_folder();
  std::error_code ignored;
  auto name = (fs::absolute(base, ignored) / "roost-run-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return error(errc::unavailable, "no folder for records can be made in TMPDIR: " + std::string(std::strerror(errno)), base);
  auto janitor = folder_janitor::start(name);
  if (!janitor) {
    fs::remove_all(name, ignored);
    return janitor.failure();
  }
  record_directory made;
  made.path_ = name;
  made.janitor_.emplace(*std::move(janitor));
  return made;
}

result<record_directory> record_directory::make(std::string const& wanted) {
  std::error_code code;
  fs::create_directories(wanted, code);
  if (code) return error(errc::unavailable, "cannot be made: " + code.message(), wanted);
  for (auto const& each : fs::directory_iterator(wanted, code)) {
    if (each.path().extension() == record_suffix) {
      return error(errc::bad_argument, "holds records of another run, expected a new or empty folder", wanted);
    }
  }
  record_directory made;
  made.path_ = fs::absolute(wanted).string();
  return made;
}

bool record_directory::holds_any() const {
  std::error_code code;
  for (fs::directory_iterator at(path_, code), end; !code && at != end; at.increment(code))
    if (at->path().extension() == record_suffix) return true;
  return false;
}

void recorders::observe(live_options& proc) {
  proc.run = settings_.run;
  proc.network = settings_.network;
  proc.probes = &unrecorded_;
  if (settings_.directory.empty()) return;
  auto opened = record_observer::open(settings_.directory, proc.self, record_limit(proc.knobs, settings_.kept));
  if (!opened) return give_up(proc.self, opened.failure());
  auto* const seen = opened->get();
  proc.observer = seen;
  proc.probes = seen;
  proc.before_send = [seen] { seen->flush(); };
  proc.over = [seen](error const& why) { seen->proc_over(why); };
  std::lock_guard const lock(changing_);
  all_.push_back(*std::move(opened));
}

void recorders::give_up(proc_id proc, error const& why) const {
  write_stderr(why.describe() + "\n");
  if (settings_.kept) std::_Exit(exit_unreachable);
  // What lacks a record must not be judged. A name takes no room on a disk that is full.
  auto const missing = settings_.directory + "/" + record_name(proc) + std::string(incomplete_suffix);
  static_cast<void>(std::rename((settings_.directory + "/" + std::string(knobs_file)).c_str(), missing.c_str()));
}

}  // namespace roost::tools
