// store_contract: what a Store must do, whatever the database behind it.
#pragma once

#include <memory>

#include "backend/store.h"

// An empty database for one test.
class Database {
 public:
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  // Another store on it, as another process would have. In memory, where nothing is shared, always the same one.
  virtual users::Store& open() = 0;

  // Cuts every connection that lies idle.
  virtual void cut() = 0;
};

// Consists of SUBCASEs: to be called once, by a TEST_CASE that does nothing else, with a fresh database.
void check_store_contract(Database& database);
