#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <roost/wire/control.hpp>

#include <memory>
#include <string>
#include <vector>

namespace roost::wire {
namespace {

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}

std::vector<std::byte> drawn_bytes() {
  auto const raw = any<std::vector<std::uint8_t>>();
  auto const view = std::as_bytes(std::span(raw));
  return {view.begin(), view.end()};
}

proc_id drawn_proc() {
  auto const host = any<std::uint64_t>();
  auto const ordinal = any<std::uint32_t>();
  return {{host}, ordinal, any<std::uint32_t>()};
}

hello drawn_hello() {
  hello h;
  h.version_max = 7;
  h.build = any<std::string>();
  h.cluster = any<std::string>();
  h.sender = drawn_proc();
  h.receiver = drawn_proc();
  h.epoch = any<std::uint64_t>();
  h.received.ack_below = any<std::uint32_t>();
  h.received.handled_below = any<std::uint32_t>();
  h.received.control_ack = any<std::uint64_t>();
  auto at = h.received.ack_below;
  for (auto const gap : any<std::vector<std::uint8_t>>()) {
    h.received.ranges.push_back({at + 1 + gap, at + 2 + gap});
    at += 2 + gap;
  }
  h.auth = static_cast<auth_kind>(*rc::gen::inRange(0, 3));
  h.proof = drawn_bytes();
  h.features = any<std::uint64_t>();
  return h;
}

spawn_order drawn_spawn() {
  spawn_order s;
  s.actor = any<std::uint64_t>();
  s.class_name = any<std::string>();
  s.name = any<std::string>();
  s.mesh.low = any<std::uint64_t>();
  s.rank = any<std::uint64_t>();
  for (auto const& name : any<std::vector<std::string>>()) s.extent.push_back({name, name.size()});
  s.owner.proc = drawn_proc();
  s.args = drawn_bytes();
  s.args_fingerprint = any<std::uint64_t>();
  return s;
}

error chain(std::size_t links) {
  error whole;
  for (std::size_t i = links; i > 0; --i) {
    error link(errc::actor_failed, "link " + std::to_string(i - 1), "here");
    link.simulated = i % 2 == 0;
    if (whole) link.cause = std::make_shared<error const>(whole);
    whole = link;
  }
  return whole;
}

RC_GTEST_PROP(Control, AHelloComesBackAsItWentOut, ()) {
  auto const h = drawn_hello();
  RC_ASSERT(*decode_hello(encode_body(h)) == h);
}

RC_GTEST_PROP(Control, ASpawnComesBackAsItWentOut, ()) {
  auto const s = drawn_spawn();
  RC_ASSERT(std::get<spawn_order>(*decode_control(encode_body(control_body(s)))) == s);
}

TEST(Control, TheOtherBodiesComeBackAsTheyWentOut) {
  refusal const r{errc::version_mismatch, "no", 1, 2, 3, 4};
  EXPECT_EQ(*decode_refusal(encode_body(r)), r);
  auto const stop = decode_control(encode_body(control_body(stop_order{5, chain(2)})));
  EXPECT_EQ(std::get<stop_order>(*stop).actor, 5u);
  EXPECT_EQ(std::get<stop_order>(*stop).why.describe(), chain(2).describe());
  auto const kill = decode_control(encode_body(control_body(kill_order{6, {}})));
  EXPECT_FALSE(std::get<kill_order>(*kill).why);
  status_notice const ended{{{{1}, 2, 3}, 4}, errc::actor_failed, chain(3)};
  auto const status = std::get<status_notice>(*decode_control(encode_body(control_body(ended))));
  EXPECT_EQ(status.actor, ended.actor);
  EXPECT_EQ(status.why.describe(), ended.why.describe());
  auto const fates = decode_told(encode_body(told{{{7, chain(1)}, {9, chain(2)}}}));
  ASSERT_EQ(fates->fates.size(), 2u);
  EXPECT_EQ(fates->fates[1].number, 9u);
}

TEST(Control, ALongChainOfCausesKeepsItsFirstAndItsLast) {
  auto const got = decode_told(encode_body(told{{{1, chain(100)}}}));
  ASSERT_TRUE(got);
  std::vector<std::string> links;
  for (error const* e = &got->fates[0].why; e != nullptr; e = e->cause.get()) links.push_back(e->what);
  EXPECT_EQ(links.size(), max_error_links);
  EXPECT_EQ(links.front(), "link 0");
  EXPECT_EQ(links.back(), "link 99");
}

TEST(Control, EveryTruncationIsABadFrame) {
  hello h;
  h.build = "a build";
  h.received.ranges = {{5, 6}};
  auto const data = encode_body(h);
  for (std::size_t size = 0; size < data.size(); ++size) {
    auto const got = decode_hello(std::span(data).first(size));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.failure().code, errc::bad_frame);
  }
}

RC_GTEST_PROP(Control, DamagedBytesNeverCrash, ()) {
  auto data = encode_body(control_body(drawn_spawn()));
  for (int flips = *rc::gen::inRange(1, 6); flips > 0; --flips) {
    auto const at = *rc::gen::inRange<std::size_t>(0, data.size());
    data[at] = static_cast<std::byte>(any<std::uint8_t>());
    static_cast<void>(decode_hello(data));
    static_cast<void>(decode_refusal(data));
    static_cast<void>(decode_control(data));
    static_cast<void>(decode_told(data));
  }
}

TEST(Control, NeedsNoAlignment) {
  auto data = encode_body(refusal{errc::bad_argument, "text", 1, 1, 1, 1});
  data.insert(data.begin(), std::byte{0});
  EXPECT_EQ(decode_refusal(std::span(data).subspan(1))->text, "text");
}

TEST(Control, WhatDoesNotMakeSenseIsRefused) {
  hello h;
  h.received = {10, 0, 0, {{10, 12}}};
  EXPECT_NE(decode_hello(encode_body(h)).failure().what.find("ranges"), std::string::npos);
  h.received.ranges = {{12, 12}};
  EXPECT_FALSE(decode_hello(encode_body(h)));
  h = {};
  h.version_min = h.version_max + 1;
  EXPECT_FALSE(decode_hello(encode_body(h)));
  h = {};
  h.auth = static_cast<auth_kind>(3);
  EXPECT_NE(decode_hello(encode_body(h)).failure().what.find("auth kind 3"), std::string::npos);
  EXPECT_FALSE(decode_refusal(encode_body(refusal{static_cast<errc>(999), "", 0, 0, 0, 0})));
  EXPECT_FALSE(decode_told(encode_body(told{{{1, {}}}})));
  EXPECT_NE(decode_hello(encode_body(refusal{})).failure().what.find("magic"), std::string::npos);
}

TEST(Control, ABodyAboveTheLimitNamesTheLimit) {
  std::vector<std::byte> const data(max_body + 8);
  auto const why = decode_told(data).failure();
  EXPECT_EQ(why.code, errc::too_large);
  EXPECT_NE(why.what.find("max_body is 16777216"), std::string::npos);
}

}  // namespace
}  // namespace roost::wire
