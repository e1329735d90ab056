# What protects a program that is shipped, for every target of an optimized build. The flags of the
# environment or the packager (CXXFLAGS, LDFLAGS) come after these and win.
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  include(CheckCXXCompilerFlag)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES CXX)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  # With sanitizers _FORTIFY_SOURCE hides what they look for.
  if(NOT PGREPL_SANITIZE AND NOT "$ENV{CXXFLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "_FORTIFY_SOURCE")
    # 3 needs g++ 12 and glibc 2.34, which Debian 12 has.
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  endif()
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "${flag}" name)
    check_cxx_compiler_flag(${flag} PGREPL_HAS_${name})
    if(PGREPL_HAS_${name})
      add_compile_options(${flag})
    endif()
  endforeach()
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed)
endif()
