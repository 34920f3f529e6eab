# Each header compiled alone: a header that leans on what its includer happened to include does not build here. One that a source of
# its name includes before all else is alone there already.

add_custom_target(header_checks)

# roost_check_headers(NAME ROOT LIBRARY PRIVATE_LIBRARIES header...): one translation unit for each header, including it by its path
# below ROOT and nothing else, compiled as a user of LIBRARY.
function(roost_check_headers name root library private)
  set(units)
  foreach(header IN LISTS ARGN)
    file(RELATIVE_PATH path "${root}" "${header}")
    string(REGEX REPLACE "\\.hpp$" ".cpp" source "${header}")
    set(first)
    if(EXISTS "${source}")
      file(STRINGS "${source}" first REGEX "^#include" LIMIT_COUNT 1)
    endif()
    if(first STREQUAL "#include <${path}>")
      continue()
    endif()
    set(unit "${CMAKE_CURRENT_BINARY_DIR}/header_checks/${path}.cpp")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "#include <${path}>\n" @ONLY)
    list(APPEND units "${unit}")
  endforeach()
  if(units)
    add_library(${name}_headers OBJECT EXCLUDE_FROM_ALL ${units})
    target_link_libraries(${name}_headers PRIVATE ${library} ${private} roost_options)
    target_compile_options(${name}_headers PRIVATE -O0 -g0)
    add_dependencies(header_checks ${name}_headers)
  endif()
endfunction()
