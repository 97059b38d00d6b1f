# SPDX-License-Identifier: MIT
# What `cmake --install` installs: library, headers, programs, CMake package, clconv.pc, documents.
# The installed tree may be moved: nothing in it holds the prefix.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/clconv)
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS clconv EXPORT clconv-targets)
install(EXPORT clconv-targets NAMESPACE clconv:: DESTINATION ${package_dir})
install(DIRECTORY include/clconv DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")

# Programs find the library beside them, wherever the tree is.
file(RELATIVE_PATH lib_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
foreach(program clconv-tool clconv-conform clconv-bench)
    if(TARGET ${program})
        set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/${lib_from_bin}")
        install(TARGETS ${program})
    endif()
endforeach()

configure_package_config_file(cmake/clconvConfig.cmake.in ${PROJECT_BINARY_DIR}/clconvConfig.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/clconvConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/clconvConfig.cmake
    ${PROJECT_BINARY_DIR}/clconvConfigVersion.cmake DESTINATION ${package_dir})

file(RELATIVE_PATH prefix_from_pc /prefix/${pc_dir} /prefix)
configure_file(cmake/clconv.pc.in ${PROJECT_BINARY_DIR}/clconv.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/clconv.pc DESTINATION ${pc_dir})

install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
