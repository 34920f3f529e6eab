#pragma once
// What one actor owns: those of its own proc are linked through their cells, of those elsewhere there are records. Both are in order of
// spawning, and finding and removing one takes constant time.

#include <roost/base/ids.hpp>
#include <roost/shape/point.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roost::detail {

/// What links actors of one owner in the owner's own proc: a part of their cells, which leaves the list with its cell.
struct sibling : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {};
using sibling_list = boost::intrusive::list<sibling, boost::intrusive::constant_time_size<false>>;

/// An actor of another proc as its owner records it.
struct owned_actor {
  actor_id id;
  std::string mesh_name;
  point where;
  mesh_id mesh{};
};

/// Those elsewhere.
class child_list {
 public:
  void add(owned_actor child) {
    places_.emplace(child.id, entries_.size());
    entries_.emplace_back(std::move(child));
  }
  /// Removes and gives one; nothing where it is not there.
  std::optional<owned_actor> take(actor_id id) {
    auto const place = places_.find(id);
    if (place == places_.end()) return std::nullopt;
    auto taken = std::exchange(entries_[place->second], std::nullopt);
    places_.erase(place);
    if (entries_.size() > 2 * places_.size() + 16) close_gaps();
    return taken;
  }
  void clear() {
    entries_.clear();
    places_.clear();
  }
  bool contains(actor_id id) const { return places_.contains(id); }
  bool empty() const noexcept { return places_.empty(); }
  /// A copy of those for which `wanted(child)` holds, in order of spawning.
  template <class Wanted>
  std::vector<owned_actor> those(Wanted wanted) const {
    std::vector<owned_actor> found;
    for (auto const& entry : entries_) {
      if (entry && wanted(*entry)) found.push_back(*entry);
    }
    return found;
  }
  std::vector<owned_actor> all() const {
    return those([](owned_actor const&) { return true; });
  }

 private:
  struct hash {
    std::size_t operator()(actor_id const& id) const noexcept { return hash_of(id); }
  };

  void close_gaps() {
    std::erase_if(entries_, [](auto const& entry) { return !entry; });
    for (std::size_t i = 0; i != entries_.size(); ++i) places_[entries_[i]->id] = i;
  }

  std::vector<std::optional<owned_actor>> entries_;  ///< With gaps where some were taken.
  boost::unordered_flat_map<actor_id, std::size_t, hash> places_;
};

}  // namespace roost::detail
