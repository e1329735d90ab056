# Writes OUTPUT, a C++ source holding the text of every file of FILES as a raw string literal.
set(entries "")
foreach(path IN LISTS FILES)
  file(READ ${path} text)
  get_filename_component(name ${path} NAME)
  # A compiler need not accept literals beyond 65,536 characters (C++20, [implimits]).
  string(LENGTH "${text}" size)
  if(size GREATER 65000)
    message(FATAL_ERROR "${path}: ${size} characters do not fit in one literal; split the file")
  endif()
  string(APPEND entries "      {\"${name}\", R\"query_file(${text})query_file\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from queries/*.yaml by the build.
#include \"catalogue/embedded.h\"

namespace pgrepl::catalogue {

std::span<const EmbeddedFile> embedded_query_files() {
  static constexpr EmbeddedFile kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace pgrepl::catalogue
")
