// reply_text: the content of a response of our own, as JSON.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/failure.h"
#include "http/local_reply.h"

namespace holdfast::http {

// Room that write_reply_text needs.
std::size_t reply_text_bound(const LocalReply& reply) noexcept;
char* write_reply_text(const Error& error, const LocalReply& reply, char* out) noexcept;

}  // namespace holdfast::http
