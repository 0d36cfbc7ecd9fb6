// The JSON Schema of one field.
#pragma once

#include "config/field.h"
#include "config/json_text.h"

namespace holdfast::config {

// `shown_default` is empty where there is none.
void write_field_schema(JsonText& json, std::string_view name, const Field& field, const std::string& shown_default);

// What a field accepts, for people: `1ms to 1h, or none`.
std::string accepted_text(const Field& field);

}  // namespace holdfast::config
