#include <roost/sim/check/cycles.hpp>

#include <algorithm>
#include <cstddef>

namespace roost::sim::check {

std::vector<std::uint32_t> cycles_of(std::uint32_t nodes, std::vector<std::pair<std::uint32_t, std::uint32_t>> edges) {
  std::sort(edges.begin(), edges.end());
  std::vector<std::size_t> first(nodes + std::size_t{1}, 0);
  for (auto const& [from, to] : edges) ++first[from + std::size_t{1}];
  for (std::size_t node = 0; node < nodes; ++node) first[node + 1] += first[node];

  std::vector<std::uint32_t> component(nodes, 0);
  std::vector<std::uint32_t> order(nodes, 0);  // 0: not visited yet.
  std::vector<std::uint32_t> lowest(nodes, 0);
  std::vector<bool> on_stack(nodes, false);
  std::vector<std::uint32_t> stack;
  std::vector<std::pair<std::uint32_t, std::size_t>> path;  // A node and its next edge.
  std::uint32_t visited = 0;
  std::uint32_t components = 0;
  auto const visit = [&](std::uint32_t node) {
    order[node] = lowest[node] = ++visited;
    stack.push_back(node);
    on_stack[node] = true;
    path.emplace_back(node, first[node]);
  };
  for (std::uint32_t root = 0; root < nodes; ++root) {
    if (order[root] == 0) visit(root);
    while (!path.empty()) {
      auto& [node, next] = path.back();
      if (next < first[node + std::size_t{1}]) {
        std::uint32_t const to = edges[next++].second;
        if (order[to] == 0) {
          visit(to);
        } else if (on_stack[to]) {
          lowest[node] = std::min(lowest[node], order[to]);
        }
        continue;
      }
      std::uint32_t const done = node;
      path.pop_back();
      if (!path.empty()) lowest[path.back().first] = std::min(lowest[path.back().first], lowest[done]);
      if (lowest[done] != order[done]) continue;
      bool const alone = stack.back() == done && !std::binary_search(edges.begin(), edges.end(), std::pair(done, done));
      if (!alone) ++components;
      std::uint32_t member = nodes;
      while (member != done) {
        member = stack.back();
        stack.pop_back();
        on_stack[member] = false;
        component[member] = alone ? 0 : components;
      }
    }
  }
  return component;
}

}  // namespace roost::sim::check
