#pragma once
#include <string>
#include <string_view>

#include "sbc/phones/model.hpp"

// Keys to press (cisco-provisioning §4.3). In a remedy, <erase> stands for how trust lists are erased, <reset>
// for a factory reset, <network> for where the TFTP server is entered, <restart> and <status> for what they
// say. Each is whole sentences.
namespace dw::phones {

/// `remedy` with the keys of this family in it.
std::string with_keys(std::string_view remedy, Family family);
/// With those of every family, where they differ.
std::string with_all_keys(std::string_view remedy);

}  // namespace dw::phones
