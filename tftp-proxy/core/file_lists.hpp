#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw::provisioning {

inline constexpr std::size_t kMaxListOctets = 256 * 1024;
/// A phone shows 50 entries; an image list has two files each. What is beyond is not read.
inline constexpr std::size_t kMaxListFiles = 128;

/// Files that name files: `Ringlist.xml`, `DistinctiveRingList.xml`, `RINGLIST.DAT` (79x0 with SIP) and
/// `Desktops/<dir>/List.xml` (cisco-provisioning §1.6). By the name alone, in either case.
enum class ListKind { none, ring_xml, ring_dat, image_xml };
ListKind list_kind(std::string_view file_name);

/// The files that a list names, in its order, each once, "TFTP:" taken off, each passed parse_file_name (what
/// does not pass is left out). Errors: malformed (not XML), too_long. A list without entries is not an error.
Result<std::vector<std::string>> parse_file_list(ListKind kind, Bytes octets);

/// A ring tone that a 79x1 will play: raw mu-law without a header, 240 to 16080 octets, a multiple of 240.
bool is_ring_tone(Bytes octets);

}  // namespace dw::provisioning
