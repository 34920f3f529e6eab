#include <roost/base/units.hpp>
#include <roost/live/status_server.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/words.hpp>
#include <tools/command_line.hpp>
#include <tools/metrics_page.hpp>
#include <tools/status_command.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace roost::tools {
namespace {

constexpr std::size_t most_actors = 10'000;

struct one_proc {
  status_address where;
  proc_status said;
};

/// The procs of the run that was named, or of all.
struct survey {
  std::vector<one_proc> procs;
  std::vector<error> silent;  ///< Who listens and does not answer.
};

result<survey> look_around(std::string const& run, std::size_t actors) {
  survey found;
  std::set<std::string> runs;
  for (auto& each : listening_procs()) {
    runs.insert(each.run);
    if (!run.empty() && each.run != run) continue;
    auto said = ask_status(each, actors);
    if (said) {
      found.procs.push_back({std::move(each), *std::move(said)});
    } else {
      found.silent.push_back(said.failure());
    }
  }
  if (!found.procs.empty() || !found.silent.empty()) return found;
  if (runs.empty()) return error(errc::unavailable, "no live run is on this machine; 'roost run' starts one");
  std::string names;
  for (auto const& each : runs) names += (names.empty() ? "" : ", ") + each;
  return error(errc::unavailable, "no run " + sim::quoted(run) + " is on this machine, there are: " + names, "--run");
}

/// Rows of equal length, the first of them the heads; columns as wide as they need.
std::string in_columns(std::vector<std::vector<std::string>> const& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (auto const& row : rows) {
    for (std::size_t i = 0; i != row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (auto const& row : rows) {
    std::string line;
    for (std::size_t i = 0; i != row.size(); ++i) line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string span_of(std::uint64_t ns) {
  constexpr std::uint64_t second = 1'000'000'000;
  if (ns < 10 * second) return to_string(nanoseconds(static_cast<std::int64_t>(ns / 1'000'000 * 1'000'000)));
  return to_string(nanoseconds(static_cast<std::int64_t>(ns / second * second)));
}

std::string host_of(proc_status const& said) { return said.id.substr(0, said.id.find('/')); }

std::string waits_of(actor_status const& actor) {
  std::string text;
  for (auto const& each : actor.waits) {
    if (!text.empty()) text += ", ";
    text += each.what + (each.target.empty() ? "" : " of " + each.target);
  }
  return text;
}

std::string id_of(proc_status const& proc, std::uint64_t local) { return proc.id + "/a" + std::to_string(local); }

std::vector<std::vector<std::string>> rows_of_runs(survey const& all, output& out) {
  std::map<std::string, std::pair<std::uint64_t, proc_status const*>> runs;
  for (auto const& each : all.procs) {
    auto& [procs, root] = runs[each.where.run];
    ++procs;
    if (root == nullptr || each.said.uptime_ns > root->uptime_ns) root = &each.said;
  }
  std::vector<std::vector<std::string>> rows{{"RUN", "PROCS", "UP", "ROOT"}};
  for (auto const& [run, what] : runs) {
    rows.push_back(
        {run, std::to_string(what.first), span_of(what.second->uptime_ns), "pid " + std::to_string(what.second->process)});
    out.object("run", {{"run", json_of(run)}, {"procs", json_of(what.first)}, {"uptime_ns", json_of(what.second->uptime_ns)}});
  }
  return rows;
}

std::vector<std::vector<std::string>> rows_of_hosts(survey const& all, output& out) {
  struct sum {
    std::uint64_t procs = 0;
    std::uint64_t actors = 0;
    std::uint64_t busy = 0;
  };
  std::map<std::pair<std::string, std::string>, sum> hosts;
  for (auto const& each : all.procs) {
    auto& host = hosts[{each.where.run, host_of(each.said)}];
    ++host.procs;
    host.actors += each.said.actor_count;
    host.busy += each.said.busy_ns != 0 ? 1 : 0;
  }
  std::vector<std::vector<std::string>> rows{{"RUN", "HOST", "PROCS", "ACTORS", "BUSY"}};
  for (auto const& [name, what] : hosts) {
    rows.push_back({name.first, name.second, std::to_string(what.procs), std::to_string(what.actors), std::to_string(what.busy)});
    out.object("host", {{"run", json_of(name.first)},
                        {"host", json_of(name.second)},
                        {"procs", json_of(what.procs)},
                        {"actors", json_of(what.actors)},
                        {"busy_procs", json_of(what.busy)}});
  }
  return rows;
}

void proc_object(one_proc const& each, output& out) {
  auto const& said = each.said;
  out.object("proc", {{"run", json_of(each.where.run)},
                      {"proc", json_of(said.id)},
                      {"name", json_of(said.name)},
                      {"pid", json_of(said.process)},
                      {"uptime_ns", json_of(said.uptime_ns)},
                      {"busy_ns", json_of(said.busy_ns)},
                      {"busy_with", json_of(said.busy_with)},
                      {"actors", json_of(said.actor_count)},
                      {"handlers_started", json_of(said.counters.handlers_started)},
                      {"sent_to_others", json_of(said.counters.sent_to_others)},
                      {"told", json_of(said.counters.told)},
                      {"actors_failed", json_of(said.counters.actors_failed)},
                      {"sessions", json_of(said.sessions)}});
}

std::vector<std::vector<std::string>> rows_of_procs(survey const& all, output& out) {
  std::vector<std::vector<std::string>> rows{
      {"RUN", "PROC", "NAME", "PID", "UP", "ACTORS", "HANDLED", "SENT", "NOT HANDLED", "BUSY"}};
  for (auto const& each : all.procs) {
    auto const& said = each.said;
    bool const busy = said.busy_ns != 0;
    rows.push_back({each.where.run, said.id, said.name, std::to_string(said.process), span_of(said.uptime_ns),
                    busy ? "?" : std::to_string(said.actor_count), busy ? "?" : std::to_string(said.counters.handlers_started),
                    busy ? "?" : std::to_string(said.counters.sent_to_others), busy ? "?" : std::to_string(said.counters.told),
                    busy ? said.busy_with + ", " + span_of(said.busy_ns) : ""});
    proc_object(each, out);
  }
  return rows;
}

void actor_object(one_proc const& each, actor_status const& actor, output& out) {
  std::vector<std::string> waits;
  for (auto const& wait : actor.waits)
    waits.push_back(wait.what + (wait.target.empty() ? "" : " of " + wait.target) +
                    (wait.handler.empty() ? "" : " in " + wait.handler));
  out.object("actor", {{"run", json_of(each.where.run)},
                       {"actor", json_of(id_of(each.said, actor.local))},
                       {"name", json_of(actor.name)},
                       {"class", json_of(actor.class_name)},
                       {"owner", json_of(actor.owner)},
                       {"state", json_of(actor.state)},
                       {"queued", json_of(actor.queued)},
                       {"handlers", json_of(actor.handlers)},
                       {"failures", json_of(actor.failures)},
                       {"waits", json_of(waits)}});
}

std::vector<std::vector<std::string>> rows_of_actors(survey const& all, output& out) {
  std::vector<std::vector<std::string>> rows{{"NAME", "CLASS", "STATE", "QUEUED", "HANDLERS", "WAITS FOR", "ACTOR"}};
  for (auto const& each : all.procs) {
    if (each.said.busy_ns != 0) {
      rows.push_back({"?", "", "busy", "", "", span_of(each.said.busy_ns) + " so far", each.said.busy_with});
      proc_object(each, out);
    }
    for (auto const& actor : each.said.actors) {
      rows.push_back({actor.name, actor.class_name, actor.state, std::to_string(actor.queued), std::to_string(actor.handlers),
                      waits_of(actor), id_of(each.said, actor.local)});
      actor_object(each, actor, out);
    }
    if (each.said.actor_count > each.said.actors.size() && each.said.busy_ns == 0)
      rows.push_back({"...", "", "", "", "", "",
                      std::to_string(each.said.actor_count - each.said.actors.size()) + " more in " + each.said.id});
  }
  return rows;
}

int report_silence(survey const& all, output& out) {
  for (auto const& each : all.silent) out.refuse(exit_unreachable, each);
  return all.silent.empty() ? exit_ok : exit_unreachable;
}

std::string text_of_proc(one_proc const& each) {
  auto const& said = each.said;
  std::string text = "proc " + said.id + " \"" + said.name + "\" of run " + each.where.run + ", process " +
                     std::to_string(said.process) + ", up for " + span_of(said.uptime_ns) + "\n";
  if (said.busy_ns != 0) {
    text +=
        "  busy      " + said.busy_with + " has run for " + span_of(said.busy_ns) + "; its actors are not to be seen meanwhile\n";
  } else {
    auto const& n = said.counters;
    text += "  actors    " + std::to_string(said.actor_count) + " (" + std::to_string(n.actors_started) + " started, " +
            std::to_string(n.actors_ended) + " ended, " + std::to_string(n.actors_failed) + " of them failed)\n";
    text += "  messages  " + std::to_string(n.handlers_started) + " handlers started, " + std::to_string(n.sent_to_others) +
            " sent to other procs, " + std::to_string(n.told) + " told as not handled\n";
    text += "  procs     " + std::to_string(n.procs_failed) + " known to have failed\n";
  }
  for (auto const& line : said.sessions) text += "  session   " + line + "\n";
  for (auto const& failure : said.failures) text += "  failed    " + id_of(said, failure.local) + ": " + failure.why + "\n";
  return text;
}

std::string text_of_actor(one_proc const& each, actor_status const& actor) {
  std::string text =
      "actor " + actor.name + " (" + actor.class_name + ") " + id_of(each.said, actor.local) + " of run " + each.where.run + "\n";
  text += "  owner     " + (actor.owner.empty() ? "none" : actor.owner) + "\n";
  text += "  state     " + actor.state + ", " + std::to_string(actor.queued) + " messages queued, " +
          std::to_string(actor.handlers) + " handlers at work or waiting";
  text += actor.failures == 0 ? "\n" : ", " + std::to_string(actor.failures) + " failures to supervise\n";
  for (auto const& wait : actor.waits) {
    text += "  waits     for " + wait.what + (wait.target.empty() ? "" : " of " + wait.target);
    text += wait.handler.empty() ? ", in a callback\n" : ", in " + wait.handler + "\n";
  }
  return text;
}

/// What was asked for: the proc, and the number of the actor where it is one.
struct subject {
  std::string proc;
  std::optional<std::uint64_t> local;
};

std::optional<subject> read_subject(std::string const& text) {
  auto const at = text.find("/a");
  subject named{text.substr(0, at), {}};
  if (at != std::string::npos) {
    auto const number = sim::parse_seed(text.substr(at + 2));
    if (!number) return {};
    named.local = *number;
  }
  auto const slash = named.proc.find("/p");
  if (!named.proc.starts_with("h") || slash == std::string::npos) return {};
  return named;
}

}  // namespace

int get_status(invocation const& asked, output& out) {
  auto const& kind = asked.target;
  auto const all = look_around(asked.run, kind == "actors" ? most_actors : 0);
  if (!all) return out.refuse(exit_unreachable, all.failure());
  if (kind == "metrics") {
    std::vector<proc_metrics> procs;
    for (auto const& each : all->procs) procs.push_back({each.where.run, each.said});
    if (!out.json()) out.print(metrics_page(procs));
    each_metric(procs, [&out](metric_sample const& one) {
      out.object("metric", {{"name", json_of(one.name)},
                            {"kind", json_of(one.type)},
                            {"run", json_of(one.run)},
                            {"host", json_of(one.host)},
                            {"proc", json_of(one.proc)},
                            {"value", json_of(one.value)}});
    });
    return report_silence(*all, out);
  }
  auto const rows = kind == "runs"    ? rows_of_runs(*all, out)
                    : kind == "hosts" ? rows_of_hosts(*all, out)
                    : kind == "procs" ? rows_of_procs(*all, out)
                                      : rows_of_actors(*all, out);
  if (!out.json()) out.print(in_columns(rows));
  return report_silence(*all, out);
}

int describe_status(invocation const& asked, output& out) {
  auto const named = read_subject(asked.target);
  if (!named)
    return out.refuse(exit_usage, {errc::bad_argument,
                                   sim::quoted(asked.target) + " names neither a proc (h0/p1.1) nor an actor (h0/p1.1/a7)"});
  auto const all = look_around(asked.run, most_actors);
  if (!all) return out.refuse(exit_unreachable, all.failure());
  bool found = false;
  for (auto const& each : all->procs) {
    if (each.said.id != named->proc) continue;
    if (!named->local) {
      found = true;
      if (!out.json()) out.print(text_of_proc(each));
      proc_object(each, out);
      continue;
    }
    if (each.said.busy_ns != 0) {
      found = true;
      if (!out.json()) out.print(text_of_proc(each));
      proc_object(each, out);
    }
    for (auto const& actor : each.said.actors) {
      if (actor.local != *named->local) continue;
      found = true;
      if (!out.json()) out.print(text_of_actor(each, actor));
      actor_object(each, actor, out);
    }
    for (auto const& failure : each.said.failures) {
      if (failure.local != *named->local) continue;
      found = true;
      if (!out.json()) out.print("actor " + asked.target + " of run " + each.where.run + " has ended: " + failure.why + "\n");
      out.object("failure", {{"run", json_of(each.where.run)}, {"actor", json_of(asked.target)}, {"why", json_of(failure.why)}});
    }
  }
  if (found) return report_silence(*all, out);
  return out.refuse(exit_unreachable,
                    {errc::no_such_actor, "nothing of that name is running; 'get actors' lists what is", asked.target});
}

}  // namespace roost::tools
