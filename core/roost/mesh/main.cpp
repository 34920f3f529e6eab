#include <roost/mesh/main.hpp>

#include <roost/actor/proc_runtime.hpp>

namespace roost {
namespace {

/// The root actor: runs the controller and then ends; owns what the controller spawned.
struct Root : actor {
  explicit Root(std::function<void(error const&)> hook) : hook_(std::move(hook)) {}
  void cleanup(error const* why) override {
    if (why != nullptr && hook_) hook_(*why);
  }

 private:
  std::function<void(error const&)> hook_;
};

detail::class_descriptor const& root_class() {
  static auto& registered = detail::register_class("roost.Root", {});
  return registered;
}

/// Runs the controller as the first message after the constructor.
class controller_message final : public detail::message {
 public:
  controller_message(controller run, std::vector<std::string> arguments)
      : run_(std::move(run)), arguments_(std::move(arguments)) {}
  void invoke(detail::handler_frame& frame) override {
    run_(all_hosts(), arguments_);
    runtime_entry const inside;
    frame.cell->stop();
  }

 private:
  controller run_;
  std::vector<std::string> arguments_;
};

class root_construct final : public detail::message {
 public:
  explicit root_construct(std::function<void(error const&)> hook) : hook_(std::move(hook)) {}
  void invoke(detail::handler_frame& frame) override {
    auto made = std::make_unique<Root>(std::move(hook_));
    runtime_entry const inside;
    frame.cell->set_user(std::move(made));
  }

 private:
  std::function<void(error const&)> hook_;
};

}  // namespace

program::program(controller run, program_options options) : run_(std::move(run)), options_(std::move(options)) {}

std::unique_ptr<proc_instance> program::make(platform& seams, proc_id self, shared_bytes bootstrap) {
  if (auto const clash = detail::check_registry(); !clash) throw exception(clash.failure());
  std::optional<detail::bootstrap_body> record;
  if (!bootstrap.empty()) {
    auto body = wire::decode<detail::bootstrap_body>(bootstrap);
    if (!body) throw exception(body.failure());
    record = std::move(*body);
  }
  auto run = run_;
  auto arguments = arguments_;
  auto hook = options_.unhandled_fault_hook;
  return std::make_unique<detail::proc_runtime>(
      seams, self, std::move(record), [run, arguments, hook](detail::proc_runtime& home) {
        actor_id const id{home.self(), home.reserve_root()};
        home.spawn_here({id, {}, {}, &root_class(), "root", point(), std::make_unique<root_construct>(hook)});
        home.find(id.local)->post(std::make_unique<controller_message>(run, arguments));
      });
}

}  // namespace roost
