"""Files that may break a ban: (file, ban, reason). One that is no longer needed is itself a fault of the check."""

THE_HANDLER = "yaml-cpp's event handler can stop a parse only by throwing; read_document catches it beside"
NO_START = "without it the process cannot start; main catches it and ends with 70"

EXCEPTIONS = [
    # Named boundaries: where exceptions end.
    ("src/main.cpp", "catch", "the runtime boundary of holdfast"),
    ("src/cli/crash.cpp", "catch", "the last line of a process names the exception that ends it"),
    ("src/backend/main.cpp", "catch", "the runtime boundary of users-service"),
    ("src/backend/crash.cpp", "catch", "the last line of a process names the exception that ends it"),
    ("src/backend/service.cpp", "catch", "the handler boundary of users-service: a handler that throws is one 500"),
    ("src/proxy/boundary.h", "catch", "where an event enters an exchange: what escapes costs that exchange"),
    ("src/proxy/downstream.cpp", "catch", "where an event enters a connection that has no exchange yet"),
    ("src/proxy/exchange.cpp", "catch", "a second failure while the first is answered"),
    ("src/proxy/worker.cpp", "catch", "where an accepted connection enters the worker"),
    ("src/proxy/server.cpp", "catch", "where an accepted connection enters the control thread"),
    ("src/config/document.cpp", "catch", THE_HANDLER),
    # Who may throw.
    ("src/core/check.h", "throw", "a broken invariant ends one exchange, at the one catch where an event enters it"),
    ("src/config/document.cpp", "throw", THE_HANDLER),
    ("src/backend/faults.cpp", "throw", "/boom: a handler that throws, on purpose"),
    ("src/net/loop.cpp", "throw", NO_START),
    ("src/proxy/worker.cpp", "throw", NO_START),
    # Tables and macros.
    ("src/core/failure.h", "status literal", "the table of failure itself"),
    ("src/core/failure.h", "macro", "the table of failure is expanded twice"),
    ("src/core/check.h", "macro", "HOLDFAST_CHECK, which needs the place of its caller"),
    ("src/http/reason_phrase.cpp", "status literal", "RFC 9110 15: the phrase of each status, none is chosen here"),
    ("src/cli/version.cpp", "macro", "texts that the build defines, and what stands there when it does not"),
    ("src/proxy/handlers.cpp", "status literal", "answers of the telemetry and admin listeners, not the data path"),
    ("tests/support/main.cpp", "macro", "doctest's own switch for its main()"),
    # Owners and clocks.
    ("src/core/clock.h", "clock call", "the only clocks of the process"),
    ("src/policies/in_progress.h", "static state", "a signal handler has no other way to what its thread was doing"),
    ("src/core/fd.h", "naked descriptor", "the owner of descriptors"),
    ("src/proxy/context.h", "shared_ptr", "the configuration snapshot, shared by the workers' views"),
    ("src/proxy/server.cpp", "shared_ptr", "the first configuration snapshot is made here"),
    ("src/proxy/server_reload.cpp", "shared_ptr", "a reload makes the next configuration snapshot"),
    ("tests/support/scenario.cpp", "shared_ptr", "a scenario makes its own configuration snapshot"),
    ("src/backend/log.cpp", "shared_ptr", "spdlog's interface asks for it"),
    ("src/net/loop.h", "empty name", "FreeBase frees libevent's event_base"),
    ("tests/backend/service_test.cpp", "wall time in tests", "SQLite's progress handler reads the real clock"),
    ("tests/backend/store_samples.h", "wall time in tests", "SQLite's busy handler and poll(2) read the real clock"),
]
