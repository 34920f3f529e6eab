// The scenes as a program of its own: `roost sim run tests/plants/scenes.toml --plant stop-does-not-drain`.

#include <tests/plants/scenes.hpp>

int main(int argc, char** argv) { return roost::main(argc, argv, roost::scenes::run); }
