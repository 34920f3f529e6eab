#include <roost/sim/event_queue.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <set>

namespace roost::sim {
namespace {

struct marker final : event {
  void fire() override {}
  event_order order;
};

RC_GTEST_PROP(event_queue, takes_events_in_the_order_of_a_set, ()) {
  event_queue queue;
  std::deque<marker> events;
  std::set<event_order> expected;
  std::uint64_t sequence = 0;
  auto const draw_order = [&] {
    return event_order{*rc::gen::inRange<moment>(0, 20), *rc::gen::inRange<std::uint64_t>(0, 3), ++sequence};
  };
  auto const draw_queued = [&]() -> marker* {
    std::vector<marker*> queued;
    for (auto& e : events) {
      if (e.queued()) queued.push_back(&e);
    }
    return queued.empty() ? nullptr : *rc::gen::elementOf(queued);
  };
  int const steps = *rc::gen::inRange(0, 200);
  for (int step = 0; step != steps; ++step) {
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
      case 1: {
        auto& e = events.emplace_back();
        e.order = draw_order();
        queue.push(e, e.order);
        expected.insert(e.order);
        break;
      }
      case 2: {
        event_order order;
        event* const least = queue.pop(order);
        RC_ASSERT((least == nullptr) == expected.empty());
        if (least == nullptr) break;
        RC_ASSERT(order == *expected.begin());
        RC_ASSERT(static_cast<marker*>(least)->order == order);
        expected.erase(expected.begin());
        break;
      }
      case 3:
        if (marker* e = draw_queued()) {
          expected.erase(e->order);
          e->order = draw_order();
          queue.move(*e, e->order);
          expected.insert(e->order);
        }
        break;
      case 4:
        if (marker* e = draw_queued()) {
          expected.erase(e->order);
          queue.cancel(*e);
          RC_ASSERT(!e->queued());
        }
        break;
      default: break;
    }
    RC_ASSERT(queue.size() == expected.size());
    RC_ASSERT(queue.empty() == expected.empty());
  }
  for (auto const& order : expected) {
    event_order got;
    RC_ASSERT(queue.next() == order);
    RC_ASSERT(queue.pop(got) != nullptr);
    RC_ASSERT(got == order);
  }
  RC_ASSERT(queue.empty());
}

}  // namespace
}  // namespace roost::sim
