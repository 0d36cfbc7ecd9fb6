// catalog: every policy there is, in the order in which a request meets them.
//
// The order is code, never configuration: it is a safety property. catalog.cpp has one commented line per policy; what
// such a line can say is in catalog_line.h. The command line, the engine and the tests see policies through these
// functions only.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "config/configuration.h"
#include "policies/catalog_line.h"

namespace holdfast::policies {

std::span<const CatalogLine> catalog();

// For config::load() and the printers.
std::vector<const config::AnySection*> sections();
std::vector<config::CrossRule> cross_rules();

// What the policies of `configuration` decide ahead of any request. `configuration` was loaded with sections(); the
// plan keeps nothing of it.
std::unique_ptr<Plan> build_plan(const config::Configuration& configuration);

// The hooks of one worker. `plan` was built from the same configuration and, like `services`, outlives the pipeline.
std::unique_ptr<Pipeline> build_pipeline(const config::Configuration& configuration, const Plan& plan,
                                         Services& services);

}  // namespace holdfast::policies
