#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/phones/model.hpp"

// Keys to press (cisco-provisioning §4.3). In a remedy, <erase> stands for how trust lists are erased, <reset>
// for a factory reset, <network> for where the TFTP server is entered, <restart> and <status> for what they
// say. Each is whole sentences.
namespace dw::doctor {

/// `remedy` with the keys of this family in it.
std::string with_keys(std::string_view remedy, phones::Family family);
/// Where this box stands: some advice is for one place only. In a text, <edge>…</> is for an edge, <hosted>…</> for a
/// hosted box.
enum class Place : std::uint8_t { not_known, edge, hosted };
/// `text` for this place; all of it while the place is not known.
std::string for_place(std::string_view text, Place place);
/// With those of every family, where they differ.
std::string with_all_keys(std::string_view remedy);

}  // namespace dw::doctor
