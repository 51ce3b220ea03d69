#pragma once
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace dw::netfuzz {

/// Where everybody is: a network of 127.0.0.0/8 for each seed, so that runs do not meet.
struct Places {
  explicit Places(unsigned seed) : net("127." + std::to_string(100 + seed % 100) + ".") {}
  std::string daemon() const { return net + "0.1"; }
  std::string central() const { return net + "0.2"; }
  std::string phone(unsigned n) const { return net + "0." + std::to_string(20 + n % 200); }  ///< healthy ones
  std::string stranger(unsigned n) const { return net + "1." + std::to_string(1 + n % kStrangers); }
  static constexpr unsigned kStrangers = 64;
  static constexpr std::uint16_t kTftp = 6969, kHttp = 6970, kSccp = 2000, kSip = 5060, kStun = 3478,
                                 kFirstMedia = 21000, kMediaPorts = 8000;
  std::string net;
};

/// Octets of files, small ones, in the order of their names.
std::vector<std::string> corpus(const std::filesystem::path& all, const std::vector<std::string>& targets);

std::string mutated(std::string octets, std::mt19937& random);

/// A frame of SCCP: length, header version 0, id, payload (sccp §1).
std::string sccp_frame(std::uint32_t id, const std::string& payload);

struct Piece {
  enum class Way { udp, tcp, central };  ///< central: from the central server's SIP port
  Way way = Way::udp;
  std::uint16_t port = 0;
  unsigned source = 0;  ///< a stranger
  bool afresh = false;  ///< over a new connection
  std::string octets;
  std::string to_string() const;
};

/// What is thrown: each piece follows from the seed and its number alone, whatever was thrown before.
class Pieces {
 public:
  Pieces(const std::filesystem::path& all, unsigned seed);
  Piece at(std::size_t number) const;
  /// What a server says that makes mistakes, or means ill.
  std::string sip_lie(std::mt19937& random) const;
  std::string sccp_lie(std::mt19937& random) const;
  std::string file_lie(std::mt19937& random) const;

 private:
  void add_own();
  unsigned seed_;
  Places places_;
  std::vector<std::string> sip_, sccp_, tftp_, http_, stun_, files_, media_;
};

}  // namespace dw::netfuzz
