# The version that results carry: `git describe` of the tree that is built, marked -dirty where tracked files differ from
# the commit. Without a tag: the project's version and the commit ("0.1.0-gb6b1e0a0d3c2"). Where git knows nothing of the
# tree (an archive): the project's version alone. A commit count would lie in a shallow clone, so there is none without a tag.
#
# Included, it makes the library faultline_version (base/version.h). Run as a script by every build, it writes the library's
# one source when the text has changed: a commit compiles one file of three lines and links the programs again.

# faultline_describe(OUT SOURCE_DIR PROJECT_VERSION)
function(faultline_describe out source_dir project_version)
  set(${out} ${project_version} PARENT_SCOPE)
  find_program(GIT git)
  if(NOT GIT)
    return()
  endif()
  # A container often builds as another user than the one who cloned; to describe a tree is no more trust than to build it.
  set(git ${GIT} -c safe.directory=${source_dir} -C ${source_dir})
  execute_process(COMMAND ${git} rev-parse --show-toplevel
    OUTPUT_VARIABLE top ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
  file(REAL_PATH ${source_dir} real_source_dir)
  if(NOT status EQUAL 0 OR NOT top STREQUAL real_source_dir)
    return() # no repository, or an archive unpacked inside another one
  endif()
  # The length of the hash is fixed: by default it grows with the clone, and one commit would have two names.
  execute_process(COMMAND ${git} describe --tags --match v[0-9]* --dirty --abbrev=12
    OUTPUT_VARIABLE text ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    execute_process(COMMAND ${git} describe --always --exclude * --dirty --abbrev=12
      OUTPUT_VARIABLE text ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
      return() # no commit yet
    endif()
    set(text ${project_version}-g${text})
  endif()
  set(${out} ${text} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
  faultline_describe(FAULTLINE_VERSION ${SOURCE_DIR} ${PROJECT_VERSION})
  file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "base/version.h"

const char* faultline::version() { return "@FAULTLINE_VERSION@"; }
]])
  return()
endif()

set(FAULTLINE_VERSION_SOURCE ${CMAKE_BINARY_DIR}/version.cpp)
set(FAULTLINE_VERSION_COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DPROJECT_VERSION=${PROJECT_VERSION}
  -DOUTPUT=${FAULTLINE_VERSION_SOURCE} -P ${CMAKE_CURRENT_LIST_FILE})
add_custom_target(faultline_describe ALL
  COMMAND ${FAULTLINE_VERSION_COMMAND}
  BYPRODUCTS ${FAULTLINE_VERSION_SOURCE}
  COMMENT "Describing the tree"
  VERBATIM)
add_library(faultline_version STATIC ${FAULTLINE_VERSION_SOURCE})
target_link_libraries(faultline_version PUBLIC faultline_options)
add_dependencies(faultline_version faultline_describe)
