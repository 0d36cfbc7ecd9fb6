// Any content of any request to the users API becomes a command of valid values or a 4xx with a reason; never anything
// else, and the same content always the same.
#include "backend/api.h"
#include "fuzz/pieces.h"

namespace {

using namespace users;
using holdfast::fuzz::require;

void check_refusal(const Reply& reply) {
  require(reply.status == 400 || reply.status == 413, "content alone is 400 or 413");
  require(reply.body.starts_with("{\"error\":\"") && reply.body.ends_with("\"}"), "a reason");
  require(reply.body.size() < 8192, "a short reason");
}

void check_command(const Command& command) {
  if (const auto* create = std::get_if<CreateUser>(&command)) {
    require(UserName::from(create->name.text()).has_value(), "a valid name");
    return;
  }
  const auto* user = std::get_if<RegisterUser>(&command);
  require(user != nullptr, "one of the two commands");
  if (user == nullptr) return;
  require(UserName::from(user->username.text()).has_value(), "a valid username");
  require(EmailAddress::from(user->email.text()).has_value(), "a valid address");
  require(Age::from(user->age.years()).has_value(), "a valid age");
  require(Password::from(user->password.view()).has_value(), "a valid password");
}

}  // namespace

// The first byte chooses the route.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Request request;
  request.method = "POST";
  request.path = data[0] % 2 == 0 ? "/users" : "/register";
  request.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto command = parse_command(request);
  if (command) {
    check_command(command.value());
  } else {
    check_refusal(command.error());
  }
  require(parse_command(request).has_value() == command.has_value(), "the same every time");
  return 0;
}
