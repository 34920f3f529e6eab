# `cmake --install` and `find_package(roost)`. Included last: installs every roost_* library of the tree as roost::*, the `roost`
# program and all headers, and finds out from the libraries' own links which packages a user's find_package(roost) must find.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Built for this tree only.
set(roost_not_installed roost_options roost_testing roost_test_pch)

function(roost_all_targets folder out)
  get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
  get_property(children DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
  foreach(child IN LISTS children)
    roost_all_targets("${child}" more)
    list(APPEND targets ${more})
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

# The floors of core as one name; not there until the last floor is.
add_library(roost_core INTERFACE)
foreach(floor IN ITEMS base platform shape wire link actor data mesh live)
  if(TARGET roost_${floor})
    target_link_libraries(roost_core INTERFACE roost_${floor})
  endif()
endforeach()
add_library(roost::core ALIAS roost_core)

roost_all_targets("${CMAKE_CURRENT_SOURCE_DIR}" roost_targets)
set(roost_boost_components)
set(roost_packages)
foreach(target IN LISTS roost_targets)
  get_target_property(type ${target} TYPE)
  if(NOT target MATCHES "^roost_" OR target IN_LIST roost_not_installed OR NOT type MATCHES "(STATIC|INTERFACE|OBJECT)_LIBRARY")
    continue()
  endif()
  string(REGEX REPLACE "^roost_" "" exported ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${exported})
  install(TARGETS ${target} EXPORT roostTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    OBJECTS DESTINATION ${CMAKE_INSTALL_LIBDIR}/roost
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  foreach(property IN ITEMS LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
    get_target_property(links ${target} ${property})
    foreach(link IN LISTS links)
      if(link MATCHES "^Boost::(.+)$")
        list(APPEND roost_boost_components ${CMAKE_MATCH_1})
      elseif(link MATCHES "^([A-Za-z0-9_]+)::" AND NOT CMAKE_MATCH_1 MATCHES "^(PkgConfig|roost)$")
        list(APPEND roost_packages ${CMAKE_MATCH_1})
      endif()
    endforeach()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES roost_boost_components)
list(FILTER roost_boost_components EXCLUDE REGEX "^(headers|boost)$")
list(REMOVE_DUPLICATES roost_packages)
get_property(roost_pkg_modules GLOBAL PROPERTY ROOST_PKG_MODULES)
list(REMOVE_DUPLICATES roost_pkg_modules)

if(TARGET roost)
  install(TARGETS roost RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
foreach(root IN ITEMS core transports sim tools)
  if(IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/${root}/roost")
    install(DIRECTORY "${root}/roost" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp" PATTERN "*.test.hpp" EXCLUDE)
  endif()
endforeach()
file(GLOB generated_roots LIST_DIRECTORIES true "${CMAKE_CURRENT_BINARY_DIR}/generated/*")
foreach(root IN LISTS generated_roots)
  install(DIRECTORY "${root}/roost" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.capnp.h")
endforeach()
install(FILES cmake/capnp_clang_shim.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/roost)

set(roost_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/roost)
install(EXPORT roostTargets NAMESPACE roost:: DESTINATION ${roost_package_dir})
configure_package_config_file(cmake/roostConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/roostConfig.cmake"
  INSTALL_DESTINATION ${roost_package_dir})
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/roostConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/roostConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/roostConfigVersion.cmake"
  DESTINATION ${roost_package_dir})
