# pgrepl_build_quickly(EXECUTABLE LIBRARY...): with PGREPL_QUICK_BUILD, EXECUTABLE compiles the sources of the
# libraries itself, in few translation units. With tests, which link the libraries, each library is compiled in few
# units. Without PGREPL_QUICK_BUILD, EXECUTABLE links the libraries, and each file is a unit of its own. Half of the time of a build
# from nothing goes into reading headers and into the templates of the standard library and Asio. Both are paid
# for once in each unit, and a unit may span libraries. Precompiled headers save nothing here: g++ 12 needs as long
# to load 130 MB of them in each unit as to read the headers again.
#
# Files of one folder share a namespace, and their unnamed namespaces may use the same name twice. So a
# unit has at most one file of each folder: the first of each, the second of each, and so on. A new file
# needs no edit here and cannot clash.
function(pgrepl_build_quickly executable)
  if(NOT PGREPL_QUICK_BUILD)
    target_link_libraries(${executable} PRIVATE ${ARGN})
    return()
  endif()
  if(PGREPL_TESTS)
    target_link_libraries(${executable} PRIVATE ${ARGN})
    foreach(library IN LISTS ARGN)
      pgrepl_compile_together(${library})
    endforeach()
    return()
  endif()
  foreach(library IN LISTS ARGN)
    get_target_property(sources ${library} SOURCES)
    foreach(source IN LISTS sources)
      cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
      target_sources(${executable} PRIVATE ${source})
    endforeach()
    get_target_property(dependencies ${library} LINK_LIBRARIES)
    list(REMOVE_ITEM dependencies ${ARGN})
    target_link_libraries(${executable} PRIVATE ${dependencies})
    set_target_properties(${library} PROPERTIES EXCLUDE_FROM_ALL ON)
  endforeach()
  target_include_directories(${executable} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  pgrepl_compile_together(${executable})
endfunction()

# pgrepl_compile_together(TARGET): with PGREPL_QUICK_BUILD, few translation units.
function(pgrepl_compile_together target)
  if(NOT PGREPL_QUICK_BUILD)
    return()
  endif()
  pgrepl_group_sources(${target})
  # The compiler sweeps its memory less often: a tenth less time, and 400 MB more for each of its processes. g++ alone
  # knows the parameter. A type of an unnamed namespace is no mistake in a file that is included by a unit.
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=400000;-Wno-subobject-linkage>)
endfunction()

# pgrepl_group_sources(TARGET): which files of TARGET are one translation unit.
function(pgrepl_group_sources target)
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
