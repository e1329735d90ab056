# What is installed, and the Debian package: `cpack --config build/exporter/CPackConfig.cmake`. It
# needs the packages file and dpkg-dev.
include(GNUInstallDirs)
install(TARGETS pg_replication_exporter RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

set(deploy ${PROJECT_SOURCE_DIR}/deploy)
install(FILES ${deploy}/systemd/pg_replication_exporter.service DESTINATION lib/systemd/system)
install(FILES ${deploy}/completions/pg_replication_exporter.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME pg_replication_exporter)
install(FILES ${deploy}/completions/_pg_replication_exporter
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${deploy}/completions/pg_replication_exporter.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
# The queries are built in; these are to read, and to start from when one is replaced.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/queries ${PROJECT_SOURCE_DIR}/alerts
        DESTINATION ${CMAKE_INSTALL_DATADIR}/pg_replication_exporter PATTERN tests EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES ${deploy}/systemd/exporter.yaml DESTINATION /etc/pg_replication_exporter)
install(FILES ${deploy}/systemd/pg_replication_exporter.default DESTINATION /etc/default
        RENAME pg_replication_exporter)

# Manual pages, each in the section that its name ends with.
file(GLOB manual_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[1-8])
foreach(page IN LISTS manual_pages)
  string(REGEX MATCH "[1-8]$" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the authors of pg_replication_exporter <pg_replication_exporter@localhost>")
set(CPACK_PACKAGE_VENDOR pg_replication_exporter)
# The name of a package has no underscores.
set(CPACK_PACKAGE_NAME pg-replication-exporter)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus, postgresql")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${deploy}/debian/conffiles ${deploy}/debian/postinst ${deploy}/debian/prerm ${deploy}/debian/postrm)
include(CPack)
