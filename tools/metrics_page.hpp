#pragma once
// What procs say of themselves as a page that Prometheus reads (its text format 0.0.4).

#include <roost/platform/status.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roost::tools {

struct proc_metrics {
  std::string run;
  proc_status said;
};

/// One family a counter, one sample a proc, with the labels run, host and proc. Of procs whose loop is busy only what they tell.
std::string metrics_page(std::vector<proc_metrics> const& procs);

/// One sample of such a page.
struct metric_sample {
  std::string_view name;
  std::string_view type;  ///< "counter" or "gauge".
  std::string_view run;
  std::string_view host;
  std::string_view proc;
  std::uint64_t value = 0;
};
/// The samples in the order of the page.
void each_metric(std::vector<proc_metrics> const& procs, std::function<void(metric_sample const&)> const& visit);

}  // namespace roost::tools
