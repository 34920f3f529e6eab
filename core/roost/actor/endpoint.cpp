#include <roost/actor/endpoint.hpp>

#include <roost/base/plant.hpp>
#include <roost/wire/chain.hpp>

#include <cstring>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_not_inherited, "deadline-not-inherited", "G4",
                   "What a handler sends does not have the deadline of the call that the handler serves.");

/// In front of the arguments: the slice that a message was cast to (no labels: none), and the duties of its reply ports.
struct envelope_body {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
  std::vector<carried_duty> carried;
};

/// The envelope of most messages: no slice, no duties.
shared_bytes const plain_envelope = wire::encode_shared(envelope_body{});

bool starts_with(std::span<std::byte const> all, std::span<std::byte const> front) noexcept {
  return all.size() >= front.size() && std::memcmp(all.data(), front.data(), front.size()) == 0;
}

}  // namespace

std::string mesh_ref::describe(std::uint64_t rank) const {
  return covered.dims() == 0 ? mesh->name : mesh->name + "[" + to_string(point(covered.extent(), rank)) + "]";
}

void refuse_no_mesh(char const* what) {
  throw exception(error(errc::bad_argument, std::string(what) + " on a mesh reference that refers to nothing"));
}

void require_value_for_each(extent const& given, extent const& shape, std::string where) {
  if (given == shape) return;
  throw exception(error(errc::bad_argument,
                        "a value_mesh of " + to_string(given) + " has not one value for each rank of " + to_string(shape),
                        std::move(where)));
}

void refuse_unsent(mesh_ref const& mesh, std::vector<unsent_rank> const& unsent, std::string where) {
  constexpr std::size_t most_named = 8;
  std::string ranks;
  for (std::size_t i = 0; i != std::min(unsent.size(), most_named); ++i)
    ranks += (i == 0 ? "" : ", ") + mesh.describe(unsent[i].rank);
  if (unsent.size() > most_named) ranks += ", ...";
  auto const& first = unsent.front().why;
  throw exception(error(first.code,
                        "the broadcast was not sent to " + std::to_string(unsent.size()) + " of " + std::to_string(mesh.size()) +
                            " ranks: " + ranks,
                        std::move(where))
                      .caused_by(first));
}

invocation invocation::bounded(nanoseconds timeout) {
  auto& frame = require_frame("Invoking an endpoint");
  if (frame.must_end && !frame.may_not_wait()) frame.cell->throw_ended(frame);
  auto const inherited = ROOST_PLANT(plant_not_inherited) ? never : frame.deadline;
  auto const own = timeout == nanoseconds::max() ? never : later(frame.cell->home().seams().clock->now(), timeout);
  return {frame.cell, &frame, std::min(inherited, own), nullptr};
}

invocation invocation::asking(nanoseconds timeout) {
  auto from = here(timeout);
  auto const& frame = *from.frame;
  if (chain_node::depth_of(frame.chain()) >= wire::max_chain) {
    throw exception(error(errc::too_deep,
                          "the chain of waiting callers has more than " + std::to_string(wire::max_chain) + " actors",
                          frame.cell->describe()));
  }
  from.chain = chain_node::make(frame.cell->id(), frame.chain());
  return from;
}

std::int64_t invocation::remaining() const {
  if (deadline == never) return -1;
  return std::max<std::int64_t>(0, (deadline - cell->home().seams().clock->now()).count());
}

chain_ptr chain_beyond(invocation const& from, duty_list const& duties) {
  auto const* served = from.frame->handled;
  bool const cuts = served != nullptr && std::any_of(duties.begin(), duties.end(), [&](reply_duty const* duty) {
                      return duty->route().proc == served->reply.proc && duty->route().port == served->reply.port;
                    });
  if (!cuts) return from.chain;
  from.frame->handled->chain = nullptr;
  return chain_node::make(from.cell->id(), nullptr);
}

link::outgoing make_outgoing(invocation const& from, chain_ptr const& chain, endpoint_descriptor const& endpoint, actor_id to,
                             reply_route reply, unencoded arguments, cast_place const* place, std::vector<carried_duty> carried) {
  link::outgoing out;
  out.header.sender = from.cell->id().local;
  out.header.receiver = to.local;
  out.header.endpoint = endpoint.id;
  out.header.reply_port = reply.port;
  out.header.fingerprint = endpoint.fingerprint;
  std::vector<actor_id> callers;
  if (reply && chain != nullptr) {
    for (auto const* node = chain.get(); node != nullptr; node = node->outer.get()) callers.push_back(node->caller);
    std::reverse(callers.begin(), callers.end());
  }
  shared_bytes own;
  auto const* envelope = &plain_envelope;
  if (place != nullptr || !carried.empty()) {
    envelope_body front{{}, {}, std::move(carried)};
    if (place != nullptr) {
      front.labels.assign(place->shape.labels().begin(), place->shape.labels().end());
      front.sizes.assign(place->shape.sizes().begin(), place->shape.sizes().end());
      out.header.point_rank = place->rank;
    }
    own = wire::encode_shared(front);
    envelope = &own;
  }
  auto const prefix = envelope->size();
  auto const trailer = callers.empty() ? 0 : wire::chain_size(callers.size());
  out.body =
      wire::frame_draft::made(prefix + arguments.size, trailer, [&](std::span<std::byte> payload, std::span<std::byte> last) {
        std::memcpy(payload.data(), envelope->view().data(), prefix);
        arguments.write(arguments.arguments, payload.subspan(prefix));
        if (!callers.empty()) ROOST_INVARIANT(wire::encode_chain(callers, last), std::to_string(callers.size()) + " callers");
      });
  return out;
}

result<void> open_envelope(shared_bytes& payload, link::incoming const& in, arrival& at, std::unique_ptr<cast_place>& place) {
  if (starts_with(payload.view(), plain_envelope.view())) {
    payload.remove_prefix(plain_envelope.size());
    return {};
  }
  wire::reader bytes(payload.view());
  envelope_body front;
  if (!wire::decode_value(bytes, front)) return bytes.failure();
  at.duties.reserve(front.carried.size());
  for (auto const& duty : front.carried) {
    at.duties.emplace_back(*at.home, reply_route{in.from, duty.port}, at.receiver,
                           message_stamp{duty.stamp_high, duty.stamp_low});
  }
  if (!front.labels.empty()) {
    auto made = extent::make(front.labels, front.sizes);
    if (!made) return made.failure();
    if (in.header.point_rank >= made->size())
      return error(errc::bad_frame, "rank " + std::to_string(in.header.point_rank) + " is outside the slice of the message");
    place = std::make_unique<cast_place>(cast_place{*made, in.header.point_rank});
  }
  payload.remove_prefix(bytes.offset());
  return {};
}

}  // namespace roost::detail
