// api: the input boundary. A request becomes a valid command or the 4xx that says why not; an outcome becomes a reply.
//
// Pure: no sockets, no store. POST content is JSON; the form type that curl and browsers put on by default is let pass.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "backend/http_message.h"
#include "backend/users.h"
#include "core/result.h"
#include "core/units.h"

namespace users {

struct CheckHealth {};  // answered from what StoreHealth knows, without a call
using Command = std::variant<CreateUser, RegisterUser, FindUser, ListUsers, CheckHealth, OccupyStore>;

inline constexpr holdfast::ByteCount max_json_content{64U << 10U};
inline constexpr std::size_t max_page = 100;

holdfast::Result<Command, Reply> parse_command(const Request& request);

Reply reply_to(const holdfast::Result<User, Refusal>& outcome);
Reply reply_to(const holdfast::Result<Registered, Refusal>& outcome);
Reply reply_to(const holdfast::Result<UserPage, Refusal>& outcome);
Reply reply_to(const holdfast::Result<Done, Refusal>& outcome);
Reply reply_to_health(bool store_answers);

// `{"error":"…"}`
Reply error_reply(int status, std::string_view text);
Reply internal_error();
Reply busy();

}  // namespace users
