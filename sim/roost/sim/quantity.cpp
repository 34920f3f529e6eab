#include <roost/base/keyed.hpp>
#include <roost/sim/quantity.hpp>
#include <roost/sim/words.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

namespace roost::sim {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array durations{unit{"ns", 1},
                               unit{"us", 1'000},
                               unit{"ms", 1'000'000},
                               unit{"s", 1'000'000'000},
                               unit{"m", 60'000'000'000},
                               unit{"h", 3'600'000'000'000}};
constexpr std::array sizes{unit{"B", 1},
                           unit{"kB", 1'000},
                           unit{"MB", 1'000'000},
                           unit{"GB", 1'000'000'000},
                           unit{"KiB", 1ULL << 10},
                           unit{"MiB", 1ULL << 20},
                           unit{"GiB", 1ULL << 30},
                           unit{"TiB", 1ULL << 40}};
constexpr std::array bit_rates{unit{"bit/s", 1},
                               unit{"kbit/s", 1'000},
                               unit{"Mbit/s", 1'000'000},
                               unit{"Gbit/s", 1'000'000'000},
                               unit{"Tbit/s", 1'000'000'000'000},
                               unit{"B/s", 8},
                               unit{"kB/s", 8'000},
                               unit{"MB/s", 8'000'000},
                               unit{"GB/s", 8'000'000'000}};

/// What kind of quantity is read, for messages.
struct quantity_kind {
  std::string_view what;
  std::string_view example;
  std::span<unit const> units;
  std::uint64_t most;
};

constexpr auto longest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr quantity_kind duration_kind{"duration", "10ms", durations, longest};
constexpr quantity_kind size_kind{"size", "1MiB", sizes, longest};
constexpr quantity_kind rate_kind{"rate", "200Gbit/s", bit_rates, longest};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

error refuse(std::string_view text, quantity_kind const& kind, std::string why) {
  std::string names;
  for (auto const& each : kind.units) names += (names.empty() ? "" : ", ") + std::string(each.name);
  return {errc::bad_argument, quoted(text) + " " + std::move(why) + ", expected a " + std::string(kind.what) + " such as '" +
                                  std::string(kind.example) + "' (" + names + ")"};
}

/// A decimal number: digits as one integer, and how many of them stand behind the point.
struct decimal {
  uint128 digits = 0;
  unsigned places = 0;
  std::string_view rest;
};

std::optional<decimal> read_decimal(std::string_view text) {
  decimal read;
  std::size_t at = 0;
  unsigned count = 0;
  bool point = false;
  for (; at != text.size(); ++at) {
    if (text[at] == '.' && !point && at != 0) {
      point = true;
    } else if (is_digit(text[at])) {
      if (++count > 28) return std::nullopt;
      read.digits = read.digits * 10 + static_cast<unsigned>(text[at] - '0');
      if (point) ++read.places;
    } else {
      break;
    }
  }
  if (count == 0 || (at != 0 && text[at - 1] == '.')) return std::nullopt;
  read.rest = text.substr(at);
  return read;
}

/// `digits` / 10^`places` * `factor`, where that is a whole number of at most `most`.
std::optional<std::uint64_t> scaled(decimal value, std::uint64_t factor, std::uint64_t most, bool& too_fine) {
  while (value.places != 0 && value.digits % 10 == 0) {
    value.digits /= 10;
    --value.places;
  }
  too_fine = false;
  uint128 divisor = 1;
  for (unsigned i = 0; i != value.places; ++i) divisor *= 10;
  auto const whole = value.digits / divisor;
  auto const part = value.digits % divisor;
  if (whole > most / factor + 1) return std::nullopt;
  if (value.places > 18 || (part * factor) % divisor != 0) {
    too_fine = true;
    return std::nullopt;
  }
  auto const total = whole * factor + part * factor / divisor;
  if (total > most) return std::nullopt;
  return static_cast<std::uint64_t>(total);
}

result<std::uint64_t> parse_quantity(std::string_view text, quantity_kind const& kind) {
  if (text.empty()) return refuse(text, kind, "is empty");
  if (text.front() == '-') return refuse(text, kind, "is negative");
  auto const value = read_decimal(text);
  if (!value) return refuse(text, kind, "is not a number with a unit");
  auto const at = std::find_if(kind.units.begin(), kind.units.end(), [&](unit const& u) { return u.name == value->rest; });
  bool too_fine = false;
  if (at == kind.units.end()) {
    if (!value->rest.empty()) return refuse(text, kind, "has the unknown unit " + quoted(value->rest));
    if (value->digits == 0) return std::uint64_t{0};
    return refuse(text, kind, "has no unit");
  }
  if (auto const total = scaled(*value, at->factor, kind.most, too_fine)) return *total;
  if (too_fine) return refuse(text, kind, "is finer than one " + std::string(kind.units.front().name));
  return refuse(text, kind, "is too large");
}

}  // namespace

result<nanoseconds> parse_duration(std::string_view text) {
  auto const read = parse_quantity(text, duration_kind);
  if (!read) return read.failure();
  return nanoseconds(static_cast<std::int64_t>(*read));
}

result<nanoseconds> parse_signed_duration(std::string_view text) {
  if (text.empty() || text.front() != '-') return parse_duration(text);
  auto kind = duration_kind;
  kind.most = longest + 1;
  auto const read = parse_quantity(text.substr(1), kind);
  if (!read) return refuse(text, kind, "is not a duration");
  return nanoseconds(static_cast<std::int64_t>(0 - *read));
}

result<bytes> parse_size(std::string_view text) {
  auto const read = parse_quantity(text, size_kind);
  if (!read) return read.failure();
  return bytes{*read};
}

result<std::uint64_t> parse_bit_rate(std::string_view text) { return parse_quantity(text, rate_kind); }

result<nanoseconds> parse_rate(std::string_view text) {
  auto const bad = [&](std::string const& why) {
    return error(errc::bad_argument, quoted(text) + " " + why + ", expected a rate such as '1/30s', or 'never'");
  };
  if (text == "never") return nanoseconds(0);
  auto const slash = text.find('/');
  if (slash == std::string_view::npos) return bad("is not a count over a duration");
  auto const count = text.substr(0, slash);
  std::uint64_t times = 0;
  auto const [end, code] = std::from_chars(count.data(), count.data() + count.size(), times);
  if (code != std::errc() || end != count.data() + count.size() || times == 0) return bad("does not begin with a count");
  auto const span = parse_duration(text.substr(slash + 1));
  if (!span) return bad("does not end with a duration");
  auto const every = nanoseconds(span->count() / static_cast<std::int64_t>(std::min(times, longest)));
  if (every.count() == 0) return bad("is more often than once in a nanosecond");
  return every;
}

result<std::uint32_t> parse_ppm(std::string_view text) {
  auto const bad = [&](std::string const& why) {
    return error(errc::bad_argument,
                 quoted(text) + " " + why + ", expected a probability from 0 to 1 such as 0.001, '0.1%' or '1000ppm'");
  };
  if (!text.empty() && text.front() == '-') return bad("is negative");
  auto const value = read_decimal(text);
  if (!value) return bad("is no probability");
  std::uint64_t factor = 0;
  if (value->rest.empty()) factor = 1'000'000;
  if (value->rest == "%") factor = 10'000;
  if (value->rest == "ppm") factor = 1;
  if (factor == 0) return bad("has the unknown unit " + quoted(value->rest));
  bool too_fine = false;
  if (auto const parts = scaled(*value, factor, 1'000'000, too_fine)) return static_cast<std::uint32_t>(*parts);
  return bad(too_fine ? "is finer than one part per million" : "is more than 1");
}

result<std::uint32_t> ppm_of(double fraction) {
  char digits[64];
  auto const [end, code] = std::to_chars(digits, digits + sizeof digits, fraction, std::chars_format::fixed);
  if (code != std::errc()) return error(errc::bad_argument, "the number is no probability, expected 0 to 1");
  return parse_ppm({digits, static_cast<std::size_t>(end - digits)});
}

result<std::uint64_t> parse_seed(std::string_view text) {
  bool const hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  auto const digits = hexadecimal ? text.substr(2) : text;
  std::uint64_t seed = 0;
  auto const [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), seed, hexadecimal ? 16 : 10);
  if (code == std::errc::result_out_of_range) {
    return error(errc::bad_argument, quoted(text) + " is too large, expected a seed below 2^64");
  }
  if (code != std::errc() || end != digits.data() + digits.size()) {
    return error(errc::bad_argument, quoted(text) + " is no seed, expected a decimal number, or a hexadecimal one after 0x");
  }
  return seed;
}

std::string seed_text(std::uint64_t seed) {
  if (seed < 1'000'000'000) return std::to_string(seed);
  char digits[16];
  auto const [end, code] = std::to_chars(digits, digits + sizeof digits, seed, 16);
  return "0x" + std::string(digits, code == std::errc() ? end : digits);
}

}  // namespace roost::sim
