#pragma once
// Who is told of one actor's end: each once, however often it asked, in the order in which they came.

#include <roost/base/ids.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace roost::detail {

class watcher_list {
 public:
  struct entry {
    actor_id who;
    bool linked = false;  ///< It fails with the one that it watches.
  };

  /// True: `who` did not watch before. A link counts beside a plain watch.
  bool add(actor_id who, bool linked) {
    if (auto* const known = find(who)) {
      known->linked |= linked;
      return false;
    }
    if (!places_.empty()) places_.emplace(who, entries_.size());
    entries_.push_back({who, linked});
    return true;
  }
  void remove_those_on(proc_id proc) {
    std::erase_if(entries_, [&](entry const& e) { return e.who.proc == proc; });
    places_.clear();
  }
  std::vector<entry> const& all() const noexcept { return entries_; }

 private:
  /// More than these are found by a table.
  static constexpr std::size_t few = 32;
  struct hash {
    std::size_t operator()(actor_id const& id) const noexcept { return hash_of(id); }
  };

  entry* find(actor_id who) {
    if (entries_.size() <= few) {
      auto const at = std::find_if(entries_.begin(), entries_.end(), [&](entry const& e) { return e.who == who; });
      return at == entries_.end() ? nullptr : &*at;
    }
    if (places_.empty()) {
      for (std::size_t i = 0; i != entries_.size(); ++i) places_.emplace(entries_[i].who, i);
    }
    auto const at = places_.find(who);
    return at == places_.end() ? nullptr : &entries_[at->second];
  }

  std::vector<entry> entries_;
  boost::unordered_flat_map<actor_id, std::size_t, hash> places_;
};

}  // namespace roost::detail
