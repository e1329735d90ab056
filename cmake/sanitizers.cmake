# Instrumentation that every target of one build tree must share.
add_library(pgrepl_instrumentation INTERFACE)
add_library(pgrepl::instrumentation ALIAS pgrepl_instrumentation)

target_compile_options(pgrepl_instrumentation INTERFACE -fno-omit-frame-pointer)
if(PGREPL_SANITIZE)
  target_compile_options(pgrepl_instrumentation INTERFACE
    -fsanitize=${PGREPL_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(pgrepl_instrumentation INTERFACE -fsanitize=${PGREPL_SANITIZE})
endif()
if(PGREPL_SANITIZE MATCHES thread)
  # Asio's fences, which ThreadSanitizer does not see; the loop has one thread and needs none.
  target_compile_options(pgrepl_instrumentation INTERFACE -Wno-tsan)
endif()
if(PGREPL_COVERAGE)
  target_compile_options(pgrepl_instrumentation INTERFACE --coverage -O0)
  target_link_options(pgrepl_instrumentation INTERFACE --coverage)
endif()
