#pragma once
#include "conf/load.hpp"
#include "tftp-proxy/core/phone_list.hpp"

namespace dw {

/// The phones of access.provisioning.list. One that can't be read, or has a line that names none, is an error that
/// joins the problems of `loaded`, with the file and the line.
provisioning::PhoneList take_phone_list(conf::Loaded& loaded);

}  // namespace dw
