# Tests of three kinds: `simulated` runs on one thread or in the simulator, `threads` on real threads and processes, `fuzz` under
# libFuzzer. A tree builds the kinds in ROOST_TEST_KINDS, so that each sanitizer sees what it is for and nothing else.

add_custom_target(simulated_tests)
add_custom_target(threads_tests)
add_custom_target(fuzzers)

if(ROOST_TESTS)
  find_package(GTest REQUIRED)
  find_library(ROOST_RAPIDCHECK rapidcheck REQUIRED)
  add_library(roost_testing INTERFACE)
  target_link_libraries(roost_testing INTERFACE GTest::gtest_main ${ROOST_RAPIDCHECK})
  target_compile_options(roost_testing INTERFACE ${ROOST_TEST_FLAGS})

  # One precompiled header for all tests, made by an executable because only those share its flags. GoogleTest must come before
  # RapidCheck's header for it.
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/test_pch.cpp" "")
  add_executable(roost_test_pch EXCLUDE_FROM_ALL "${CMAKE_CURRENT_BINARY_DIR}/test_pch.cpp")
  target_link_libraries(roost_test_pch PRIVATE roost_testing roost_options)
  target_precompile_headers(roost_test_pch PRIVATE <gtest/gtest.h> <rapidcheck.h> <rapidcheck/gtest.h>)
endif()

# roost_test(NAME KIND COMMAND...): a test of this tree, when the tree is for tests of that kind. Where ROOST_TEST_CONFIGURATION is set
# only `ctest -C` with that word runs it, and it may take longer.
# The tsan tree builds only what threads_tests depends on: a test of kind `threads` that runs another program adds it there.
function(roost_test name kind)
  if(NOT ROOST_TESTS OR NOT kind IN_LIST ROOST_TEST_KINDS)
    return()
  endif()
  set(only "")
  set(timeout 600)
  if(ROOST_TEST_CONFIGURATION)
    set(only CONFIGURATIONS ${ROOST_TEST_CONFIGURATION})
    set(timeout 3600)
  endif()
  add_test(NAME "${ROOST_TEST_PREFIX}${name}" COMMAND ${ARGN} ${only})
  set_tests_properties("${ROOST_TEST_PREFIX}${name}" PROPERTIES LABELS "${kind}" TIMEOUT ${timeout})
endfunction()

# roost_tests(NAME [JOINED] [KIND kind] SOURCES file... LINK target... [HEADERS header...] [RUN_BY command...]): the GoogleTest executable
# NAME_tests and its test NAME. HEADERS, which many of its files include, are compiled once for all; JOINED sources instantiate the
# same templates once for several of them.
function(roost_tests name)
  cmake_parse_arguments(TESTS "JOINED" "KIND" "SOURCES;LINK;HEADERS;RUN_BY" ${ARGN})
  if(NOT TESTS_KIND)
    set(TESTS_KIND simulated)
  endif()
  if(NOT ROOST_TESTS OR NOT TESTS_KIND IN_LIST ROOST_TEST_KINDS)
    return()
  endif()
  add_executable(${name}_tests ${TESTS_SOURCES})
  target_link_libraries(${name}_tests PRIVATE ${TESTS_LINK} roost_testing roost_options)
  if(TESTS_HEADERS)
    target_precompile_headers(${name}_tests PRIVATE <gtest/gtest.h> <rapidcheck.h> <rapidcheck/gtest.h> ${TESTS_HEADERS})
  else()
    target_precompile_headers(${name}_tests REUSE_FROM roost_test_pch)
  endif()
  if(TESTS_JOINED)
    set_target_properties(${name}_tests PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 3)
  endif()
  add_dependencies(${TESTS_KIND}_tests ${name}_tests)
  roost_test(${name} ${TESTS_KIND} ${TESTS_RUN_BY} $<TARGET_FILE:${name}_tests>)
endfunction()

# roost_fuzzers(LIBRARY [LINK target...] [GUIDES source...] SOURCES file...): one libFuzzer executable for each *.fuzz.cpp, named by
# its file, and a test that runs it for ROOST_FUZZ_RUNS inputs from a fixed seed. LIBRARY, the code under test, is compiled to guide
# it, or only those of its sources that are given: what guides a fuzzer is slower everywhere else.
set(ROOST_FUZZ_RUNS 1000000 CACHE STRING "Inputs of each fuzz test")
function(roost_fuzzers library)
  cmake_parse_arguments(FUZZ "" "" "LINK;GUIDES;SOURCES" ${ARGN})
  if(NOT ROOST_TESTS OR NOT "fuzz" IN_LIST ROOST_TEST_KINDS OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    return()
  endif()
  get_target_property(kind ${library} TYPE)
  if(FUZZ_GUIDES)
    set_property(SOURCE ${FUZZ_GUIDES} TARGET_DIRECTORY ${library} APPEND PROPERTY COMPILE_OPTIONS -fsanitize=fuzzer-no-link)
  elseif(kind STREQUAL "STATIC_LIBRARY")
    target_compile_options(${library} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  foreach(source IN LISTS FUZZ_SOURCES)
    cmake_path(GET source FILENAME stem)
    string(REPLACE ".fuzz.cpp" "_fuzz" fuzzer "${stem}")
    add_executable(${fuzzer} "${source}")
    target_link_libraries(${fuzzer} PRIVATE ${library} ${FUZZ_LINK} roost_options)
    target_compile_options(${fuzzer} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${fuzzer})
    roost_test(${fuzzer} fuzz ${fuzzer} -runs=${ROOST_FUZZ_RUNS} -seed=1 -verbosity=0 -max_total_time=120)
  endforeach()
endfunction()
