#include "sbc/doctor/finding_text.hpp"

#include <fmt/format.h>

#include "sbc/doctor/keys.hpp"
#include "sbc/phones/model.hpp"

namespace dw::doctor {
using namespace phones;

std::span<const FindingKind> finding_kinds() {
  return kFindingKinds;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "?";
}

std::string_view to_string(About about) {
  switch (about) {
    case About::box:
      return "box";
    case About::network:
      return "network";
    case About::home:
      return "home";
    case About::phone:
      return "phone";
  }
  return "?";
}

Finding make_finding(Code code, Severity severity, std::string seen, const Phone& phone) {
  const FindingKind& kind = code.kind();
  return {kind.code, severity, std::move(seen), std::string(kind.means), with_keys(kind.remedy, family_of(phone))};
}

Finding make_finding(Code code, Severity severity, std::string seen) {
  const FindingKind& kind = code.kind();
  return {kind.code, severity, std::move(seen), std::string(kind.means), with_all_keys(kind.remedy)};
}

Finding finding_of_many(std::size_t phones) {
  return make_finding("many_boot_at_once", Severity::info,
                      fmt::format("{} phones began to ask for their files within two minutes", phones));
}

Finding finding_of_shared_address(std::size_t registered, std::size_t refused) {
  return make_finding("server_refuses_shared_address", Severity::warning,
                      fmt::format("{} phones are registered with the call server that refuses {} others or "
                                  "hangs up on them",
                                  registered, refused));
}

}  // namespace dw::doctor
