#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "nat/port_mapper.hpp"
#include "sbc/net/descriptor.hpp"
#include "sbc/net/digest.hpp"
#include "sbc/net/random.hpp"

namespace dw::nat {

std::string mapping_key(const std::string& directory) {
  constexpr std::size_t kDigits = 64;
  constexpr mode_t kOwnerAlone = 0600, kDirectory = 0750;
  const std::string path = directory + "/port-mapping.key";
  std::array<char, kDigits> text{};
  {
    const net::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file && ::read(file.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()))
      return {text.data(), text.size()};
  }
  Buffer octets;
  ByteWriter out(octets);
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t bits = net::random_u64();
    out.u32be(static_cast<std::uint32_t>(bits >> 32));
    out.u32be(static_cast<std::uint32_t>(bits));
  }
  std::string key = net::to_hex(octets);
  (void)::mkdir(directory.c_str(), kDirectory);  // there already, most often
  const net::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kOwnerAlone));
  if (!file || ::write(file.number(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
    spdlog::warn("event=mapping_key_not_kept file=\"{}\" after a crash the router may refuse to map the same ports until "
                 "they have run out there",
                 escaped(path));
  return key;
}

}  // namespace dw::nat
