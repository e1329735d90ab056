# pgrepl_embed_queries(TARGET FILE...): compiles query files into TARGET, so that the binary needs
# none on disk. The generated source defines pgrepl::catalogue::embedded_query_files().
function(pgrepl_embed_queries target)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/embedded_queries.cpp)
  set(script ${PROJECT_SOURCE_DIR}/cmake/write_embedded_queries.cmake)
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${generated} "-DFILES=${ARGN}" -P ${script}
    DEPENDS ${ARGN} ${script}
    COMMENT "Embedding queries"
    VERBATIM)
  target_sources(${target} PRIVATE ${generated})
endfunction()
