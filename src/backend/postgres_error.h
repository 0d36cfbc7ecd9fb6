// postgres_error: what PostgreSQL or libpq complains of, as one of the four failures of a store.
//
// A cause is one line: the server's primary message and the SQLSTATE. Its details are left out, since they repeat the
// values of a row.
#pragma once

#include <libpq-fe.h>

#include "backend/store.h"

namespace users {

// The name of the constraint that keeps email addresses apart: only its violation is a `conflict`.
inline constexpr const char* postgres_email_constraint = "users_email_key";

StoreError postgres_error(const PGresult* failed);
StoreError postgres_error(const PGconn* broken);
StoreError postgres_too_late();

}  // namespace users
