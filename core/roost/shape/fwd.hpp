#pragma once
// Names of the floor `shape`: extents, points, regions, selections and the values that lie over them.

namespace roost {

class dim;
class extent;
class point;
class region;
class selection;
class slice;
struct dim_parts;
struct dim_selector;
struct named_size;
struct range;
template <class T>
class value_mesh;
template <class T>
class value_overlay;
template <class T>
struct value_run;

}  // namespace roost
