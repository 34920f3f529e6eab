#include <roost/live/attach_request.hpp>
#include <roost/live/attach_stream.hpp>
#include <roost/wire/codec.hpp>
#include <roost/wire/header.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

namespace roost {
namespace {

struct stream_ends {
  descriptor near;
  attach_stream far;
  void write(std::string_view bytes) const {
    ASSERT_EQ(::write(near.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
};

stream_ends make_ends() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {descriptor(ends[0]), attach_stream(descriptor(ends[1]))};
}

attach_note const example{.kind = attach_kind::ended, .status = 9, .number = 2, .text = "a text"};

attach_words example_words() {
  return {.program = "/opt/rally",
          .run = "rally-12",
          .build = "0.1.0",
          .bound_ns = 1,
          .arguments = {"roost-agent", "__agent"},
          .environment = {"HOME=/root"}};
}

descriptor any_socket() { return descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)); }

std::vector<descriptor> example_descriptors(descriptor words) {
  std::vector<descriptor> all;
  all.push_back(std::move(words));
  all.push_back(any_socket());
  all.emplace_back(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  all.emplace_back(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  all.emplace_back(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  all.emplace_back(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return all;
}

descriptor sealed_words(attach_words const& words) {
  auto made = write_attach_words(words);
  EXPECT_TRUE(made);
  return *std::move(made);
}

std::string refusal(std::vector<descriptor> descriptors) {
  auto const read = read_attach_request(std::move(descriptors));
  return read ? "" : read.failure().what;
}

TEST(attach_stream, a_note_is_whole_however_its_bytes_come) {
  auto ends = make_ends();
  auto const bytes = encode_note(example, wire::wire_version);
  attach_note got;
  for (char const each : bytes) {
    EXPECT_EQ(ends.far.receive(got), attach_stream::status::nothing);
    ends.write({&each, 1});
  }
  ASSERT_EQ(ends.far.receive(got), attach_stream::status::note);
  EXPECT_EQ(got.kind, example.kind);
  EXPECT_EQ(got.status, example.status);
  EXPECT_EQ(got.number, example.number);
  EXPECT_EQ(got.text, example.text);
}

TEST(attach_stream, several_notes_that_come_at_once_are_taken_in_order_before_the_end) {
  auto ends = make_ends();
  ends.write(encode_note({.number = 1}, wire::wire_version) + encode_note({.number = 2}, wire::wire_version));
  ends.near.reset();
  attach_note got;
  for (std::int64_t const number : {1, 2}) {
    ASSERT_EQ(ends.far.receive(got), attach_stream::status::note);
    EXPECT_EQ(got.number, number);
  }
  EXPECT_EQ(ends.far.receive(got), attach_stream::status::closed);
}

TEST(attach_stream, another_version_is_named_with_that_of_here) {
  auto ends = make_ends();
  ends.write(encode_note(example, 77));
  attach_note got;
  ASSERT_EQ(ends.far.receive(got), attach_stream::status::refused);
  EXPECT_EQ(ends.far.failure().code, errc::version_mismatch);
  EXPECT_EQ(ends.far.failure().what, "wire version 77 is spoken there, and " + std::to_string(wire::wire_version) + " here");
}

TEST(attach_stream, a_first_byte_that_begins_no_note_is_refused_at_once) {
  auto ends = make_ends();
  ends.write("G");
  attach_note got;
  ASSERT_EQ(ends.far.receive(got), attach_stream::status::refused);
  EXPECT_EQ(ends.far.failure().code, errc::bad_frame);
}

TEST(attach_stream, any_damage_is_a_note_or_a_refusal_or_a_wait_for_more) {
  std::mt19937_64 chance(7);
  for (int i = 0; i != 2000; ++i) {
    auto ends = make_ends();
    auto bytes = encode_note(example, wire::wire_version);
    bytes.resize(1 + chance() % bytes.size());
    bytes[chance() % bytes.size()] = static_cast<char>(chance());
    ends.write(bytes);
    attach_note got;
    EXPECT_NE(ends.far.receive(got), attach_stream::status::closed);
  }
}

TEST(attach_request, is_read_as_it_was_written) {
  auto const read = read_attach_request(example_descriptors(sealed_words(example_words())));
  ASSERT_TRUE(read) << read.failure().describe();
  EXPECT_EQ(read->words.program, "/opt/rally");
  EXPECT_EQ(read->words.arguments, example_words().arguments);
  EXPECT_EQ(read->words.environment, example_words().environment);
  EXPECT_FALSE(read->log);
}

TEST(attach_request, says_what_is_missing) {
  EXPECT_EQ(refusal({}), "the request to attach came with 0 descriptors");
  EXPECT_EQ(refusal(example_descriptors(descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)))),
            "the request to attach has no words, or more than 8 MiB of them");
  EXPECT_EQ(refusal(example_descriptors(descriptor(::memfd_create("open", MFD_CLOEXEC)))), "the request to attach has no words");
  for (std::size_t const left_out : {1U, 4U, 5U}) {
    auto some = example_descriptors(sealed_words(example_words()));
    some[left_out].reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(refusal(std::move(some)).starts_with("the request to attach comes without a")) << left_out;
  }
}

TEST(attach_request, refuses_words_that_no_process_can_be_given) {
  auto words = example_words();
  words.arguments.clear();
  EXPECT_NE(refusal(example_descriptors(sealed_words(words))), "");
  words = example_words();
  words.environment.emplace_back("A=\0B", 4);
  EXPECT_NE(refusal(example_descriptors(sealed_words(words))), "");
  words = example_words();
  words.bound_ns = 0;
  EXPECT_EQ(refusal(example_descriptors(sealed_words(words))), "the request to attach names no bound of up to 60s");
}

TEST(attach_request, of_any_bytes_is_refused) {
  std::mt19937_64 chance(7);
  auto const whole = wire::encode(example_words());
  for (int i = 0; i != 1000; ++i) {
    auto bytes = whole;
    bytes.resize(chance() % bytes.size());
    auto file = sealed_copy("damaged", bytes);
    ASSERT_TRUE(file);
    EXPECT_EQ(refusal(example_descriptors(*std::move(file))), "the request to attach has words that are none");
  }
}

}  // namespace
}  // namespace roost
