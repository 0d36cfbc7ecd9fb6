// postgres_migrations: brings a database to the schema of this program, once and as a whole.
#pragma once

#include "backend/postgres_link.h"
#include "backend/store.h"
#include "core/clock.h"
#include "core/result.h"

namespace users {

// Two processes may do this at once: an advisory lock lets one wait for the other, and it finds the work done.
// A database of a newer program is `corrupt` and left as it is. After a failure `link` is only good for closing, which
// undoes what was begun.
holdfast::Result<Done, StoreError> migrate(PostgresLink& link, holdfast::TimePoint until);

}  // namespace users
