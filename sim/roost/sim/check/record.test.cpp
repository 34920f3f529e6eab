#include <gtest/gtest.h>

#include <roost/sim/check/history.hpp>
#include <roost/sim/check/record.hpp>

#include <algorithm>
#include <sstream>

namespace roost::sim::check {
namespace {

actor_id const a = history::actor(1, 1);
actor_id const b = history::actor(2, 2);

/// The records that the procs of `all` would have written, each with only its own observations.
std::vector<proc_record> split(std::vector<observation> const& all) {
  std::vector<proc_record> records;
  for (observation const& seen : all) {
    auto const own = std::find_if(records.begin(), records.end(), [&](auto& one) { return one.proc == seen.actor.proc; });
    if (own != records.end()) {
      own->seen.push_back(seen);
    } else {
      records.push_back({.file = {}, .proc = seen.actor.proc, .seen = {seen}});
    }
  }
  return records;
}

std::vector<std::string> judged(std::vector<proc_record> const& records) { return history::broken(merge(records).seen); }

std::string refused(std::string const& text) {
  auto const read = parse_record(text, "proc.rec");
  return read ? "was read" : read.failure().where + ": " + read.failure().what;
}

TEST(Record, ReadsBackWhatItWrote) {
  observation full{.what = observed::wait_started, .kind = wait_kind::credit, .flag = true, .outcome = errc::timeout, .actor = a};
  full.other = b;
  full.at = instant(5ns);
  full.endpoint = {77};
  full.stamp = {~0ULL, 12};
  full.size = 40;
  full.wait = 9;
  full.key = {0xabc};
  full.deadline = instant(-3ns);
  full.text = "two \"words\"\nand a \\";
  proc_record const record{.file = "proc.rec", .proc = a.proc, .seen = {full, observation{.what = observed::healed}}};
  std::stringstream file;
  write_record(file, record);
  auto const read = read_record(file, "proc.rec");
  ASSERT_TRUE(read) << read.failure().describe();
  std::stringstream again;
  write_record(again, *read);
  EXPECT_EQ(again.str(), file.str());
  EXPECT_EQ(read->seen.front().text, full.text);
  EXPECT_EQ(read->seen.front().deadline, full.deadline);
  EXPECT_EQ(read->seen.back().deadline, never);
}

TEST(Record, IsTextThatAPersonCanRead) {
  history h;
  h.send(a, b, true);
  std::string text;
  append_record(text, h.all().front());
  EXPECT_EQ(text.substr(0, 64), "sent at=0 actor=h0/p1.1/a1 other=h0/p2.1/a2 endpoint=feed stamp=");
  EXPECT_EQ(text.substr(text.size() - 15), ".1 size=8 flag\n");
}

TEST(Record, KeepsWhatWasWholeWhenItsProcCrashed) {
  auto const read = parse_record(record_header(a.proc) + "healed at=1\nsettled at=2\nsent at=3 act", "proc.rec");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->seen.size(), 2U);
  EXPECT_TRUE(read->cut_short);
}

TEST(Record, SaysWhereItsRecorderStopped) {
  std::string text = record_header(a.proc) + "healed at=1\n";
  append_stop(text, 4096);
  auto const read = parse_record(text, "proc.rec");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->stopped_at, 4096U);
  std::stringstream again;
  write_record(again, *read);
  EXPECT_EQ(again.str(), text);
  EXPECT_EQ(refused(text + "stopped size=4k\n"), "proc.rec: record 2: expected 'stopped size=' and a number of bytes");
}

TEST(Record, AnActorStartsOnceInAllOfThem) {
  history h;
  h.add(observed::actor_started, b, a);
  h.add(observed::actor_started, a, {});
  auto records = split(h.all());
  EXPECT_TRUE(expect_single_starts(records));
  records[1].seen.push_back(h.all().front());
  records[1].seen.back().event = 2;
  records[1].file = "proc.rec";
  auto const once = expect_single_starts(records);
  ASSERT_FALSE(once);
  EXPECT_EQ(once.failure().where, "proc.rec: record 2");
  EXPECT_EQ(once.failure().what, "expected each actor to start once, and h0/p2.1/a2 started twice");
}

TEST(Record, ErrorsNameTheFileTheRecordAndWhatWasExpected) {
  std::string const header = record_header(a.proc);
  EXPECT_EQ(refused(""), "proc.rec: record 0: expected 'roost-record 1 ' and a proc, for example h0/p1.1");
  EXPECT_EQ(refused(header + "healed at=1\nseen at=2\n"), "proc.rec: record 2: expected a kind of observation, for example sent");
  EXPECT_EQ(refused(header + "sent at=x\n"), "proc.rec: record 1: expected a 64-bit number for at, not 'x'");
  EXPECT_EQ(refused(header + "sent at=-9223372036854775807\n"),
            "proc.rec: record 1: expected a time of at most 4611686018427387904 ns for at");
  EXPECT_EQ(refused(header + "sent actor=a3\n"), "proc.rec: record 1: expected an actor, for example h0/p1.1/a3, not 'a3'");
  EXPECT_EQ(refused(header + "sent stamp=12\n"), "proc.rec: record 1: expected a stamp as HEX.NUMBER, not '12'");
  EXPECT_EQ(refused(header + "sent colour=3\n"), "proc.rec: record 1: expected a known field, not 'colour'");
  EXPECT_EQ(refused(header + "sent text=\"x\n"), "proc.rec: record 1: expected a quote at the end of the text");
  EXPECT_EQ(refused(header + "told outcome=odd\n"), "proc.rec: record 1: expected an outcome, for example timeout, not 'odd'");
}

TEST(Merge, PutsCausesFirstWhateverTheClocksSay) {
  history h;
  auto const request = h.send(a, b, true);
  h.start(b, request);
  h.reply(b, a, request);
  h.end(b, request);
  h.settle();
  std::vector<proc_record> records = split(h.all());
  for (observation& early : records[1].seen) early.at -= 1s;
  merged_records const merged = merge(records);
  EXPECT_EQ(merged.forced, 0U);
  EXPECT_EQ(merged.seen.size(), h.all().size());
  EXPECT_EQ(merged.seen.back().event, merged.seen.size());
  EXPECT_TRUE(history::broken(merged.seen).empty());
}

TEST(Merge, PutsACrashAfterAllThatItsProcSaw) {
  history h;
  h.add(observed::proc_crashed, b);
  h.all().back().actor = {b.proc, 0};
  proc_record const launcher{.file = {}, .proc = a.proc, .seen = h.all()};
  history own;
  own.pass(1s);
  own.handle(b, {});
  proc_record const crashed{.file = {}, .proc = b.proc, .seen = own.all()};
  EXPECT_TRUE(judged({launcher, crashed}).empty());
}

TEST(Merge, DoesNotHideWhatWasNeverSent) {
  history h;
  h.handle(b, {hash_of(a), 1});
  EXPECT_EQ(judged(split(h.all())), std::vector<std::string>{"G3"});
}

TEST(Merge, GoesOnWhereTheFilesContradict) {
  history h;
  auto const one = h.send(b, a);
  auto const two = h.send(a, b);
  proc_record const first{.file = {}, .proc = a.proc, .seen = [&] {
                            history own;
                            own.start(a, one);
                            own.all().push_back(h.all()[1]);
                            return own.all();
                          }()};
  proc_record const second{.file = {}, .proc = b.proc, .seen = [&] {
                             history own;
                             own.start(b, two);
                             own.all().push_back(h.all()[0]);
                             return own.all();
                           }()};
  merged_records const merged = merge({first, second});
  EXPECT_EQ(merged.seen.size(), 4U);
  EXPECT_EQ(merged.forced, 1U);
}

}  // namespace
}  // namespace roost::sim::check
