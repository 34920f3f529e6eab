// What those see who neither sent, nor received, nor own: watchers, linked receivers and everybody else, when something breaks.

#include "stage.test.hpp"

#include <array>
#include <stdexcept>

using namespace stage;
using roost::sim::fault_kind;

namespace bystanders {

/// Takes notes, and says what it is told of whom it watches.
struct Board : roost::actor {
  void note(int writer, int number) {
    if (number != ++notes_[static_cast<std::size_t>(writer)]) write("out of order");
  }
  int notes(int writer) { return notes_[static_cast<std::size_t>(writer)]; }
  void spoil() { throw std::runtime_error("spoilt"); }
  void look(roost::actor_id who) { roost::watch(who); }
  std::string wait_for(roost::actor_id who) { return std::string(to_string(end_of(who).code)); }
  bool reaches(roost::actor_mesh<Board> other);
  void down(roost::actor_id, roost::error const& why) override { write("told " + std::string(to_string(why.code))); }

 private:
  std::array<int, 2> notes_{};
};
ROOST_EXPORT(Board, note, notes, spoil, look, wait_for, reaches)
bool Board::reaches(roost::actor_mesh<Board> other) { return other->notes.call_one(0).wait().has_value(); }

struct Writer : roost::actor {
  void post(roost::actor_mesh<Board> board, int me, int notes) {
    for (int number = 1; number <= notes; ++number) {
      board->note.broadcast(me, number);
      roost::sleep(100ms);
    }
  }
};
ROOST_EXPORT(Writer, post)

ROOST_SIM_TEST(bystanders, of_a_sender_whose_proc_dies_are_told_once_and_served_on,
               stage::with_fault(fault_kind::crash_proc, 10s, "host1/p1")) {
  as_keeper([&](Keeper& self) {
    auto const procs = hosts.spawn_procs(gpu = 1);
    auto const boards = procs.at(host = 0).spawn<Board>("boards");
    auto const board = boards.at_rank(0);
    auto const lost = procs.at(host = 1).spawn<Writer>("lost").at_rank(0);
    auto const other = procs.at(host = 0).spawn<Writer>("other").at_rank(0);
    board->look.call_one(lost.id()).get();
    lost->post.broadcast(board, 0, 400);
    other->post.broadcast(board, 1, 400);
    EXPECT_TRUE(mentions(end_of(lost.id()), errc::proc_failed));
    roost::sleep(50s);
    EXPECT_EQ(self.failures.size(), 1U);
    EXPECT_EQ(journal, (std::vector<std::string>{"told proc_failed"}));
    EXPECT_EQ(board->notes.call_one(1).get(), 400);
    EXPECT_LT(board->notes.call_one(0).get(), 110);
  });
}

ROOST_SIM_TEST(bystanders, of_a_receiver_that_fails_are_told_once_and_its_siblings_answer, roost::sim::calm()) {
  as_keeper([&](Keeper& self) {
    auto const boards = hosts.spawn_procs(gpu = 1).spawn<Board>("boards");
    boards.at_rank(0)->look.call_one(boards.id(1)).get();
    auto waits = boards.at_rank(0)->wait_for.call_one(boards.id(1));
    boards.at_rank(1)->spoil.broadcast();
    EXPECT_EQ(std::move(waits).get(), "actor_failed");
    auto const results = boards->notes.call(0).get();
    EXPECT_TRUE(results.at(0).has_value());
    EXPECT_TRUE(mentions(results.at(1).failure(), errc::actor_failed));
    roost::sleep(10s);
    EXPECT_EQ(journal, (std::vector<std::string>{"told actor_failed"}));
    EXPECT_EQ(self.failures.size(), 1U);
  });
}

ROOST_SIM_TEST(bystanders, of_a_path_that_is_lost_are_told_where_it_is_theirs_and_live_on, parted(40s)) {
  as_keeper([&](Keeper& self) {
    auto const boards = hosts.spawn_procs(gpu = 1).spawn<Board>("boards");
    auto const writer = roost::spawn<Writer>("writer");
    boards.at_rank(1)->look.call_one(boards.id(2)).get();
    for (std::size_t const end : {1U, 2U}) boards.at_rank(0)->look.call_one(boards.id(end)).get();
    auto cut_off = boards.at_rank(1)->wait_for.call_one(boards.id(2));
    writer->post.broadcast(boards.at_rank(1), 0, 600);
    EXPECT_EQ(std::move(cut_off).get(), "path_lost");
    EXPECT_EQ(boards.at_rank(1)->reaches.call_one(boards.at_rank(2)).get(), false);
    roost::sleep(65s);
    EXPECT_EQ(journal, (std::vector<std::string>{"told path_lost"}));
    EXPECT_TRUE(self.failures.empty());
    EXPECT_EQ(boards.at_rank(1)->notes.call_one(0).get(), 600);
  });
}

ROOST_SIM_TEST(bystanders, of_a_cut_that_heals_see_nothing_and_its_ends_reach_each_other_again, parted(40s)) {
  as_keeper([&](Keeper& self) {
    auto const boards = hosts.spawn_procs(gpu = 1).spawn<Board>("boards");
    for (std::size_t const end : {1U, 2U}) boards.at_rank(0)->look.call_one(boards.id(end)).get();
    EXPECT_TRUE(boards.at_rank(1)->reaches.call_one(boards.at_rank(2)).get());
    roost::sleep(30s);  // They are parted.
    EXPECT_FALSE(boards.at_rank(1)->reaches.call_one(boards.at_rank(2)).get());
    EXPECT_TRUE(boards.at_rank(0)->reaches.call_one(boards.at_rank(1)).get());
    EXPECT_TRUE(boards.at_rank(0)->reaches.call_one(boards.at_rank(2)).get());
    roost::sleep(60s);  // And healed.
    EXPECT_TRUE(boards.at_rank(1)->reaches.call_one(boards.at_rank(2)).get());
    EXPECT_TRUE(boards.at_rank(2)->reaches.call_one(boards.at_rank(1)).get());
    EXPECT_TRUE(self.failures.empty());
    EXPECT_TRUE(journal.empty());
  });
}

/// One stops while whoever watches it is cut off from it.
void stopped_behind(roost::hosts const& hosts, std::string const& told) {
  as_keeper([&](Keeper& self) {
    auto const boards = hosts.spawn_procs(gpu = 1).spawn<Board>("boards");
    for (std::size_t const watcher : {0U, 1U}) boards.at_rank(watcher)->look.call_one(boards.id(2)).get();
    EXPECT_TRUE(boards.at_rank(1)->reaches.call_one(boards.at_rank(2)).get());
    roost::sleep(10'010ms);
    boards.at_rank(2).stop();
    EXPECT_EQ(end_of(boards.id(2)).code, errc::actor_stopped);
    roost::sleep(60s);
    std::sort(journal.begin(), journal.end());
    EXPECT_EQ(journal, (std::vector<std::string>{"told actor_stopped", told}));
    EXPECT_TRUE(boards.at_rank(0)->reaches.call_one(boards.at_rank(1)).get());
    EXPECT_TRUE(self.failures.empty());
  });
}
ROOST_SIM_TEST(bystanders, of_a_stop_during_a_short_cut_are_told_once_that_it_stopped, [] {
  auto s = parted(300ms);
  s.knobs["link.path_bound"] = 3'000'000'000;
  return s;
}()) {
  stopped_behind(hosts, "told actor_stopped");
}
ROOST_SIM_TEST(bystanders, of_a_stop_during_a_long_cut_are_told_once_what_they_know, parted(40s)) {
  stopped_behind(hosts, "told path_lost");
}

}  // namespace bystanders
