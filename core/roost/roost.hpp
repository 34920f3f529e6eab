#pragma once
// What a program includes: actors, meshes, futures, ports, and the entry.

#include <roost/actor/actor.hpp>
#include <roost/actor/export.hpp>
#include <roost/actor/foreign.hpp>
#include <roost/actor/future.hpp>
#include <roost/actor/port.hpp>
#include <roost/actor/self_messages.hpp>
#include <roost/actor/task.hpp>
#include <roost/mesh/actor_mesh.hpp>
#include <roost/mesh/hosts.hpp>
#include <roost/mesh/main.hpp>
#include <roost/mesh/proc_local.hpp>
#include <roost/platform/platform.hpp>
#include <roost/shape/dim.hpp>
#include <roost/shape/selection.hpp>
#include <roost/shape/value_mesh.hpp>
