#pragma once
#include "conf/load.hpp"
#include "tftp-proxy/core/phone_list.hpp"

namespace dw {

/// The phones of access.provisioning.list. An unreadable file, or a line that names no phone, adds an error to the
/// problems of `loaded`, with the file and the line.
provisioning::PhoneList take_phone_list(conf::Loaded& loaded);

}  // namespace dw
