# pgrepl_build_quickly(TARGET): compiles TARGET in few translation units, if PGREPL_QUICK_BUILD is on.
# Precompiled headers as well would save less than they cost, as measured on two units.
#
# Files of one folder share a namespace, and their unnamed namespaces may use the same name twice. So a
# unit has at most one file of each folder: the first of each, the second of each, and so on. A new file
# needs no edit here and cannot clash.
function(pgrepl_build_quickly target)
  if(NOT PGREPL_QUICK_BUILD)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    cmake_path(GET source PARENT_PATH folder)
    string(MAKE_C_IDENTIFIER "${folder}" counter)
    if(NOT DEFINED number_${counter})
      set(number_${counter} 0)
    endif()
    math(EXPR number_${counter} "${number_${counter}} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP part_${number_${counter}})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
