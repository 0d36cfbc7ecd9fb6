"""Files that may break a ban: (file, ban, reason). One that is no longer needed is itself a fault of the check."""

EXCEPTIONS = [
    ("src/core/clock.h", "clock call", "the only clocks of the process"),
    ("src/core/failure.h", "status literal", "the table of failure itself"),
    ("src/core/failure.h", "macro", "the table of failure is expanded twice"),
    ("src/core/fd.h", "naked descriptor", "the owner of descriptors"),
    ("src/core/check.h", "macro", "HOLDFAST_CHECK, which needs the place of its caller"),
    ("src/core/check.h", "throw", "a broken invariant ends one exchange, at the one catch where an event enters it"),
    ("src/policies/plan.h", "status literal", "the default of expiredStatus, a setting"),
    ("tests/support/main.cpp", "macro", "doctest's own switch for its main()"),
]
