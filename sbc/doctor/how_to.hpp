#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/phones/model.hpp"

namespace dw::doctor {

/// How one kind of phone is operated by hand: the words of its menus, step by step (cisco-provisioning §4.3),
/// for the status page, `dropwire connect` and the findings. Each list is in the order of the steps; keys
/// are written one by one, as they are pressed: "* * #".
struct HowTo {
  phones::Family family{};
  std::string_view name;                         ///< "Colour and grey screen phones", for a heading
  std::string_view models;                       ///< "7906/7911/…", as Models::parse takes it
  std::span<const std::string_view> connect;     ///< {address} stands for this box's address
  std::span<const std::string_view> trust_list;  ///< how to erase it; empty: the model has none
  std::span<const std::string_view> restart;
  std::span<const std::string_view> notes;
};

/// Each family once, the most common first.
std::span<const HowTo> how_tos();
const HowTo& how_to(phones::Family family);
/// By a model as a person types it ("7965", "CP-7965G", "7940/7960"); null when no such model is known.
const HowTo* how_to_for(std::string_view model);

/// `step` with {address} filled in; "this box's address" when `address` is empty.
std::string with_address(std::string_view step, std::string_view address);
/// The steps as one paragraph of sentences.
std::string as_paragraph(std::span<const std::string_view> steps);

}  // namespace dw::doctor
