#include <roost/wire/control.hpp>

#include <roost/wire/control.capnp.h>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <utility>

namespace roost::wire {
namespace {

error bad(std::string text) { return {errc::bad_frame, std::move(text), "control body"}; }

/// A refusal on the way out of nested readers; never leaves this file.
struct refused {
  error why;
};

template <class Root, class Fill>
std::vector<std::byte> write(Fill fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<Root>());
  auto const words = capnp::messageToFlatArray(message);
  auto const bytes = std::as_bytes(std::span(words.asBytes().begin(), words.asBytes().size()));
  return {bytes.begin(), bytes.end()};
}

capnp::Text::Reader text(std::string const& s) { return {s.c_str(), s.size()}; }

capnp::Data::Reader data(std::vector<std::byte> const& bytes) {
  return {reinterpret_cast<kj::byte const*>(bytes.data()), bytes.size()};
}

void write_proc(schema::ProcId::Builder out, proc_id const& id) {
  out.setHost(id.host.value);
  out.setOrdinal(id.ordinal);
  out.setIncarnation(id.incarnation);
}

void write_actor(schema::ActorId::Builder out, actor_id const& id) {
  write_proc(out.initProc(), id.proc);
  out.setLocal(id.local);
}

/// Calls `init(count)` for the list and fills it. An empty error is an empty list.
template <class Init>
void write_error(error const& why, Init init) {
  std::vector<error const*> links;
  if (why) {
    for (error const* link = &why; link != nullptr; link = link->cause.get()) {
      if (links.size() == max_error_links) links.pop_back();
      links.push_back(link);
    }
  }
  auto list = init(static_cast<unsigned>(links.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setCode(static_cast<std::uint16_t>(links[i]->code));
    list[i].setSimulated(links[i]->simulated);
    list[i].setWhat(text(links[i]->what));
    list[i].setWhere(text(links[i]->where));
  }
}

void write_spawn(schema::Spawn::Builder out, spawn_order const& body) {
  out.setActor(body.actor);
  out.setClassName(text(body.class_name));
  out.setName(text(body.name));
  out.setMeshHigh(body.mesh.high);
  out.setMeshLow(body.mesh.low);
  out.setRank(body.rank);
  auto extent = out.initExtent(static_cast<unsigned>(body.extent.size()));
  for (unsigned i = 0; i < extent.size(); ++i) {
    extent[i].setName(text(body.extent[i].name));
    extent[i].setSize(body.extent[i].size);
  }
  write_actor(out.initOwner(), body.owner);
  out.setArgs(data(body.args));
  out.setArgsFingerprint(body.args_fingerprint);
}

template <class Order>
void write_end(schema::End::Builder out, Order const& body) {
  out.setActor(body.actor);
  write_error(body.why, [&out](unsigned count) { return out.initWhy(count); });
}

void write_status(schema::Status::Builder out, status_notice const& body) {
  write_actor(out.initActor(), body.actor);
  out.setReason(static_cast<std::uint16_t>(body.reason));
  write_error(body.why, [&out](unsigned count) { return out.initWhy(count); });
}

/// Calls `take` with the root of `data`; everything that is wrong comes back as an error.
template <class Body, class Root, class Take>
result<Body> read(std::span<std::byte const> bytes, Take take) {
  if (bytes.size() > max_body) {
    return error(errc::too_large,
                 "the body has " + std::to_string(bytes.size()) + " bytes, and max_body is " + std::to_string(max_body),
                 "control body");
  }
  constexpr auto word = sizeof(capnp::word);
  if (bytes.empty() || bytes.size() % word != 0) {
    return bad("a body of " + std::to_string(bytes.size()) + " bytes is no whole number of words");
  }
  try {
    auto const count = bytes.size() / word;
    std::unique_ptr<capnp::word[]> aligned;
    auto const* words = reinterpret_cast<capnp::word const*>(bytes.data());
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::uint64_t) != 0) {
      aligned.reset(new capnp::word[count]);
      std::memcpy(static_cast<void*>(aligned.get()), bytes.data(), bytes.size());
      words = aligned.get();
    }
    capnp::ReaderOptions options;
    options.traversalLimitInWords = count + 16;
    options.nestingLimit = 16;
    capnp::FlatArrayMessageReader reader(kj::arrayPtr(words, count), options);
    if (reader.getEnd() != words + count) return bad("bytes are left behind the body");
    return take(reader.getRoot<Root>());
  } catch (refused const& r) {
    return r.why;
  } catch (kj::Exception const& e) {
    return bad(std::string("the body is malformed: ") + e.getDescription().cStr());
  } catch (std::exception const& e) {
    return bad(std::string("the body is malformed: ") + e.what());
  }
}

std::string text(capnp::Text::Reader in) { return {in.begin(), in.size()}; }

std::vector<std::byte> data(capnp::Data::Reader in) {
  auto const bytes = std::as_bytes(std::span(in.begin(), in.size()));
  return {bytes.begin(), bytes.end()};
}

errc read_code(std::uint16_t code) {
  if (code > static_cast<std::uint16_t>(errc::broken_invariant)) {
    throw refused{bad("there is no error code " + std::to_string(code))};
  }
  return static_cast<errc>(code);
}

proc_id read_proc(schema::ProcId::Reader in) { return {{in.getHost()}, in.getOrdinal(), in.getIncarnation()}; }

actor_id read_actor(schema::ActorId::Reader in) { return {read_proc(in.getProc()), in.getLocal()}; }

error read_error(capnp::List<schema::ErrorLink>::Reader list) {
  if (list.size() > max_error_links) {
    throw refused{
        bad("an error has " + std::to_string(list.size()) + " links, and max_error_links is " + std::to_string(max_error_links))};
  }
  error whole;
  for (unsigned i = list.size(); i > 0; --i) {
    auto const in = list[i - 1];
    error link(read_code(in.getCode()), text(in.getWhat()), text(in.getWhere()));
    if (!link) throw refused{bad("an error has the code ok")};
    link.simulated = in.getSimulated();
    if (whole) link.cause = std::make_shared<error const>(std::move(whole));
    whole = std::move(link);
  }
  return whole;
}

received_state read_received(schema::Received::Reader in) {
  received_state out;
  out.ack_below = in.getAckBelow();
  out.handled_below = in.getHandledBelow();
  out.control_ack = in.getControlAck();
  auto last = out.ack_below;
  for (auto const range : in.getRanges()) {
    if (range.getFrom() <= last || range.getBelow() <= range.getFrom()) {
      throw refused{bad("the received ranges are not ascending and apart")};
    }
    last = range.getBelow();
    out.ranges.push_back({range.getFrom(), range.getBelow()});
  }
  return out;
}

auth_kind read_auth(schema::AuthKind kind) {
  switch (kind) {
    case schema::AuthKind::NONE: return auth_kind::none;
    case schema::AuthKind::TOKEN: return auth_kind::token;
    case schema::AuthKind::TLS: return auth_kind::tls;
  }
  throw refused{bad("there is no auth kind " + std::to_string(static_cast<unsigned>(kind)))};
}

spawn_order read_spawn(schema::Spawn::Reader in) {
  spawn_order out;
  out.actor = in.getActor();
  out.class_name = text(in.getClassName());
  out.name = text(in.getName());
  out.mesh = {in.getMeshHigh(), in.getMeshLow()};
  out.rank = in.getRank();
  for (auto const dim : in.getExtent()) out.extent.push_back({text(dim.getName()), dim.getSize()});
  out.owner = read_actor(in.getOwner());
  out.args = data(in.getArgs());
  out.args_fingerprint = in.getArgsFingerprint();
  return out;
}

status_notice read_status(schema::Status::Reader in) {
  return {read_actor(in.getActor()), read_code(in.getReason()), read_error(in.getWhy())};
}

}  // namespace

std::vector<std::byte> encode_body(hello const& body) {
  return write<schema::Hello>([&body](schema::Hello::Builder out) {
    out.setMagic(hello_magic);
    out.setWireVersionMin(body.version_min);
    out.setWireVersionMax(body.version_max);
    out.setBuild(text(body.build));
    out.setCluster(text(body.cluster));
    write_proc(out.initSender(), body.sender);
    write_proc(out.initReceiver(), body.receiver);
    out.setEpoch(body.epoch);
    auto received = out.initReceived();
    received.setAckBelow(body.received.ack_below);
    received.setHandledBelow(body.received.handled_below);
    received.setControlAck(body.received.control_ack);
    auto ranges = received.initRanges(static_cast<unsigned>(body.received.ranges.size()));
    for (unsigned i = 0; i < ranges.size(); ++i) {
      ranges[i].setFrom(body.received.ranges[i].from);
      ranges[i].setBelow(body.received.ranges[i].below);
    }
    out.setAuthKind(static_cast<schema::AuthKind>(body.auth));
    out.setAuthProof(data(body.proof));
    out.setFeatures(body.features);
  });
}

std::vector<std::byte> encode_body(refusal const& body) {
  return write<schema::Refuse>([&body](schema::Refuse::Builder out) {
    out.setCode(static_cast<std::uint16_t>(body.code));
    out.setText(text(body.text));
    out.setOursMin(body.ours_min);
    out.setOursMax(body.ours_max);
    out.setTheirsMin(body.theirs_min);
    out.setTheirsMax(body.theirs_max);
  });
}

std::vector<std::byte> encode_body(control_body const& body) {
  return write<schema::Control>([&body](schema::Control::Builder out) {
    if (auto const* spawn = std::get_if<spawn_order>(&body)) write_spawn(out.initSpawn(), *spawn);
    if (auto const* stop = std::get_if<stop_order>(&body)) write_end(out.initStop(), *stop);
    if (auto const* kill = std::get_if<kill_order>(&body)) write_end(out.initKill(), *kill);
    if (auto const* status = std::get_if<status_notice>(&body)) write_status(out.initStatus(), *status);
  });
}

std::vector<std::byte> encode_body(told const& body) {
  return write<schema::Told>([&body](schema::Told::Builder out) {
    auto fates = out.initFates(static_cast<unsigned>(body.fates.size()));
    for (unsigned i = 0; i < fates.size(); ++i) {
      auto one = fates[i];
      one.setNumber(body.fates[i].number);
      write_error(body.fates[i].why, [&one](unsigned count) { return one.initWhy(count); });
    }
  });
}

result<hello> decode_hello(std::span<std::byte const> data) {
  return read<hello, schema::Hello>(data, [](schema::Hello::Reader in) -> result<hello> {
    if (in.getMagic() != hello_magic) return bad("this is no handshake: its magic is wrong");
    hello out;
    out.version_min = in.getWireVersionMin();
    out.version_max = in.getWireVersionMax();
    if (out.version_min > out.version_max) return bad("the lowest wire version is above the highest");
    out.build = text(in.getBuild());
    out.cluster = text(in.getCluster());
    out.sender = read_proc(in.getSender());
    out.receiver = read_proc(in.getReceiver());
    out.epoch = in.getEpoch();
    out.received = read_received(in.getReceived());
    out.auth = read_auth(in.getAuthKind());
    out.proof = wire::data(in.getAuthProof());
    out.features = in.getFeatures();
    return out;
  });
}

result<refusal> decode_refusal(std::span<std::byte const> data) {
  return read<refusal, schema::Refuse>(data, [](schema::Refuse::Reader in) -> result<refusal> {
    return refusal{read_code(in.getCode()), text(in.getText()), in.getOursMin(),
                   in.getOursMax(),         in.getTheirsMin(),  in.getTheirsMax()};
  });
}

result<control_body> decode_control(std::span<std::byte const> data) {
  return read<control_body, schema::Control>(data, [](schema::Control::Reader in) -> result<control_body> {
    switch (in.which()) {
      case schema::Control::SPAWN: return control_body(read_spawn(in.getSpawn()));
      case schema::Control::STOP: return control_body(stop_order{in.getStop().getActor(), read_error(in.getStop().getWhy())});
      case schema::Control::KILL: return control_body(kill_order{in.getKill().getActor(), read_error(in.getKill().getWhy())});
      case schema::Control::STATUS: return control_body(read_status(in.getStatus()));
    }
    return bad("there is no control body " + std::to_string(static_cast<unsigned>(in.which())));
  });
}

result<told> decode_told(std::span<std::byte const> data) {
  return read<told, schema::Told>(data, [](schema::Told::Reader in) -> result<told> {
    told out;
    for (auto const one : in.getFates()) {
      auto why = read_error(one.getWhy());
      if (!why) return bad("a fate has no error");
      out.fates.push_back({one.getNumber(), std::move(why)});
    }
    return out;
  });
}

}  // namespace roost::wire
