#include <roost/actor/message.hpp>

namespace roost::detail {

void chain_node::destroy(chain_node const* node) noexcept { delete node; }

message_travel::message_travel(message_origin from, std::unique_ptr<cast_place> at) noexcept
    : origin(from), place(std::move(at)) {}
message_travel::~message_travel() = default;

}  // namespace roost::detail
