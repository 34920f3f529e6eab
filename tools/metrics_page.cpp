#include <tools/metrics_page.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace roost::tools {
namespace {

struct family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::function<std::uint64_t(proc_status const&)> value;
  bool known_while_busy = false;
};

std::vector<family> const& families() {
  static std::vector<family> const all{
      {"roost_up_seconds", "gauge", "Seconds since the proc began.", [](auto const& s) { return s.uptime_ns / 1'000'000'000; },
       true},
      {"roost_busy_seconds", "gauge", "Seconds for which one handler has kept the loop of the proc; 0 while it turns.",
       [](auto const& s) { return s.busy_ns / 1'000'000'000; }, true},
      {"roost_sessions", "gauge", "Peers that the proc has met.", [](auto const& s) { return std::uint64_t{s.sessions.size()}; },
       true},
      {"roost_actors", "gauge", "Actors that live in the proc.", [](auto const& s) { return s.actor_count; }},
      {"roost_handlers_started_total", "counter", "Handlers and callbacks that were started.",
       [](auto const& s) { return s.counters.handlers_started; }},
      {"roost_sent_to_others_total", "counter", "Messages and answers to other procs.",
       [](auto const& s) { return s.counters.sent_to_others; }},
      {"roost_not_handled_total", "counter", "Messages whose sender was told that they were not handled.",
       [](auto const& s) { return s.counters.told; }},
      {"roost_actors_started_total", "counter", "Actors that were spawned.",
       [](auto const& s) { return s.counters.actors_started; }},
      {"roost_actors_ended_total", "counter", "Actors that have ended.", [](auto const& s) { return s.counters.actors_ended; }},
      {"roost_actors_failed_total", "counter", "Actors that have failed.",
       [](auto const& s) { return s.counters.actors_failed; }},
      {"roost_procs_failed_total", "counter", "Other procs that the proc knows to have failed.",
       [](auto const& s) { return s.counters.procs_failed; }},
  };
  return all;
}

std::string escaped(std::string_view label) {
  std::string text;
  for (char const c : label) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text;
}

void visit_samples(family const& of, std::vector<proc_metrics> const& procs,
                   std::function<void(metric_sample const&)> const& visit) {
  for (auto const& [run, said] : procs) {
    if (said.busy_ns != 0 && !of.known_while_busy) continue;
    auto const host = std::string_view(said.id).substr(0, said.id.find('/'));
    visit({.name = of.name, .type = of.type, .run = run, .host = host, .proc = said.id, .value = of.value(said)});
  }
}

}  // namespace

std::string metrics_page(std::vector<proc_metrics> const& procs) {
  std::string page;
  for (auto const& each : families()) {
    page.append("# HELP ").append(each.name).append(" ").append(each.help).append("\n");
    page.append("# TYPE ").append(each.name).append(" ").append(each.type).append("\n");
    visit_samples(each, procs, [&page](metric_sample const& one) {
      page.append(one.name).append("{run=\"" + escaped(one.run) + "\",host=\"" + escaped(one.host));
      page.append("\",proc=\"" + escaped(one.proc) + "\"} " + std::to_string(one.value) + "\n");
    });
  }
  return page;
}

void each_metric(std::vector<proc_metrics> const& procs, std::function<void(metric_sample const&)> const& visit) {
  for (auto const& each : families()) visit_samples(each, procs, visit);
}

}  // namespace roost::tools
