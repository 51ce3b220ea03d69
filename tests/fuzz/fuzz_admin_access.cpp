#include <cstdlib>

#include "sbc/admin/credentials.hpp"
#include "sbc/admin/json.hpp"
#include "sbc/admin/sessions.hpp"
#include "sbc/base/bytes.hpp"

/// What comes before anybody has logged in, as a Cookie field and as the body of a login; and the password file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  const std::string_view text = as_text({data, size});
  const std::string_view cookie = admin::cookie_value(text, "dropwire_session");
  if (cookie.find(';') != cookie.npos || text.find(cookie) == text.npos) std::abort();
  static admin::Sessions sessions;
  if (sessions.find({}, cookie)) std::abort();
  if (const auto login = admin::login_in(text); login && login->password.size() > size) std::abort();
  if (const auto read = admin::parse_credentials(text)) {
    const auto again = admin::parse_credentials(admin::to_text(*read));
    if (!again || *again != *read) std::abort();
  }
  return 0;
}
