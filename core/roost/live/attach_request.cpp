#include <roost/live/attach_request.hpp>
#include <roost/wire/codec.hpp>

#include <sys/stat.h>

#include <limits>
#include <utility>

namespace roost {
namespace {

constexpr std::size_t least_descriptors = 6;
constexpr std::size_t most_requested = 7;
constexpr off_t most_bytes = 8 << 20;
constexpr std::int64_t longest_bound_ns = 60'000'000'000;

bool is_a(int fd, mode_t kind) {
  struct stat facts{};
  return ::fstat(fd, &facts) == 0 && (facts.st_mode & S_IFMT) == kind;
}

bool can_be_passed(std::vector<std::string> const& words) {
  for (auto const& each : words)
    if (each.find('\0') != std::string::npos) return false;
  return true;
}

}  // namespace

result<descriptor> write_attach_words(attach_words const& words) { return sealed_copy("roost-attach", wire::encode(words)); }

result<attach_request> read_attach_request(std::vector<descriptor> descriptors) {
  auto const bad = [](std::string what) { return error(errc::bad_frame, "the request to attach " + std::move(what)); };
  if (descriptors.size() < least_descriptors || descriptors.size() > most_requested)
    return bad("came with " + std::to_string(descriptors.size()) + " descriptors");
  auto const at = [&](attach_descriptor which) -> descriptor& { return descriptors[static_cast<std::size_t>(which)]; };
  struct stat facts{};
  int const words = at(attach_descriptor::words).get();
  if (!is_a(words, S_IFREG) || ::fstat(words, &facts) != 0 || facts.st_size > most_bytes)
    return bad("has no words, or more than 8 MiB of them");
  auto const content = read_sealed(words);
  if (!content) return bad("has no words").caused_by(content.failure());
  auto read = wire::decode<attach_words>(*content, {.max_bytes = most_bytes});
  if (!read) return bad("has words that are none").caused_by(read.failure());
  if (read->arguments.empty() || !can_be_passed(read->arguments) || !can_be_passed(read->environment))
    return bad("has words that no process can be given");
  if (read->bound_ns <= 0 || read->bound_ns > longest_bound_ns) return bad("names no bound of up to 60s");
  if (!is_a(at(attach_descriptor::control).get(), S_IFSOCK)) return bad("comes without a control socket");
  if (!is_a(at(attach_descriptor::executable).get(), S_IFREG)) return bad("comes without an executable");
  if (!is_a(at(attach_descriptor::directory).get(), S_IFDIR)) return bad("comes without a folder");
  attach_request request{.words = *std::move(read),
                         .control = std::move(at(attach_descriptor::control)),
                         .output = std::move(at(attach_descriptor::output)),
                         .errors = std::move(at(attach_descriptor::errors)),
                         .executable = std::move(at(attach_descriptor::executable)),
                         .directory = std::move(at(attach_descriptor::directory)),
                         .log = {}};
  if (descriptors.size() == most_requested) request.log = std::move(at(attach_descriptor::log));
  return request;
}

}  // namespace roost
