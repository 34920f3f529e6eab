#include <roost/mesh/main.hpp>
#include <tools/command_line.hpp>

namespace roost {

int main(int argc, char** argv, proc_program& what) { return tools::run_command_line(argc, argv, &what); }

}  // namespace roost
