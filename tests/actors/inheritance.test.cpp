// Endpoints of bases, namespaces, and names.

#include "stage.test.hpp"

using namespace stage;

namespace inherited::deep {

struct Animal : roost::actor {
  virtual std::string sound() { return "nothing"; }
  int legs() const { return 4; }
};
ROOST_EXPORT(Animal, sound, legs)

struct Named : roost::actor {
  void call_it(std::string name) { name_ = std::move(name); }
  std::string called() noexcept { return name_; }

 private:
  std::string name_;
};
ROOST_EXPORT(Named, call_it, called)

struct Dog : Animal {
  std::string sound() override { return "woof"; }
  int fetch(int thing) { return thing; }
};
ROOST_EXPORT_DERIVED(Dog, (Animal), fetch)

struct Puppy : Dog {
  std::string sound() override { return "wif"; }
  bool plays() { return true; }
};
ROOST_EXPORT_DERIVED(Puppy, (Dog), plays)

struct Listener : roost::actor {
  std::string hear(roost::actor_mesh<Animal> animal) { return animal->sound.call_one().get(); }
};
ROOST_EXPORT(Listener, hear)

}  // namespace inherited::deep

namespace inherited::twin {
struct Dog : roost::actor {
  int tail() { return 1; }
};
ROOST_EXPORT_AS("twin.Dog", Dog, tail)
}  // namespace inherited::twin

namespace inherited {

using namespace deep;

ROOST_SIM_TEST(inheritance, endpoints_of_bases_are_endpoints, roost::sim::calm()) {
  auto const dogs = hosts.spawn_procs(gpu = 1).spawn<Dog>("dogs");
  EXPECT_EQ(dogs.at_rank(1)->sound.call_one().get(), "woof");
  EXPECT_EQ(dogs.at_rank(1)->legs.call_one().get(), 4);
  EXPECT_EQ(dogs.at_rank(1)->fetch.call_one(3).get(), 3);
}

ROOST_SIM_TEST(inheritance, a_reference_to_the_base_reaches_the_derived, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  auto const puppies = procs.spawn<Puppy>("puppies");
  roost::actor_mesh<Animal> const animals(puppies.reference());
  for (auto const& [at, sound] : animals->sound.call().get()) EXPECT_EQ(sound.value(), "wif");
  EXPECT_EQ(procs.spawn<Listener>("l").at_rank(0)->hear.call_one(animals.at_rank(1)).get(), "wif");
}

ROOST_SIM_TEST(inheritance, two_levels_of_bases_are_reached, roost::sim::calm()) {
  auto const puppy = hosts.spawn_procs(gpu = 1).spawn<Puppy>("puppies").at_rank(1);
  EXPECT_TRUE(puppy->plays.call_one().get());
  EXPECT_EQ(puppy->fetch.call_one(2).get(), 2);
  EXPECT_EQ(puppy->legs.call_one().get(), 4);
}

ROOST_SIM_TEST(inheritance, classes_of_one_name_in_two_namespaces_live_together_under_two_names, roost::sim::calm()) {
  auto const procs = hosts.spawn_procs(gpu = 1);
  EXPECT_EQ(procs.spawn<twin::Dog>("t").at_rank(1)->tail.call_one().get(), 1);
  EXPECT_EQ(procs.spawn<Dog>("d").at_rank(1)->sound.call_one().get(), "woof");
}

ROOST_SIM_TEST(inheritance, a_noexcept_endpoint_is_an_endpoint, roost::sim::calm()) {
  auto const named = hosts.spawn_procs(gpu = 1).spawn<Named>("n").at_rank(1);
  named->call_it.call_one("Rex").get();
  EXPECT_EQ(named->called.call_one().get(), "Rex");
}

}  // namespace inherited
