#include <roost/actor/endpoint.hpp>

#include <roost/base/plant.hpp>
#include <roost/wire/chain.hpp>

namespace roost::detail {
namespace {

thread_local task_suspension suspension;  // banned-call: consumed by the same handler before anything else runs

ROOST_DEFINE_PLANT(plant_not_inherited, "deadline-not-inherited", "G4",
                   "What a handler sends does not have the deadline of the call that the handler serves.");

/// The slice that a message was cast to; no labels: none.
struct place_body {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> sizes;
};

place_body body_of(cast_place const& place) {
  return {{place.shape.labels().begin(), place.shape.labels().end()}, {place.shape.sizes().begin(), place.shape.sizes().end()}};
}

}  // namespace

task_suspension& current_suspension() noexcept { return suspension; }

std::string mesh_ref::describe(std::uint64_t rank) const {
  return covered.dims() == 0 ? mesh->name : mesh->name + "[" + to_string(point(covered.extent(), rank)) + "]";
}

mesh_ref const& require_mesh(mesh_ref const& ref, char const* what) {
  if (ref.mesh == nullptr)
    throw exception(error(errc::bad_argument, std::string(what) + " on a mesh reference that refers to nothing"));
  return ref;
}

invocation invocation::here(nanoseconds timeout) {
  auto& frame = require_frame("Invoking an endpoint");
  if (frame.must_end) throw ended{frame.end_reason};
  auto const inherited = ROOST_PLANT(plant_not_inherited) ? never : frame.deadline;
  invocation from{frame.cell, &frame, std::min(inherited, deadline_in(timeout)), nullptr};
  auto const depth = frame.chain ? frame.chain->depth + 1 : 1;
  if (depth > wire::max_chain) {
    throw exception(error(errc::too_deep,
                          "the chain of waiting callers has more than " + std::to_string(wire::max_chain) + " actors",
                          frame.cell->describe()));
  }
  from.chain = std::make_shared<chain_node const>(chain_node{frame.cell->id(), depth, frame.chain});
  return from;
}

std::int64_t invocation::remaining() const {
  if (deadline == never) return -1;
  return std::max<std::int64_t>(0, (deadline - cell->home().seams().clock->now()).count());
}

link::outgoing make_outgoing(invocation const& from, endpoint_descriptor const& endpoint, actor_id to, reply_route reply,
                             std::vector<std::byte> const& arguments, cast_place const* place) {
  link::outgoing out;
  out.header.sender = from.cell->id().local;
  out.header.receiver = to.local;
  out.header.endpoint = endpoint.id;
  out.header.reply_port = reply.port;
  out.header.fingerprint = endpoint.fingerprint;
  out.header.remaining = from.remaining();
  if (reply && from.chain != nullptr) {
    std::vector<actor_id> callers;
    for (auto const* node = from.chain.get(); node != nullptr; node = node->outer.get()) callers.push_back(node->caller);
    std::reverse(callers.begin(), callers.end());
    std::vector<std::byte> trailer(wire::chain_size(callers.size()));
    if (wire::encode_chain(callers, trailer)) out.trailer = shared_bytes(std::move(trailer));
  }
  place_body const shape = place == nullptr ? place_body{} : body_of(*place);
  auto const prefix = wire::encoded_size(shape);
  std::vector<std::byte> payload(prefix + arguments.size());
  (void)wire::encode_into(shape, std::span(payload).first(prefix));
  std::copy(arguments.begin(), arguments.end(), payload.begin() + static_cast<std::ptrdiff_t>(prefix));
  if (place != nullptr) out.header.point_rank = place->rank;
  out.payload = shared_bytes(std::move(payload));
  return out;
}

result<shared_bytes> split_payload(shared_bytes const& payload, std::uint64_t rank, std::unique_ptr<cast_place>& place) {
  wire::reader in(payload.view());
  place_body shape;
  if (!wire::decode_value(in, shape)) return in.failure();
  if (!shape.labels.empty()) {
    auto made = extent::make(shape.labels, shape.sizes);
    if (!made) return made.failure();
    if (rank >= made->size())
      return error(errc::bad_frame, "rank " + std::to_string(rank) + " is outside the slice of the message");
    place = std::make_unique<cast_place>(cast_place{*made, rank});
  }
  return payload.slice(in.offset(), payload.size() - in.offset());
}

}  // namespace roost::detail
