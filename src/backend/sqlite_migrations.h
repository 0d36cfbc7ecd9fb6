// sqlite_migrations: brings a database file to the schema of this program, once and as a whole.
#pragma once

#include <sqlite3.h>

#include "backend/store.h"
#include "core/result.h"

namespace users {

// Two processes may do this at once: the second waits, by the busy handler of `database`, and finds the work done.
// A database of a newer program is `corrupt` and left as it is. After a failure `database` is only good for closing.
holdfast::Result<Done, StoreError> migrate(sqlite3* database);

}  // namespace users
