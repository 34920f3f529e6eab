#include <dlfcn.h>

#include <tools/forked.hpp>
#include <tools/probes.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace roost::tools {
namespace {

template <class Function>
Function* symbol(void* library, char const* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

/// Opens a library in a child, since some install handlers of signals or start threads; `ask` says what it has, or "-" and why not.
probe_result opened(std::string name, char const* file, std::string (*ask)(void*), std::string consequence) {
  auto const said = in_child([&] {
    void* const library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
    return library == nullptr ? std::string("-") + ::dlerror() : ask(library);
  });
  auto const text = said.value_or(std::string("-a child that opened ") + file + " died");
  if (!text.starts_with("-")) return {.name = std::move(name), .found = text, .consequence = {}};
  return {std::move(name), probe_state::absent, text.substr(1), std::move(consequence)};
}

std::string ask_fabric(void* library) {
  auto* const version = symbol<std::uint32_t()>(library, "fi_version");
  if (version == nullptr) return "-it has no fi_version";
  auto const number = version();
  return "libfabric " + std::to_string(number >> 16) + "." + std::to_string(number & 0xffff);
}

// The heads of libfabric's structures, which its releases only ever add to: no header of it is needed to build this.
struct fabric_attributes {
  void* fabric;
  char* name;
  char* provider;
};
struct fabric_info {
  fabric_info* next;
  std::uint64_t capabilities;
  std::uint64_t mode;
  std::uint32_t address_format;
  std::size_t source_size;
  std::size_t destination_size;
  void* source;
  void* destination;
  void* handle;
  void* transmit;
  void* receive;
  void* endpoint;
  void* domain;
  fabric_attributes* fabric;
};

std::string ask_fabric_providers(void* library) {
  auto* const version = symbol<std::uint32_t()>(library, "fi_version");
  auto* const get = symbol<int(std::uint32_t, char const*, char const*, std::uint64_t, fabric_info const*, fabric_info**)>(
      library, "fi_getinfo");
  auto* const free = symbol<void(fabric_info*)>(library, "fi_freeinfo");
  if (version == nullptr || get == nullptr || free == nullptr) return "-it has no fi_getinfo";
  fabric_info* all = nullptr;
  if (int const code = get(version(), nullptr, nullptr, 0, nullptr, &all); code != 0)
    return "-fi_getinfo gave none: code " + std::to_string(code);
  std::map<std::string, int> endpoints;
  for (auto const* each = all; each != nullptr; each = each->next)
    if (each->fabric != nullptr && each->fabric->provider != nullptr) ++endpoints[each->fabric->provider];
  free(all);
  std::string text;
  for (auto const& [provider, count] : endpoints)
    text += (text.empty() ? "" : ", ") + provider + " (" + std::to_string(count) + ")";
  return text.empty() ? "-fi_getinfo gave none" : "fi_getinfo gave endpoints of " + text;
}

std::string ask_cuda(void* library) {
  auto* const start = symbol<int(unsigned)>(library, "cuInit");
  auto* const count = symbol<int(int*)>(library, "cuDeviceGetCount");
  if (start == nullptr || count == nullptr) return "-libcuda.so.1 is no driver";
  int devices = 0;
  if (int const code = start(0); code != 0) return "-the driver did not start: code " + std::to_string(code);
  if (int const code = count(&devices); code != 0) return "-the driver counts no devices: code " + std::to_string(code);
  return devices > 0 ? std::to_string(devices) + (devices == 1 ? " device" : " devices") : "-the driver has no device";
}

std::string ask_nccl(void* library) {
  auto* const version = symbol<int(int*)>(library, "ncclGetVersion");
  int number = 0;
  if (version == nullptr || version(&number) != 0) return "-it does not tell its version";
  return "NCCL " + std::to_string(number / 10'000) + "." + std::to_string(number / 100 % 100) + "." +
         std::to_string(number % 100);
}

}  // namespace

void probe_libraries(std::vector<probe_result>& into) {
  into.push_back(opened("libfabric", "libfabric.so.1", ask_fabric, "nothing of this build uses it"));
  into.push_back(opened("fabric providers", "libfabric.so.1", ask_fabric_providers,
                        "no transport can go over a fabric; nothing of this build does"));
  into.push_back(opened("CUDA", "libcuda.so.1", ask_cuda, "nothing of this build uses it"));
  into.push_back(opened("NCCL", "libnccl.so.2", ask_nccl, "nothing of this build uses it"));
}

}  // namespace roost::tools
