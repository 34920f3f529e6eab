#pragma once
// Names of the actor floor.

namespace roost {

class actor;
class context;
class failure;
struct undelivered;
struct flight_record;
template <class T>
class future;
template <class T>
class port;
template <class T>
class once_port;
template <class T>
class receiver;
template <class T>
class reply_port;
template <class T>
class task;

namespace detail {
class actor_cell;
class message;
class port_base;
class proc_runtime;
class waiter;
struct arrival;
struct class_descriptor;
struct endpoint_descriptor;
struct handler_frame;
struct invocation;
}  // namespace detail
}  // namespace roost
