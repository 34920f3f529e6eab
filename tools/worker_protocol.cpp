#include <roost/sim/fault_text.hpp>
#include <roost/sim/repro.hpp>
#include <nlohmann/json.hpp>
#include <tools/worker_protocol.hpp>

namespace roost::tools {
namespace {

using nlohmann::json;

std::string line_of(json const& object) { return object.dump(-1, ' ', false, json::error_handler_t::replace); }

json lines_of(sim::fault_plan const& plan) {
  auto lines = json::array();
  for (auto const& operation : plan) lines.push_back(to_string(operation));
  return lines;
}

sim::fault_plan plan_of(json const& lines) {
  sim::fault_plan plan;
  for (auto const& line : lines) plan.push_back(sim::parse_fault(line.get<std::string>()).value());
  return plan;
}

/// Calls `decode` with the object of a line; whatever is wrong with it becomes an error.
template <class Decode>
auto decoded(std::string_view line, Decode decode) -> result<decltype(decode(json()))> {
  try {
    return decode(json::parse(line));
  } catch (std::exception const& problem) {
    return error(errc::bad_argument, std::string("a line between a command and its worker is malformed: ") + problem.what());
  }
}

}  // namespace

std::string encode(simulation const& what) {
  return line_of({{"file", what.file}, {"text", what.text}, {"settings", what.settings}, {"plants", what.plants}});
}

result<simulation> decode_simulation(std::string_view line) {
  return decoded(line, [](json const& object) {
    simulation what;
    object.at("file").get_to(what.file);
    object.at("text").get_to(what.text);
    object.at("settings").get_to(what.settings);
    object.at("plants").get_to(what.plants);
    return what;
  });
}

std::string encode(job const& what) {
  json object{{"seed", what.seed}, {"until", what.until_event}, {"trace", what.trace_file}, {"last_events", what.last_events}};
  if (what.plan) object["plan"] = lines_of(*what.plan);
  return line_of(object);
}

result<job> decode_job(std::string_view line) {
  return decoded(line, [](json const& object) {
    job what;
    object.at("seed").get_to(what.seed);
    what.until_event = object.value("until", what.until_event);
    what.trace_file = object.value("trace", what.trace_file);
    what.last_events = object.value("last_events", what.last_events);
    if (object.contains("plan")) what.plan = plan_of(object.at("plan"));
    return what;
  });
}

std::string encode(outcome const& what) {
  auto const& run = what.run;
  auto violations = json::array();
  for (auto const& broken : run.violations) {
    violations.push_back({{"promise", broken.promise},
                          {"what", broken.what},
                          {"at", broken.at.time_since_epoch().count()},
                          {"event", broken.event}});
  }
  return line_of({{"seed", what.seed},
                  {"verdict", sim::verdict_name(run.outcome)},
                  {"violations", violations},
                  {"program_error", run.program_error ? run.program_error.describe() : ""},
                  {"digest", roost::to_string(run.digest)},
                  {"events", run.events},
                  {"messages", run.messages},
                  {"frames", run.frames},
                  {"end", run.end.time_since_epoch().count()},
                  {"plan", lines_of(run.plan)},
                  {"hits", run.faults_hitting_sessions},
                  {"sometimes", run.sometimes},
                  {"policy", run.policy},
                  {"wait_graph", run.wait_graph},
                  {"last_events", what.last_events},
                  {"trace_lost", what.trace_lost}});
}

result<outcome> decode_outcome(std::string_view line) {
  return decoded(line, [](json const& object) {
    outcome what;
    auto& run = what.run;
    object.at("seed").get_to(what.seed);
    run.outcome = sim::parse_verdict(object.at("verdict").get<std::string>()).value();
    for (auto const& broken : object.at("violations")) {
      run.violations.push_back({broken.at("promise").get<std::string>(), broken.at("what").get<std::string>(),
                                instant(nanoseconds(broken.at("at").get<std::int64_t>())),
                                broken.at("event").get<std::uint64_t>()});
    }
    if (auto text = object.at("program_error").get<std::string>(); !text.empty()) {
      run.program_error = error(errc::unsupervised, std::move(text));
    }
    run.digest = sim::parse_digest(object.at("digest").get<std::string>()).value();
    object.at("events").get_to(run.events);
    object.at("messages").get_to(run.messages);
    object.at("frames").get_to(run.frames);
    run.end = instant(nanoseconds(object.at("end").get<std::int64_t>()));
    run.plan = plan_of(object.at("plan"));
    object.at("hits").get_to(run.faults_hitting_sessions);
    object.at("sometimes").get_to(run.sometimes);
    object.at("policy").get_to(run.policy);
    object.at("wait_graph").get_to(run.wait_graph);
    object.at("last_events").get_to(what.last_events);
    object.at("trace_lost").get_to(what.trace_lost);
    return what;
  });
}

}  // namespace roost::tools
