#include "sbc/net/kept_key.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "sbc/base/escape.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/digest.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/random.hpp"

namespace dw::net {

std::string kept_key(const std::string& directory, const std::string& name, const std::string& unkept) {
  constexpr std::size_t kOctets = 32, kDigits = 2 * kOctets;
  constexpr mode_t kOwnerAlone = 0600, kDirectory = 0750;
  const std::string path = directory + "/" + name;
  std::array<char, kDigits> text{};
  {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file && ::read(file.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()))
      return {text.data(), text.size()};
  }
  Buffer octets(kOctets);
  random_octets(octets);
  std::string key = to_hex(octets);
  (void)::mkdir(directory.c_str(), kDirectory);  // it usually exists
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kOwnerAlone));
  if (!file || ::write(file.number(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
    spdlog::warn("event=key_not_kept file=\"{}\" {}", escaped(path), unkept);
  return key;
}

}  // namespace dw::net
