#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sbc/phones/signalling.hpp"

namespace dw::phones {

/// What is kept of a call that is over: the same in the log, on disk, in the API and at the command line (API.md).
/// monostate: not known, or not measured. Texts are untrusted.
using RecordValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;
using CallRecord = std::vector<std::pair<std::string_view, RecordValue>>;

/// `call` is over.
CallRecord record_of(const Call& call);
/// "event=call_down device=SEP001122334455 …": without what is not known.
std::string log_line_of(const CallRecord& record);

}  // namespace dw::phones
