// Stands in for libfabric where a test wants to say which providers there are: STAND_IN_FABRIC=two, =none, =crash.

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

// As <rdma/fabric.h> of libfabric 1.17 has them, up to what is read.
struct fi_fabric_attr {
  void* fabric;
  char const* name;
  char const* prov_name;
  std::uint32_t prov_version;
  std::uint32_t api_version;
};
struct fi_info {
  fi_info* next;
  std::uint64_t caps;
  std::uint64_t mode;
  std::uint32_t addr_format;
  std::size_t src_addrlen;
  std::size_t dest_addrlen;
  void* src_addr;
  void* dest_addr;
  void* handle;
  void* tx_attr;
  void* rx_attr;
  void* ep_attr;
  void* domain_attr;
  fi_fabric_attr* fabric_attr;
  void* nic;
};

fi_fabric_attr tcp{nullptr, "10.0.0.0/24", "tcp", 0, 0};
fi_fabric_attr verbs{nullptr, "IB-0x1", "verbs;ofi_rxm", 0, 0};
fi_info third{};
fi_info second{};
fi_info first{};

}  // namespace

extern "C" {

std::uint32_t fi_version() { return 1U << 16 | 17U; }

int fi_getinfo(std::uint32_t, char const*, char const*, std::uint64_t, fi_info const*, fi_info** found) {
  char const* const given = std::getenv("STAND_IN_FABRIC");
  std::string_view const which = given != nullptr ? given : "none";
  if (which == "crash") std::abort();
  if (which != "two") return -61;
  first.next = &second;
  second.next = &third;
  first.fabric_attr = third.fabric_attr = &tcp;
  second.fabric_attr = &verbs;
  *found = &first;
  return 0;
}

void fi_freeinfo(fi_info*) {}
}
