# How every target of the project is built: one place for warnings, sanitizers and test registration.

find_program(FAULTLINE_CCACHE ccache)
if(FAULTLINE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FAULTLINE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${FAULTLINE_CCACHE})
endif()

# Line tables and symbols are what a profiler and a backtrace need; full debug information takes a third of the build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

add_library(faultline_options INTERFACE)
target_include_directories(faultline_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(faultline_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Werror
  -fno-omit-frame-pointer
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Werror=thread-safety>
  # GCC 12 reports false positives of these in its own library at -O2.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow>)
target_compile_definitions(faultline_options INTERFACE $<$<CONFIG:Debug>:FAULTLINE_LOCKDEP>)
# A function's first call is bound by reading tables of the dynamic linker, some of them on the heap, which may be in VRAM:
# a service thread that binds one would wait for itself. So all are bound when a program starts.
target_link_options(faultline_options INTERFACE LINKER:-z,now)
# Symbols for the stacks that lockdep prints.
target_link_options(faultline_options INTERFACE $<$<CONFIG:Debug>:-rdynamic>)
target_link_libraries(faultline_options INTERFACE Threads::Threads)

if(FAULTLINE_SANITIZE)
  target_compile_options(faultline_options INTERFACE -fsanitize=${FAULTLINE_SANITIZE} -O1 -g1)
  target_link_options(faultline_options INTERFACE -fsanitize=${FAULTLINE_SANITIZE})
endif()

# Most presets compile a dozen sources of a library as one (CMAKE_UNITY_BUILD). Files that give the same names to what is
# theirs alone, such as each verb's define() and each family's kFamily, stay apart.

# faultline_library(NAME SOURCES a.cpp ... [APART b.cpp ...] [LINK lib ...])
function(faultline_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;APART;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES} ${ARG_APART})
  set_source_files_properties(${ARG_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_link_libraries(${name} PUBLIC faultline_options ${ARG_LINK})
endfunction()

# faultline_executable(NAME SOURCES a.cpp ... [LINK lib ...]): lands in bin/
function(faultline_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${name} PRIVATE faultline_options ${ARG_LINK})
endfunction()

# faultline_test(NAME SOURCES a.cpp ... [LINK lib ...] [LABELS label ...] [TIMEOUT s] [ENV "A=b" ...]): one GoogleTest binary,
# one ctest entry. LABELS default to "unit". TIMEOUT ends a hang and nothing else: minutes for what takes seconds, since
# a busy machine takes ten times as long.
function(faultline_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS;ENV" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE faultline_options ${ARG_LINK} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${ARG_ENV}")
endfunction()
