# Compiler settings, third-party packages, and the functions that make floors and tests.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

option(ROOST_PLANTS "Compile planted bugs in, off until armed by name" ON)
option(ROOST_TESTS "Build tests" ON)
option(ROOST_HEADER_CHECKS "Compile each header alone (target header_checks)" OFF)
option(ROOST_LINT "Add the checks of tools/checks to the tests" OFF)
option(ROOST_JOIN_SOURCES "Compile the sources of a floor joined: sooner as a whole, later one by one" OFF)
set(ROOST_SANITIZE "" CACHE STRING "Value of -fsanitize=, for example address,undefined")
set(ROOST_TEST_KINDS "simulated;threads" CACHE STRING "Kinds of tests to build: simulated, threads, fuzz")
set(ROOST_TEST_FLAGS "" CACHE STRING "What tests' own sources are compiled with besides, for example -O0")
set(ROOST_TEST_PREFIX "" CACHE STRING "What the names of this tree's tests start with, for example asan.")

find_program(ROOST_CCACHE ccache)
if(ROOST_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ROOST_CCACHE}")
endif()

# Settings of our own code; never seen by those who link the installed libraries. Each message looks at some variables of its thread;
# our few bytes of them fit where libraries are loaded late. The fields of a message take longer when they are put together in vector
# registers.
add_library(roost_options INTERFACE)
target_compile_options(roost_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Werror -ffp-contract=off -fno-semantic-interposition -ftls-model=initial-exec
  "$<$<NOT:$<CONFIG:Release>>:-fno-omit-frame-pointer>" "$<$<CXX_COMPILER_ID:GNU>:-fno-tree-slp-vectorize>")
# At -O3 g++ 12 sees overlap in `"x" + std::to_string(n)` and copies of endless length into strings, where there are none (GCC
# bugs 105651 and 105329, mended in 13).
target_compile_options(roost_options INTERFACE
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>,$<CONFIG:Release>>:-Wno-restrict;-Wno-stringop-overflow;-Wno-array-bounds>")
target_compile_definitions(roost_options INTERFACE ROOST_PLANTS=$<BOOL:${ROOST_PLANTS}>)
if(ROOST_SANITIZE)
  target_compile_options(roost_options INTERFACE -fsanitize=${ROOST_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(roost_options INTERFACE -fsanitize=${ROOST_SANITIZE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(roost_options INTERFACE -fuse-ld=lld)
endif()

# roost_pkg(PREFIX MODULE): the imported target PkgConfig::PREFIX; remembered for roostConfig.cmake.
find_package(PkgConfig REQUIRED)
macro(roost_pkg prefix module)
  pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${module})
  set_property(GLOBAL APPEND PROPERTY ROOST_PKG_MODULES "${prefix}=${module}")
endmacro()

roost_pkg(XXHASH libxxhash)
add_library(roost_xxhash INTERFACE)
target_link_libraries(roost_xxhash INTERFACE PkgConfig::XXHASH)

find_package(Boost 1.81 REQUIRED COMPONENTS context)
add_library(roost_context INTERFACE)
target_link_libraries(roost_context INTERFACE Boost::context)

roost_pkg(FMT fmt)
add_library(roost_fmt INTERFACE)
target_link_libraries(roost_fmt INTERFACE PkgConfig::FMT)

# By pkg-config: the CMake package of release 0.9 asks for a libatomic that Debian keeps where find_library does not look.
roost_pkg(CAPNP capnp)
find_program(ROOST_CAPNP capnp REQUIRED)
add_library(roost_capnp INTERFACE)
target_link_libraries(roost_capnp INTERFACE PkgConfig::CAPNP)
# Only clang needs the shim, and g++ refuses a precompiled header after another forced include.
set(ROOST_CAPNP_SHIM "${CMAKE_CURRENT_LIST_DIR}/capnp_clang_shim.hpp")
target_compile_options(roost_capnp INTERFACE
  "$<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:Clang>:SHELL:-include \"${ROOST_CAPNP_SHIM}\">>"
  "$<INSTALL_INTERFACE:$<$<CXX_COMPILER_ID:Clang>:SHELL:-include \"$<INSTALL_PREFIX>/include/roost/capnp_clang_shim.hpp\">>")

roost_pkg(TOMLPLUSPLUS tomlplusplus)
add_library(roost_toml INTERFACE)
target_link_libraries(roost_toml INTERFACE PkgConfig::TOMLPLUSPLUS)

include(RoostTests)
include(RoostHeaders)

# roost_floor(NAME DIRECTORY [THREADS] DEPENDS target... [PRIVATE target...]): the library roost_NAME of the sources and schemas
# in DIRECTORY; with tests, the executable NAME_tests of its *.test.cpp, and one fuzzer for each *.fuzz.cpp.
# THREADS says that its tests run on threads; all others run simulated.
function(roost_floor name directory)
  cmake_parse_arguments(FLOOR "THREADS" "" "DEPENDS;PRIVATE" ${ARGN})
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}/${directory}")
  file(GLOB_RECURSE all_sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  file(GLOB_RECURSE schemas CONFIGURE_DEPENDS "${folder}/*.capnp")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${folder}/*.hpp")
  set(sources ${all_sources})
  set(tests ${all_sources})
  set(fuzzers ${all_sources})
  list(FILTER sources EXCLUDE REGEX "\\.(test|fuzz)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "\\.test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "\\.fuzz\\.cpp$")
  string(REGEX REPLACE "^([a-z]+)/.*" "\\1" root "${directory}")
  set(root "${CMAKE_CURRENT_SOURCE_DIR}/${root}")

  set(generated "${CMAKE_CURRENT_BINARY_DIR}/generated/${name}")
  foreach(schema IN LISTS schemas)
    file(RELATIVE_PATH path "${root}" "${schema}")
    cmake_path(GET path PARENT_PATH parent)
    file(MAKE_DIRECTORY "${generated}/${parent}")
    add_custom_command(OUTPUT "${generated}/${path}.c++" "${generated}/${path}.h"
      COMMAND ${ROOST_CAPNP} compile "-oc++:${generated}" "--src-prefix=${root}" "-I${root}" "${schema}"
      DEPENDS "${schema}" VERBATIM)
    list(APPEND sources "${generated}/${path}.c++")
  endforeach()

  if(sources)
    add_library(roost_${name} STATIC ${sources})
    set_target_properties(roost_${name} PROPERTIES UNITY_BUILD ${ROOST_JOIN_SOURCES} UNITY_BUILD_BATCH_SIZE 8)
    set(scope PUBLIC)
    target_link_libraries(roost_${name} PRIVATE ${FLOOR_PRIVATE} $<BUILD_INTERFACE:roost_options>)
  else()
    add_library(roost_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(roost_${name} ${scope} ${FLOOR_DEPENDS})
  target_include_directories(roost_${name} ${scope} "$<BUILD_INTERFACE:${root}>")
  if(schemas)
    target_include_directories(roost_${name} SYSTEM ${scope} "$<BUILD_INTERFACE:${generated}>")
  endif()
  add_library(roost::${name} ALIAS roost_${name})

  if(ROOST_HEADER_CHECKS)
    roost_check_headers(${name} "${root}" roost_${name} "${FLOOR_PRIVATE}" ${headers})
  endif()
  set(kind simulated)
  if(FLOOR_THREADS)
    set(kind threads)
  endif()
  if(tests)
    roost_tests(${name} KIND ${kind} SOURCES ${tests} LINK roost_${name} ${FLOOR_PRIVATE})
  endif()
  if(fuzzers)
    roost_fuzzers(roost_${name} LINK ${FLOOR_PRIVATE} SOURCES ${fuzzers})
  endif()
endfunction()
