#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/phones/model.hpp"

// Keys to press (cisco-provisioning §4.3). In a remedy, <erase> stands for erasing trust lists, <reset>
// for a factory reset, <network> for entering the TFTP server, <restart> and <status> for what the words
// say. Each becomes whole sentences.
namespace dw::doctor {

/// `remedy` with the keys of this family in it.
std::string with_keys(std::string_view remedy, phones::Family family);
/// Edge or hosted: some advice is for one of them only. In a text, <edge>…</> is for an edge, <hosted>…</> for a
/// hosted box.
enum class Place : std::uint8_t { not_known, edge, hosted };
/// `text` for this kind of box; all of it if that is not known.
std::string for_place(std::string_view text, Place place);
/// With the keys of every family, where they differ.
std::string with_all_keys(std::string_view remedy);

}  // namespace dw::doctor
