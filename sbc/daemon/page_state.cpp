#include "sbc/daemon/page_state.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "sbc/admin/claim.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/random.hpp"

namespace dw {
namespace {

std::string code_file(const std::string& state_dir) {
  return state_dir + "/claim.code";
}

Result<void> write_whole(const std::string& path, std::string_view text) {
  const std::string part = path + ".new";
  if (unlink(part.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "removing " + part);
  const net::Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, "writing " + part);
  const ssize_t count = ::write(file.number(), text.data(), text.size());
  const bool good = count == static_cast<ssize_t>(text.size()) && fsync(file.number()) == 0 &&
                    std::rename(part.c_str(), path.c_str()) == 0;
  if (good) return {};
  const int why = count >= 0 && count < static_cast<ssize_t>(text.size()) ? ENOSPC : errno;
  (void)unlink(part.c_str());
  return fail_errno(why, "writing " + path);
}

}  // namespace

std::string claim_code(const std::string& state_dir) {
  const std::string path = code_file(state_dir);
  std::array<char, 32> text{};
  if (const net::Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)); file) {
    const ssize_t count = ::read(file.number(), text.data(), text.size());
    std::string_view kept(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    kept = kept.substr(0, kept.find('\n'));
    if (std::string code = admin::Claim::normalised(kept); !code.empty()) return code;
  }
  std::array<std::uint8_t, admin::Claim::kLetters> octets{};
  net::random_octets(octets);
  std::string code = admin::Claim::code_of(octets);
  if (const auto kept = write_whole(path, code + "\n"); !kept)
    spdlog::warn("event=claim_code_not_kept reason=\"{}\" it is another one after the next start", kept.error().text);
  return code;
}

void forget_claim_code(const std::string& state_dir) {
  (void)unlink(code_file(state_dir).c_str());
}

Result<void> write_page_settings(const std::string& state_dir, const conf::PageSettings& page) {
  const std::string path = state_dir + "/" + std::string(conf::PageSettings::kFile);
  if (page != conf::PageSettings{}) return write_whole(path, conf::to_toml(page));
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "removing " + path);
  return {};
}

}  // namespace dw
