// refused: roost: a coroutine endpoint takes its parameters by value, since a reference dangles once it waits
#include <roost/roost.hpp>

struct Reader : roost::actor {
  roost::task<int> count(std::string const& text) { co_return static_cast<int>(text.size()); }
};
ROOST_EXPORT(Reader, count)
