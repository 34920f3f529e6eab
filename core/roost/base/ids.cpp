#include <roost/base/ids.hpp>

#include <charconv>
#include <cstdio>

namespace roost {
namespace {

/// Reads ids from left to right; every step fails for good once one has failed.
class id_reader {
 public:
  explicit id_reader(std::string_view text) : rest_(text) {}

  bool literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return fail();
    rest_.remove_prefix(expected.size());
    return ok_;
  }

  template <class Integer>
  bool number(Integer& out, int base = 10) {
    auto const [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out, base);
    if (error != std::errc{} || end == rest_.data()) return fail();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return ok_;
  }

  bool host(host_id& id) { return literal("h") && number(id.value); }
  bool proc(proc_id& id) {
    return host(id.host) && literal("/p") && number(id.ordinal) && literal(".") && number(id.incarnation);
  }
  bool actor(actor_id& id) { return proc(id.proc) && literal("/a") && number(id.local); }
  bool port(port_id& id) { return actor(id.owner) && literal(":") && number(id.number); }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  bool fail() {
    ok_ = false;
    return false;
  }

  std::string_view rest_;
  bool ok_ = true;
};

template <class Id, class Read>
std::optional<Id> parse_whole(std::string_view text, Read read) {
  id_reader reader(text);
  Id id;
  if (!read(reader, id) || !reader.at_end()) return std::nullopt;
  return id;
}

}  // namespace

std::string to_string(host_id id) { return "h" + std::to_string(id.value); }
std::string to_string(proc_id id) {
  return to_string(id.host) + "/p" + std::to_string(id.ordinal) + "." + std::to_string(id.incarnation);
}
std::string to_string(actor_id id) { return to_string(id.proc) + "/a" + std::to_string(id.local); }
std::string to_string(port_id id) { return to_string(id.owner) + ":" + std::to_string(id.number); }
std::string to_string(mesh_id id) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(id.high),
                static_cast<unsigned long long>(id.low));
  return text;
}

std::optional<host_id> parse_host_id(std::string_view text) {
  return parse_whole<host_id>(text, [](id_reader& r, host_id& id) { return r.host(id); });
}
std::optional<proc_id> parse_proc_id(std::string_view text) {
  return parse_whole<proc_id>(text, [](id_reader& r, proc_id& id) { return r.proc(id); });
}
std::optional<actor_id> parse_actor_id(std::string_view text) {
  return parse_whole<actor_id>(text, [](id_reader& r, actor_id& id) { return r.actor(id); });
}
std::optional<port_id> parse_port_id(std::string_view text) {
  return parse_whole<port_id>(text, [](id_reader& r, port_id& id) { return r.port(id); });
}
std::optional<mesh_id> parse_mesh_id(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  mesh_id id;
  id_reader high(text.substr(0, 16));
  id_reader low(text.substr(16));
  if (!high.number(id.high, 16) || !high.at_end() || !low.number(id.low, 16) || !low.at_end()) return std::nullopt;
  return id;
}

}  // namespace roost
