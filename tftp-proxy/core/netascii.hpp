#pragma once
#include <cstdint>

#include "sbc/base/bytes.hpp"

namespace dw::tftp {

/// Where a netascii reading of a file stands: so many octets of the file are used up, and the second octet of
/// a pair may still have to go out (its first was the last of the block before).
struct NetasciiPosition {
  std::uint64_t used = 0;
  std::uint8_t pending = 0;
  bool has_pending = false;
};

struct NetasciiBlock {
  Buffer octets;          ///< at most `blksize`
  NetasciiPosition next;  ///< where the block after it begins
};

/// One block of `file` in netascii (RFC 764 by way of RFC 1350): LF becomes CR LF, CR becomes CR NUL, also
/// where a block ends between the two. The same position gives the same octets again while the file only
/// grows; fewer than `blksize` octets mean that the file, as far as it is there, is used up.
NetasciiBlock netascii_block(Bytes file, const NetasciiPosition& from, std::size_t blksize);

}  // namespace dw::tftp
