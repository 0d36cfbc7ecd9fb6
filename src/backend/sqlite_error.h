// sqlite_error: the code of a failed SQLite call as one of the four failures of a store.
#pragma once

#include <sqlite3.h>

#include "backend/store.h"

namespace users {

// `code`: an extended result code. `database` may be null: out of memory.
StoreError sqlite_error(sqlite3* database, int code);

}  // namespace users
