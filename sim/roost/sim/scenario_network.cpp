#include <roost/sim/quantity.hpp>
#include <roost/sim/scenario_reader.hpp>
#include <roost/sim/words.hpp>

#include <array>

namespace roost::sim::detail {
namespace {

constexpr nanoseconds longest_duration = std::chrono::hours(24 * 3650);

void read_latency(toml_value const* table, std::string path, latency_model& into, toml_problems& problems) {
  toml_table_reader latency(table, std::move(path), problems);
  constexpr std::array<std::string_view, 4> shapes{"constant", "uniform", "exponential", "lognormal"};
  latency.require("dist", "one of constant, uniform, exponential, lognormal");
  auto const chosen = latency.choice("dist", shapes);
  if (chosen < 0) return;
  into.distribution = static_cast<latency_model::shape>(chosen);
  struct names {
    std::string_view low;
    std::string_view high;
  };
  constexpr std::array<names, 4> keys{names{"value", ""}, names{"min", "max"}, names{"min", "mean"}, names{"p50", "p99"}};
  auto const& [low, high] = keys[static_cast<std::size_t>(chosen)];
  into.low = into.high = nanoseconds(0);
  if (shapes[static_cast<std::size_t>(chosen)] != "exponential") latency.require(low, "a duration such as \"20us\"");
  read_duration(latency, low, into.low);
  if (high.empty()) {
    into.high = into.low;
  } else {
    latency.require(high, "a duration such as \"200us\"");
    if (read_duration(latency, high, into.high) && into.high < into.low) {
      latency.complain(*table->find(high), roost::to_string(into.high) + " is less than " + std::string(low) + " = " +
                                               roost::to_string(into.low) + ", expected at least that");
    }
  }
  latency.finish();
}

}  // namespace

bool read_duration(toml_table_reader& table, std::string_view key, nanoseconds& into) {
  auto read = into;
  if (!table.parse(key, read, &parse_duration)) return false;
  if (read > longest_duration) {
    auto const* found = table.value(key);
    table.complain(*found, quoted(found->text) + " is too long, expected at most " + roost::to_string(longest_duration));
    return false;
  }
  into = read;
  return true;
}

bool read_time_span(toml_table_reader& table, std::string_view key, nanoseconds& into) {
  nanoseconds read{};
  if (!read_duration(table, key, read)) return false;
  if (read.count() == 0) {
    table.complain(*table.value(key), "0 is no time, expected a duration above it");
    return false;
  }
  into = read;
  return true;
}

void read_ppm(toml_table_reader& table, std::string_view key, std::uint32_t& into) {
  auto const* found = table.value(key);
  if (found == nullptr) return;
  auto const read = [&]() -> result<std::uint32_t> {
    switch (found->type) {
      case toml_value::kind::text: return parse_ppm(found->text);
      case toml_value::kind::real: return ppm_of(found->real);
      case toml_value::kind::integer: return parse_ppm(std::to_string(found->integer));
      default: return error(errc::bad_argument, described(*found) + ", expected a probability from 0 to 1 such as 0.001");
    }
  }();
  if (read) {
    into = *read;
  } else {
    table.complain(*found, read.failure().what);
  }
}

void read_link(toml_table_reader& table, link_model& model, toml_problems& problems) {
  if (auto const* latency = table.table("latency")) read_latency(latency, table.path_of("latency"), model.latency, problems);
  std::uint64_t rate = 0;
  if (table.parse("bandwidth", rate, &parse_bit_rate)) {
    if (rate == 0) {
      table.complain(*table.value("bandwidth"), "0 carries nothing, expected a rate such as \"10Gbit/s\"");
    } else {
      model.bits_per_second = rate;
    }
  }
  read_ppm(table, "loss", model.loss_ppm);
  read_ppm(table, "duplicate", model.duplicate_ppm);
  read_ppm(table, "reorder", model.reorder_ppm);
  read_ppm(table, "corrupt", model.corrupt_ppm);
}

}  // namespace roost::sim::detail
