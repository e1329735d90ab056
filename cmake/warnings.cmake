# Warnings of this project's own targets; dependencies are system headers and stay quiet.
add_library(pgrepl_warnings INTERFACE)
add_library(pgrepl::warnings ALIAS pgrepl_warnings)

target_compile_options(pgrepl_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wcast-align -Wdouble-promotion -Wformat=2
  -Wimplicit-fallthrough
  # Designated initialisers leave the other members at their defaults on purpose.
  -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wduplicated-branches;-Wlogical-op;-Wuseless-cast>
  # g++ 12 sees the first two inside std::string where there is neither, and the third where it
  # inlines one half of Asio's frame allocator and not the other; AddressSanitizer knows better.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-restrict;-Wno-mismatched-new-delete>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-unknown-warning-option>
  $<$<BOOL:${PGREPL_WERROR}>:-Werror>)
