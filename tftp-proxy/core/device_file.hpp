#pragma once
#include <string>
#include <string_view>

namespace dw::provisioning {

/// One spelling for each device, whatever it is called where: "SEP" and the twelve digits in capitals where the name
/// has a MAC (SEP001122334455, ATA001122334455, 00:11:22:33:44:55), else the name in capitals.
std::string device_key(std::string_view device);

/// The device whose secrets a file may carry, as device_key; empty for what all phones may have. By the name alone, as
/// phones, origins and those who guess may spell it: any case, in a folder, signed, packed, percent-encoded however
/// often. A device's are SEP<MAC>…, SIP<MAC>…, WLAN<MAC>…, gk/ld/ff<mac>, its CTL and ITL, any other *.cnf* that is not
/// a default, and whatever else has a MAC in its name but is no image, ringtone or firmware.
std::string device_of_file(std::string_view file);

}  // namespace dw::provisioning
