# Installs TREE into FOLDER, then configures, builds and runs the project SOURCE against what was installed.
function(step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(status)
    message(FATAL_ERROR "failed: ${ARGN}\n${text}")
  endif()
endfunction()

file(REMOVE_RECURSE "${FOLDER}")
step("${CMAKE_COMMAND}" --install "${TREE}" --prefix "${FOLDER}/installed")
step("${CMAKE_COMMAND}" -G Ninja -S "${SOURCE}" -B "${FOLDER}/build" "-DCMAKE_PREFIX_PATH=${FOLDER}/installed"
  "-DCMAKE_CXX_COMPILER=${COMPILER}")
step("${CMAKE_COMMAND}" --build "${FOLDER}/build")
configure_file("${SOURCE}/stranger.toml" "${FOLDER}/build/stranger.toml" COPYONLY)
step("${FOLDER}/build/stranger" sim verify "${FOLDER}/build/stranger.toml" --seeds 1..3)
step("${FOLDER}/build/stranger" run)
