#include <roost/sim/words.hpp>

#include <algorithm>
#include <vector>

namespace roost::sim {
namespace {

char plain(char c) {
  if (c == '-') return '_';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Edits (insert, delete, replace, swap neighbours) that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto const same = plain(a[i - 1]) == plain(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && plain(a[i - 1]) == plain(b[j - 2]) && plain(a[i - 2]) == plain(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<std::string_view const> candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  if (word.size() > 100) return best;
  for (auto const candidate : candidates) {
    auto const longer = std::max(word.size(), candidate.size());
    if (longer - std::min(word.size(), candidate.size()) >= best_distance) continue;
    auto const away = distance(word, candidate);
    if (away < best_distance && away < longer) {
      best = candidate;
      best_distance = away;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<std::string_view const> candidates) {
  auto const near = nearest(word, candidates);
  if (!near.empty()) return ", did you mean '" + std::string(near) + "'?";
  std::string list;
  for (auto const candidate : candidates) list += (list.empty() ? "" : ", ") + std::string(candidate);
  return list.empty() ? "" : ", expected " + std::string(candidates.size() == 1 ? "" : "one of ") + list;
}

std::string printable(std::string_view text) {
  std::string out;
  for (char const c : text) {
    auto const code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) {
      constexpr char hex[] = "0123456789abcdef";
      out += {'\\', 'x', hex[code >> 4], hex[code & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string out = "'" + printable(text.substr(0, most));
  if (text.size() > most) {
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
    if (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
    out += "...";
  }
  return out + "'";
}

}  // namespace roost::sim
