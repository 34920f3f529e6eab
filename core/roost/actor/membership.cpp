#include <roost/actor/membership.hpp>

#include <roost/actor/knobs.hpp>
#include <roost/actor/mesh_ref.hpp>
#include <roost/actor/proc_runtime.hpp>
#include <roost/base/plant.hpp>
#include <roost/wire/codec.hpp>

#include <algorithm>

namespace roost::detail {
namespace {

ROOST_DEFINE_PLANT(plant_never_refreshed, "never-refreshed", "G3",
                   "A reference whose message came back stale goes on to name the earlier member.");

}  // namespace

std::size_t membership::limit() const { return home_->seams().knobs->count(knobs::tombstones); }

actor_id membership::latest(actor_id member) {
  if (successors_.empty()) return member;
  auto const* known = successors_.find(member);
  return known == nullptr ? member : known->after;
}

actor_id membership::current(mesh_record const& mesh, actor_id member) {
  auto const now = latest(member);
  if (mesh.owner == actor_id{} || mesh.owner.proc == home_->self()) return now;
  if (home_->known_failed(now.proc) || (!gone_.empty() && gone_.find(now) != nullptr)) ask_owner(mesh.owner.proc, now);
  return now;
}

std::uint64_t membership::epoch_of(mesh_id mesh, std::uint64_t at_least) {
  auto const* known = epochs_.find(mesh);
  return known == nullptr ? at_least : std::max(at_least, *known);
}

void membership::rank_ended(mesh_id mesh) { epochs_.at(mesh, limit()) = ++clock_; }

void membership::note(succession const& news) {
  if (successors_.empty()) home_->change_accounts();
  successors_.each([&](successor& known) {
    if (known.after == news.before) known = {news.after, news.mesh, news.epoch};
  });
  successors_.at(news.before, limit()) = {news.after, news.mesh, news.epoch};
  auto& epoch = epochs_.at(news.mesh, limit());
  epoch = std::max(epoch, news.epoch);
}

void membership::succeed(actor_id before, actor_id after, mesh_id mesh) {
  succession const news{before, after, mesh, ++clock_};
  note(news);
  if (before.proc != home_->self()) home_->send_succession(before.proc, news);
  auto* const asked_for = askers_.find(before);
  if (asked_for == nullptr) return;
  for (auto const who : std::exchange(*asked_for, {})) home_->send_succession(who, news);
}

proc_id membership::replacement_of(proc_id dead) {
  while (home_->known_failed(dead)) {
    auto const [at, fresh] = replacements_.try_emplace(dead);
    if (fresh) {
      auto const made = home_->launch(dead.host, "respawned");
      replacements_[dead] = made;
      return made;
    }
    dead = at->second;
  }
  return dead;
}

void membership::asked(proc_id by, actor_id before) {
  if (auto const* known = successors_.find(before)) {
    home_->send_succession(by, {before, known->after, known->mesh, known->epoch});
  } else if (before.proc == home_->self()) {
    home_->send_succession(by, {before, {}, {}, 0});
  } else {
    auto& askers = askers_.at(before, limit());
    if (std::find(askers.begin(), askers.end(), by) == askers.end()) askers.push_back(by);
  }
}

void membership::ask_owner(proc_id owner, actor_id about) {
  auto const now = home_->seams().clock->now();
  if (auto const* asked = owner_asked_.find(about);
      asked != nullptr && now - *asked < home_->seams().knobs->duration(knobs::unknown_hold))
    return;
  owner_asked_.at(about, limit()) = now;
  if (!home_->known_failed(owner)) home_->send_question(owner, about);
}

void membership::learn(succession const& news) {
  if (news.after != actor_id{} && !ROOST_PLANT(plant_never_refreshed)) note(news);
  close([&](question const& q) { return q.about == news.before; });
}

void membership::came_back(link::receipt const& r) {
  actor_id const about{r.to, r.receiver};
  home_->note_returned({home_->self(), r.sender}, r.stamp);
  if (successors_.find(about) != nullptr) return tell(r);
  auto asked = std::find_if(questions_.begin(), questions_.end(), [&](question const& q) { return q.about == about; });
  if (asked == questions_.end()) {
    if (!home_->send_question(r.to, about)) return tell(r);
    home_->depend_on(about);
    asked = questions_.insert(questions_.end(), {about, {}});
  }
  asked->waiting.push_back(r);
}

void membership::peer_gone(proc_id peer) {
  close([&](question const& q) { return q.about.proc == peer; });
}

void membership::close(std::function<bool(question const&)> const& which) {
  std::vector<question> closed;
  std::erase_if(questions_, [&](question& q) {
    if (!which(q)) return false;
    closed.push_back(std::move(q));
    return true;
  });
  for (auto const& q : closed) {
    home_->depend_no_more_on(q.about);
    for (auto const& r : q.waiting) tell(r);
  }
}

void membership::tell(link::receipt const& r) {
  actor_id const about{r.to, r.receiver};
  auto why = r.why;
  if (auto const* known = successors_.find(about)) {
    why = error(errc::stale,
                to_string(known->after) + " has taken its place in epoch " + std::to_string(known->epoch) + " of the mesh");
  } else if (!ROOST_PLANT(plant_never_refreshed)) {
    // References that are used again ask the owner who that is.
    found_gone(about);
    why = error(errc::not_handled, "it was for an earlier member of its mesh, and who has taken its place is not known");
  }
  home_->tell_receipt(r, why, true);
}

actor_id member_now(mesh_record const& mesh, std::uint64_t base_rank) {
  runtime_entry const inside;
  auto* const frame = current_frame();
  return frame == nullptr ? mesh.members[base_rank] : frame->cell->home().member_now(mesh, base_rank);
}

std::uint64_t epoch_now(mesh_record const& mesh) {
  runtime_entry const inside;
  auto* const frame = current_frame();
  return frame == nullptr ? mesh.epoch : frame->cell->home().members().epoch_of(mesh.id, mesh.epoch);
}

void respawn_member(mesh_ref const& ref, std::uint64_t rank) {
  runtime_entry const inside;
  auto& cell = *require_frame("respawn()").cell;
  auto& home = cell.home();
  auto const& mesh = *require_mesh(ref, "respawn()").mesh;
  auto const refuse = [&](std::string why) { throw exception(error(errc::bad_argument, std::move(why), ref.describe(rank))); };
  if (rank >= ref.size()) refuse("there is no rank " + std::to_string(rank) + ": the mesh has " + std::to_string(ref.size()));
  if (mesh.again == nullptr || mesh.owner != cell.id())
    refuse("respawn() is for the actor that spawned the mesh, and for a reference that its spawn() gave");
  auto const before = ref.member(rank);
  if (cell.owns(before)) refuse(to_string(before) + " is alive: stop or kill it, and respawn it when it has ended");
  auto const where = home.known_failed(before.proc) ? home.members().replacement_of(before.proc) : before.proc;
  auto const base = ref.covered.base_rank(rank);
  auto const at = mesh.shape.dims() == 0 ? point() : point(mesh.shape, base);
  home.members().succeed(before, mesh.again->spawn(cell, where, mesh, at), mesh.id);
}

}  // namespace roost::detail
