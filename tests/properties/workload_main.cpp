// The workload as a program of its own, for campaigns: `roost sim run tests/properties/workload.toml --seeds 1..20000`.

#include <tests/properties/workload.hpp>

int main(int argc, char** argv) { return roost::main(argc, argv, roost::workload::run); }
