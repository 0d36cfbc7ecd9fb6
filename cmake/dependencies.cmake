# Debian 12 packages; scripts/install names them. libevent and prometheus-cpp have no usable CMake config there.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET libevent_core libevent_extra)
pkg_check_modules(PROMETHEUS REQUIRED IMPORTED_TARGET prometheus-cpp-core)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
if(HOLDFAST_TESTS)
  find_package(doctest REQUIRED)
endif()

# What `holdfast version` prints. Without a repository, -DHOLDFAST_COMMIT=… says which commit this is.
find_package(Git QUIET)
if(GIT_FOUND AND NOT HOLDFAST_COMMIT)
  execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse --short=12 HEAD WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                  OUTPUT_VARIABLE HOLDFAST_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT HOLDFAST_COMMIT)
  set(HOLDFAST_COMMIT unknown)
endif()
set(HOLDFAST_LIBRARIES "libevent ${EVENT_libevent_core_VERSION}, yaml-cpp ${yaml-cpp_VERSION}, spdlog ${spdlog_VERSION}, prometheus-cpp ${PROMETHEUS_VERSION}")
set_source_files_properties(src/cli/version.cpp PROPERTIES COMPILE_DEFINITIONS
  "HOLDFAST_VERSION=\"${PROJECT_VERSION}\";HOLDFAST_COMMIT=\"${HOLDFAST_COMMIT}\";HOLDFAST_BUILD=\"${CMAKE_BUILD_TYPE} sanitize=${HOLDFAST_SANITIZE} lto=${HOLDFAST_LTO}\";HOLDFAST_LIBRARIES=\"${HOLDFAST_LIBRARIES}\"")
