# Every third-party package, all from Debian 12 and 13. Names differ between the two only for
# yaml-cpp, whose target has a namespace from 0.8 on, and Asio, which ships no CMake file.
find_package(Threads REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(civetweb REQUIRED)

if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(pgrepl_asio_headers INTERFACE)
target_include_directories(pgrepl_asio_headers SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
# Asio 1.22 finds std::aligned_alloc only after a header of the standard library. Said here, every
# translation unit allocates in the same way; else one frees with delete what another got by malloc.
target_compile_definitions(pgrepl_asio_headers INTERFACE
  ASIO_STANDALONE ASIO_SEPARATE_COMPILATION ASIO_NO_DEPRECATED ASIO_HAS_STD_ALIGNED_ALLOC=1)
target_link_libraries(pgrepl_asio_headers INTERFACE Threads::Threads OpenSSL::SSL)

find_path(DEFLATE_INCLUDE_DIR libdeflate.h REQUIRED)
find_library(DEFLATE_LIBRARY deflate REQUIRED)
add_library(pgrepl_deflate INTERFACE)
target_include_directories(pgrepl_deflate SYSTEM INTERFACE ${DEFLATE_INCLUDE_DIR})
target_link_libraries(pgrepl_deflate INTERFACE ${DEFLATE_LIBRARY})

if(PGREPL_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()
