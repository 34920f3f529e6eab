#pragma once
// A sequential model of actors that knows nothing of the runtime: workloads say what they send and what reaches them, in names
// and numbers that travel inside their own payloads, and the model says what was not legal.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roost::sim::check {

/// What a workload reports, always from the actor to which it happens.
enum class model_step : std::uint8_t {
  sent,      ///< `from` sends message `number` (1, 2, ... for each `to`) to `to`; reported before the send.
  handled,   ///< The handler of `to` started on it; `op` and `content` as they arrived.
  replied,   ///< The handler of `to` answers it with `content`.
  answered,  ///< The answer `content` reached `from`.
  told,      ///< `from` got an error instead: `fate` says which.
  ended,     ///< `from` has ended, or was crashed: it does nothing more. Each life of an actor has a name of its own.
};

/// What the sender was told of its message.
enum class model_fate : std::uint8_t {
  not_handled,
  unknown,
  failed,  ///< Handled, but no answer will come.
};

struct model_event {
  model_step step = model_step::sent;
  model_fate fate = model_fate::not_handled;
  bool request = false;  ///< A `sent` that asks for an answer.
  std::string from;
  std::string to;
  std::uint64_t number = 0;
  std::uint64_t op = 0;       ///< The kind of operation, as the workload numbers them.
  std::uint64_t content = 0;  ///< A hash of all that the payload, or the answer, holds.

  bool operator==(model_event const&) const = default;
};

/// One line without its end: "sent from=a to=b number=3 op=1 content=2f request". Names are quoted where they are not plain.
std::string to_line(model_event const& event);
/// Inverse of `to_line`; where `line` is none, empty, and `why` says what was expected.
std::optional<model_event> parse_model_event(std::string_view line, std::string& why);

struct model_violation {
  std::string promise;  ///< "G2", "G3" or "G4".
  std::string what;     ///< One line that starts with "reference model: ".
};

/// Predicts what is legal: per pair the messages are handled in the order of their numbers, each at most once, as they were sent,
/// only by a receiver that lives; each answer is the one that was given, to a message that was handled, and comes at most once; a
/// sender is told once, and never `not_handled` of what was handled. Feed it in causal order. One thread at a time.
class reference_model {
 public:
  void sent(std::string_view from, std::string_view to, std::uint64_t number, std::uint64_t op, std::uint64_t content,
            bool request = false);
  void handled(std::string_view by, std::string_view from, std::uint64_t number, std::uint64_t op, std::uint64_t content);
  void replied(std::string_view by, std::string_view from, std::uint64_t number, std::uint64_t content);
  void answered(std::string_view from, std::string_view by, std::uint64_t number, std::uint64_t content);
  void told(std::string_view from, std::string_view to, std::uint64_t number, model_fate fate);
  void ended(std::string_view who);
  void see(model_event const& event);

  /// After everything settled: nothing sent by a living actor was lost without a word, no given answer either.
  void finish();

  std::vector<model_violation> const& violations() const noexcept { return violations_; }
  std::uint64_t messages() const noexcept { return messages_; }  ///< Handled.

 private:
  struct message {
    std::uint64_t op = 0;
    std::uint64_t content = 0;
    std::uint64_t answer = 0;
    bool request = false;
    bool handled = false;
    bool replied = false;
    bool answered = false;
    std::optional<model_fate> fate{};

    bool over() const { return handled && (!request || answered) && !fate; }
  };
  struct pair {
    std::map<std::uint64_t, message> open;  ///< All but those that went as most do.
    std::uint64_t last_sent = 0;
    std::uint64_t last_handled = 0;
  };
  using pair_name = std::pair<std::string, std::string>;

  void broke(std::string promise, std::string what);
  std::string name(std::string_view from, std::string_view to, std::uint64_t number) const;
  /// The message, or empty and a violation that says that `what` happened to one that is not there.
  message* find(std::string_view from, std::string_view to, std::uint64_t number, std::string_view what);
  bool is_dead(std::string_view who) const;
  void forget(std::string_view from, std::string_view to, std::uint64_t number);

  std::map<pair_name, pair> pairs_;
  std::map<std::string, bool, std::less<>> dead_;
  std::vector<model_violation> violations_;
  std::uint64_t messages_ = 0;
};

}  // namespace roost::sim::check
