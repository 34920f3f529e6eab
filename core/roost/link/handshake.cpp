#include <roost/link/handshake.hpp>

#include <roost/base/plant.hpp>
#include <roost/wire/detail/little_endian.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace roost::link {
namespace {

ROOST_DEFINE_PLANT(stale_incarnation_accepted, "stale-incarnation-accepted", "G3",
                   "accepts a session that was meant for an earlier incarnation of this proc");

constexpr std::size_t longest_text = 1024;

class writer {
 public:
  template <class Scalar>
  writer& put(Scalar value) {
    std::array<std::byte, sizeof value> bytes;
    wire::detail::store(bytes.data(), value);
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  writer& put(proc_id id) { return put(id.host.value).put(id.ordinal).put(id.incarnation); }
  writer& put(std::string const& text) {
    auto const size = std::min(text.size(), longest_text);
    put(static_cast<std::uint16_t>(size));
    auto const bytes = as_bytes({text.data(), size});
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  shared_bytes done() { return shared_bytes(out_); }

 private:
  std::vector<std::byte> out_;
};

class reader {
 public:
  explicit reader(std::span<std::byte const> in) : in_(in) {}
  template <class Scalar>
  reader& get(Scalar& value) {
    if (in_.size() < sizeof value) {
      bad_ = true;
      in_ = {};
    } else {
      value = wire::detail::load<Scalar>(in_.data());
      in_ = in_.subspan(sizeof value);
    }
    return *this;
  }
  reader& get(proc_id& id) { return get(id.host.value).get(id.ordinal).get(id.incarnation); }
  reader& get(std::string& text) {
    std::uint16_t size = 0;
    get(size);
    if (size > longest_text || in_.size() < size) {
      bad_ = true;
      in_ = {};
      return *this;
    }
    text.assign(reinterpret_cast<char const*>(in_.data()), size);
    in_ = in_.subspan(size);
    return *this;
  }
  bool whole() const noexcept { return !bad_ && in_.empty(); }

 private:
  std::span<std::byte const> in_;
  bool bad_ = false;
};

std::string range(std::uint16_t low, std::uint16_t high) {
  return low == high ? std::to_string(low) : std::to_string(low) + " to " + std::to_string(high);
}

/// Takes as long for a near miss as for a far one.
bool same_secret(std::string const& a, std::string const& b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i != a.size(); ++i) difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

}  // namespace

shared_bytes encode(hello_body const& body) {
  writer out;
  out.put(body.version_min).put(body.version_max).put(body.from).put(body.to).put(body.features).put(body.attempt);
  return out.put(body.epoch).put(body.build).put(body.cluster).put(body.token).done();
}

shared_bytes encode(refuse_body const& body) { return writer().put(static_cast<std::uint16_t>(body.code)).put(body.text).done(); }

result<hello_body> decode_hello(std::span<std::byte const> data) {
  hello_body body;
  reader in(data);
  in.get(body.version_min).get(body.version_max).get(body.from).get(body.to).get(body.features).get(body.attempt);
  in.get(body.epoch).get(body.build).get(body.cluster).get(body.token);
  if (!in.whole() || body.epoch == 0 || body.epoch >> 62 != 0 || body.attempt >> 62 != 0) {
    return error(errc::bad_frame, "the handshake is cut short, too long or out of range", "handshake");
  }
  return body;
}

result<refuse_body> decode_refuse(std::span<std::byte const> data) {
  std::uint16_t code = 0;
  refuse_body body;
  if (!reader(data).get(code).get(body.text).whole() || code == 0 || code > static_cast<std::uint16_t>(errc::broken_invariant)) {
    return error(errc::bad_frame, "the refusal is cut short, too long or without a reason", "handshake");
  }
  body.code = static_cast<errc>(code);
  return body;
}

identity complete(identity who) {
  if (who.wire_version_max == 0) who.wire_version_max = wire::wire_version;
  if (who.wire_version_min == 0) who.wire_version_min = who.wire_version_max;
  return who;
}

std::uint16_t common_version(hello_body const& from, identity const& here) {
  return std::min(from.version_max, here.wire_version_max);
}

bool answers_for(hello_body const& answer, proc_id peer, proc_id self) {
  if (ROOST_PLANT(stale_incarnation_accepted)) return answer.from.host == peer.host && answer.from.ordinal == peer.ordinal;
  return answer.from == peer && answer.to == self;
}

std::optional<refuse_body> judge(hello_body const& from, identity const& here) {
  auto const common = common_version(from, here);
  if (common < from.version_min || common < here.wire_version_min) {
    return refuse_body{errc::version_mismatch, to_string(from.from) + " (build " + from.build + ") speaks wire version " +
                                                   range(from.version_min, from.version_max) + ", and " + to_string(here.self) +
                                                   " (build " + here.build + ") speaks " +
                                                   range(here.wire_version_min, here.wire_version_max)};
  }
  if (from.cluster != here.cluster) {
    return refuse_body{errc::unauthenticated, to_string(from.from) + " belongs to cluster \"" + from.cluster + "\", and " +
                                                  to_string(here.self) + " to \"" + here.cluster + "\""};
  }
  if (!same_secret(from.token, here.token)) {
    return refuse_body{errc::unauthenticated, to_string(here.self) + " does not accept the token of " + to_string(from.from)};
  }
  if (from.to != here.self && !(ROOST_PLANT(stale_incarnation_accepted) && from.to.host == here.self.host)) {
    return refuse_body{errc::stale,
                       to_string(from.from) + " asks for " + to_string(from.to) + ", and this is " + to_string(here.self)};
  }
  return {};
}

}  // namespace roost::link
