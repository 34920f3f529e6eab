#include <roost/base/json_text.hpp>
#include <roost/live/log_record.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <ctime>

namespace roost {
namespace {

std::string utc_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  std::array<char, 40> text{};
  std::size_t const size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%09ldZ", now.tv_nsec);
  return text.data();
}

}  // namespace

std::string json_line(log_record const& record) {
  std::string line = "{\"ts\":\"" + utc_now() + "\"";
  auto const field = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    line.append(",\"").append(name).append("\":");
    append_json_text(line, value);
  };
  field("level", record.level);
  field("host", record.host);
  field("proc", record.proc);
  field("mesh", record.mesh);
  if (record.rank) line.append(",\"rank\":").append(std::to_string(*record.rank));
  field("actor", record.actor);
  field("stream", record.stream);
  field("logger", record.logger);
  line += ",\"msg\":";
  append_json_text(line, record.message);
  if (!record.fields.empty()) {
    line += ",\"fields\":";
    append_json_fields(line, record.fields);
  }
  line += "}\n";
  return line;
}

}  // namespace roost
