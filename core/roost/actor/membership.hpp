#pragma once
// Which incarnation stands at a rank of a mesh now, as one proc knows it. References keep the members they were made with; what
// this table knows of successors is applied whenever a reference is used.

#include <roost/base/error.hpp>
#include <roost/base/ids.hpp>
#include <roost/link/session_table.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <vector>

namespace roost::detail {

class proc_runtime;
struct mesh_record;

/// A rank's member and the one that took its place.
struct succession {
  actor_id before;
  actor_id after;  ///< Nil: nobody took its place.
  mesh_id mesh;
  std::uint64_t epoch = 0;  ///< Of the mesh since then.
};

/// The table of one proc. Of successions and epochs it keeps the `actor.tombstones` that were used last.
class membership {
 public:
  explicit membership(proc_runtime& home) : home_(&home) {}

  /// The member that stands where `member` stood, as far as known. Where that one is gone the mesh's owner is asked, and will say
  /// when it has a successor.
  actor_id current(mesh_record const& mesh, actor_id member);
  /// The latest member that is known to stand where `member` stood: itself, where none is.
  actor_id latest(actor_id member);
  bool knows_no_successors() const noexcept { return successors_.empty(); }
  /// The highest membership epoch known of a mesh whose reference says `at_least`.
  std::uint64_t epoch_of(mesh_id mesh, std::uint64_t at_least);

  // At the owner.
  /// A rank ended: the mesh's next epoch begins.
  void rank_ended(mesh_id mesh);
  /// `after` takes the place of `before`. Whoever may still send to `before` is told.
  void succeed(actor_id before, actor_id after, mesh_id mesh);
  /// The proc in which what lived in the failed proc `dead` lives on; launched when first asked for.
  proc_id replacement_of(proc_id dead);

  // Between procs.
  /// Another proc asks who stands where `before` stood.
  void asked(proc_id by, actor_id before);
  /// The answer, or news.
  void learn(succession const& news);
  /// A message of this proc came back `stale`. Its sender is told once the successor is known, or cannot be.
  void came_back(link::receipt const& r);
  /// A member of another proc has ended: a message of this proc came back from it, or who watches it was told.
  void found_gone(actor_id member) { gone_.at(member, limit()) = true; }
  bool found_over(actor_id member) { return !gone_.empty() && gone_.find(member) != nullptr; }
  /// Nothing more comes from that proc.
  void peer_gone(proc_id peer);

 private:
  struct id_hash {
    std::size_t operator()(actor_id const& id) const noexcept { return hash_of(id); }
  };
  struct mesh_hash {
    std::size_t operator()(mesh_id const& id) const noexcept { return mix(id.high, id.low); }
  };
  /// The values of the keys that were used last.
  template <class Key, class Value, class Hash>
  class recent {
   public:
    Value* find(Key const& key) {
      auto const at = values_.find(key);
      if (at == values_.end()) return nullptr;
      at->second.used = ++uses_;
      return &at->second.value;
    }
    Value& at(Key const& key, std::size_t limit) {
      if (values_.size() >= limit && !values_.contains(key)) {
        auto oldest = values_.begin();
        for (auto each = values_.begin(); each != values_.end(); ++each)  // banned-call: uses differ, so there is one least
          if (each->second.used < oldest->second.used) oldest = each;
        values_.erase(oldest);
      }
      auto& held = values_[key];
      held.used = ++uses_;
      return held.value;
    }
    /// All values, in no order.
    template <class Visit>
    void each(Visit visit) {
      for (auto& [key, held] : values_) visit(held.value);  // banned-call: the visits do not depend on each other
    }
    bool empty() const noexcept { return values_.empty(); }

   private:
    struct kept {
      Value value{};
      std::uint64_t used = 0;
    };
    boost::unordered_flat_map<Key, kept, Hash> values_;
    std::uint64_t uses_ = 0;
  };
  struct successor {
    actor_id after;
    mesh_id mesh;
    std::uint64_t epoch = 0;
  };
  /// A question to the proc where an earlier member was.
  struct question {
    actor_id about;
    std::vector<link::receipt> waiting;  ///< Told when it is answered.
  };

  std::size_t limit() const;
  /// Asks the owner's proc, which answers when there is a successor; now and then once more, since its word can be lost.
  void ask_owner(proc_id owner, actor_id about);
  void note(succession const& news);
  void tell(link::receipt const& r);
  void close(std::function<bool(question const&)> const& which);

  proc_runtime* home_;
  std::uint64_t clock_ = 1;  ///< Of this proc: epochs of its meshes are drawn from it, so that they only rise.
  recent<actor_id, successor, id_hash> successors_;
  recent<mesh_id, std::uint64_t, mesh_hash> epochs_;
  recent<actor_id, std::vector<proc_id>, id_hash> askers_;
  recent<actor_id, bool, id_hash> gone_;
  recent<actor_id, instant, id_hash> owner_asked_;  ///< When last.
  boost::unordered_flat_map<proc_id, proc_id, std::hash<proc_id>> replacements_;
  std::vector<question> questions_;
};

}  // namespace roost::detail
