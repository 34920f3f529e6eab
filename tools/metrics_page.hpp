#pragma once
// What procs say of themselves as a page that Prometheus reads (its text format 0.0.4).

#include <roost/platform/status.hpp>

#include <string>
#include <vector>

namespace roost::tools {

struct proc_metrics {
  std::string run;
  proc_status said;
};

/// One family a counter, one sample a proc, with the labels run, host and proc. Of procs whose loop is busy only what they tell.
std::string metrics_page(std::vector<proc_metrics> const& procs);

}  // namespace roost::tools
