#pragma once
// Where the procs of a live run record what they see, and their recorders.

#include <roost/base/error.hpp>
#include <roost/base/knobs.hpp>
#include <roost/live/platform.hpp>
#include <tools/folder_janitor.hpp>
#include <tools/live_record.hpp>

#include <sys/types.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace roost::tools {

/// The folder of the records of one run.
class record_directory {
 public:
  /// None: nothing is recorded.
  record_directory() = default;
  /// A private one. Errors: `errc::unavailable`.
  static result<record_directory> make_private();
  /// `wanted`, which is kept. Errors: `errc::unavailable`, `errc::bad_argument` where records lie there already.
  static result<record_directory> make(std::string const& wanted);

  /// Whether any proc began to record.
  bool holds_any() const;
  /// Absolute; empty: there is none.
  std::string const& path() const noexcept { return path_; }
  void keep() noexcept {
    if (janitor_) janitor_->keep();
  }
  /// The process that removes a private one.
  std::vector<pid_t> janitor() const { return janitor_ ? std::vector<pid_t>{janitor_->process()} : std::vector<pid_t>(); }

 private:
  std::string path_;
  std::optional<folder_janitor> janitor_;
};

/// How the procs of one run record.
struct record_settings {
  std::string directory = {};  ///< Empty: they do not.
  bool kept = false;           ///< Somebody asked for the records: a proc that cannot record does not run.
  std::string run = {};        ///< As in `live_options`.
  std::string network = {};    ///< As in `live_options`.
};

/// The observers of this process, one a proc. Procs that are threads add theirs at the same time.
class recorders {
 public:
  explicit recorders(record_settings settings) : settings_(std::move(settings)) {}

  /// Has the proc be observed. Ends the process where that must be and cannot.
  void observe(live_options& proc);

 private:
  void give_up(proc_id proc, error const& why) const;

  record_settings const settings_;
  spoken_probes unrecorded_;
  std::mutex changing_;
  std::deque<std::unique_ptr<record_observer>> all_;
};

}  // namespace roost::tools
