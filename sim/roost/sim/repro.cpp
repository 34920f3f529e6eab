#include <roost/sim/fault_text.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/repro.hpp>
#include <roost/sim/toml_document.hpp>
#include <roost/sim/words.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace roost::sim {
namespace {

constexpr std::array<std::string_view, 7> verdict_names{"held",    "violated",   "undecided",     "not_deterministic",
                                                        "crashed", "no_verdict", "program_failed"};

template <class Number>
bool read_hex(std::string_view text, Number& into) {
  auto const lower =
      std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), into, 16);
  return lower && code == std::errc() && end == text.data() + text.size();
}

/// The hash of the plan as written, which tells whether somebody edited it.
std::uint32_t hash_of_plan(fault_plan const& plan) {
  std::string lines;
  for (auto const& operation : plan) lines += to_string(operation) + "\n";
  return hash_of_text(lines);
}

std::string array_of(std::vector<std::string> const& texts) {
  if (texts.empty()) return "[]";
  std::string out = "[\n";
  for (auto const& text : texts) out += "  " + toml_string(text) + ",\n";
  return out + "]";
}

void read_plan(toml_table_reader& table, fault_plan& into, std::vector<std::string>& places) {
  auto const* lines = table.array("plan");
  if (lines == nullptr) return;
  for (auto const& line : lines->children) {
    if (line.type != toml_value::kind::text) {
      table.complain(*lines, "has " + described(line) + " in it, expected only faults as texts");
      continue;
    }
    auto operation = parse_fault(line.text);
    if (operation) {
      into.push_back(*std::move(operation));
      places.push_back(line.place);
    } else {
      toml_value named = line;
      named.key = "plan";
      table.complain(named, operation.failure().what);
    }
  }
}

result<hash128> digest_of(std::string_view text) {
  if (auto const read = parse_digest(text)) return *read;
  return error(errc::bad_argument, quoted(text) + " is no digest, expected 32 hexadecimal digits");
}

result<std::uint32_t> hash_of_hex(std::string_view text) {
  std::uint32_t value = 0;
  if (text.size() == 8 && read_hex(text, value)) return value;
  return error(errc::bad_argument, quoted(text) + " is no hash, expected 8 hexadecimal digits");
}

}  // namespace

std::string hex8(std::uint32_t value) {
  std::string out(8, '0');
  for (auto at = out.rbegin(); value != 0; ++at, value >>= 4) *at = "0123456789abcdef"[value & 15];
  return out;
}

std::uint32_t hash_of_text(std::string_view text) noexcept { return static_cast<std::uint32_t>(hash_text(text) >> 32); }

std::string to_string(repro_line const& line) {
  return "r1:" + line.scenario + ":" + seed_text(line.seed) + ":" + hex8(line.text_hash);
}

result<repro_line> parse_repro_line(std::string_view text) {
  auto const bad = [&](std::string const& why) {
    return error(errc::bad_scenario, why + ", expected r1:<scenario>:<seed>:<8 hex of its text>",
                 std::string(text.substr(0, 200)));
  };
  auto const version_end = text.find(':');
  if (version_end == std::string_view::npos) return bad("no repro line");
  if (text.substr(0, version_end) != "r1") return bad("unknown version " + quoted(text.substr(0, version_end)));
  auto const last = text.rfind(':');
  auto const second = last <= version_end ? std::string_view::npos : text.rfind(':', last - 1);
  if (second == std::string_view::npos || second <= version_end) return bad("parts are missing");
  repro_line line;
  line.scenario = std::string(text.substr(version_end + 1, second - version_end - 1));
  if (line.scenario.empty()) return bad("the scenario is empty");
  auto const seed = parse_seed(text.substr(second + 1, last - second - 1));
  if (!seed) return bad(seed.failure().what);
  line.seed = *seed;
  auto const hash = hash_of_hex(text.substr(last + 1));
  if (!hash) return bad(hash.failure().what);
  line.text_hash = *hash;
  return line;
}

std::string_view verdict_name(verdict outcome) noexcept {
  auto const index = static_cast<std::size_t>(outcome);
  return index < verdict_names.size() ? verdict_names[index] : "unknown_verdict";
}

std::optional<verdict> parse_verdict(std::string_view name) noexcept {
  auto const at = std::find(verdict_names.begin(), verdict_names.end(), name);
  if (at == verdict_names.end()) return std::nullopt;
  return static_cast<verdict>(at - verdict_names.begin());
}

std::optional<hash128> parse_digest(std::string_view text) noexcept {
  hash128 value;
  if (text.size() != 32 || !read_hex(text.substr(0, 16), value.high) || !read_hex(text.substr(16), value.low))
    return std::nullopt;
  return value;
}

std::string write_repro(repro_file const& file) {
  std::vector<std::string> plan;
  for (auto const& operation : file.plan) plan.push_back(to_string(operation));
  std::string out = "# A simulated run. Again: roost sim replay FILE. Faults may be taken out of the plan.\n";
  out += "version = 1\n";
  out += "verdict = " + toml_string(verdict_name(file.outcome)) + "\n";
  out += "promise = " + toml_string(file.promise) + "\n";
  out += "what = " + toml_string(file.what) + "\n";
  out += "event = " + toml_string(std::to_string(file.event)) + "\n";
  out += "at = " + toml_string(roost::to_string(file.at.time_since_epoch())) + "\n";
  out += "seed = " + toml_string(seed_text(file.seed)) + "\n";
  out += "digest = " + toml_string(to_string(file.digest)) + "\n";
  out += "build = " + toml_string(file.build) + "\n";
  out += "settings = " + array_of(file.settings) + "\n";
  out += "plants = " + array_of(file.plants) + "\n";
  out += "plan_hash = " + toml_string(hex8(hash_of_plan(file.plan))) + "\n";
  out += "plan = " + array_of(plan) + "\n";
  out += "scenario_file = " + toml_string(file.scenario_file) + "\n";
  out += "scenario = " + toml_string(file.scenario_text) + "\n";
  return out;
}

result<repro_file> read_repro(std::string_view text, std::string const& file) {
  auto const document = parse_toml(text, file);
  if (!document) return document.failure();
  toml_problems problems;
  toml_table_reader top(&*document, "", problems);
  repro_file read;
  std::uint32_t version = 1, plan_hash = 0;
  top.require("version", "version = 1");
  top.read("version", version, 1, 1);
  top.require("verdict", "how the run ended");
  if (auto const chosen = top.choice("verdict", verdict_names); chosen >= 0) read.outcome = static_cast<verdict>(chosen);
  top.read("promise", read.promise);
  top.read("what", read.what);
  top.parse("event", read.event, &parse_seed);
  nanoseconds at{};
  top.parse("at", at, &parse_signed_duration);
  read.at = instant(at);
  top.require("seed", "the seed of the run");
  top.parse("seed", read.seed, &parse_seed);
  top.parse("digest", read.digest, &digest_of);
  top.read("build", read.build);
  top.read("settings", read.settings);
  top.read("plants", read.plants);
  top.parse("plan_hash", plan_hash, &hash_of_hex);
  top.require("plan", "the faults of the run");
  read_plan(top, read.plan, read.plan_places);
  top.read("scenario_file", read.scenario_file);
  top.require("scenario", "the text of the scenario");
  top.read("scenario", read.scenario_text);
  top.finish();
  if (!problems.empty()) return problems.as_error();
  read.plan_edited = plan_hash != hash_of_plan(read.plan);
  return read;
}

}  // namespace roost::sim
