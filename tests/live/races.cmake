# The part of the live suite that each check runs under the thread sanitizer: eight procs over each transport, procs and agents that are
# killed in the middle, agents that controllers attach to, sentries.

set(racing roost 01_actors 04_ordering live_sentries)
add_dependencies(threads_tests ${racing})
foreach(program IN LISTS racing)
  set(${program}_at $<TARGET_FILE:${program}>)
endforeach()

function(roost_races name script)
  roost_test(live_races_${name} threads ${Python3_EXECUTABLE} "${CMAKE_CURRENT_SOURCE_DIR}/${script}" ${ARGN})
endfunction()

# 03_messaging is left to the whole suite.
roost_races(scenarios scenarios_test.py ${roost_at} ${01_actors_at} - ${04_ordering_at}
  ScenariosTest.test_each_holds_with_eight_procs_over_each_transport
  ScenariosTest.test_ordering_holds_when_a_proc_or_an_agent_is_killed_in_the_middle)
roost_races(processes processes_test.py ${roost_at} ${live_sentries_at}
  ProcessesTest.test_a_race_in_a_proc_is_seen
  ProcessesTest.test_callers_of_a_killed_proc_are_told_of_it_in_time_and_all_others_go_on
  ProcessesTest.test_an_interrupt_drains
  ProcessesTest.test_offloaded_code_that_is_stuck_is_named_once)
roost_races(agents agents_test.py ${roost_at} ${live_sentries_at}
  AgentsTest.test_they_say_which_processes_run_on_each_host)
roost_races(attach attach_test.py ${roost_at} ${live_sentries_at} ${01_actors_at} - ${04_ordering_at}
  AttachTest.test_ordering_holds_when_an_attached_agent_is_killed_in_the_middle
  AttachTest.test_a_controller_that_is_killed_leaves_an_idle_agent_that_serves_the_next_one)
