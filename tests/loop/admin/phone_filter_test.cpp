#include "sbc/admin/phone_filter.hpp"

#include <doctest/doctest.h>

using namespace dw;
using namespace dw::admin;

TEST_CASE(
    "phone filter: a MAC is found in each form in which people write it, also a part, and no address is taken for one") {
  phones::Phone phone;
  phone.device = DeviceName::parse("SEP0011AA334455").value();
  phone.address = IpAddress::parse("192.168.1.41").value();
  PhoneFilter wanted;
  for (const char* text : {"SEP0011AA334455", "0011aa334455", "00:11:aa:33:44:55", "00-11-AA-33-44-55",
                           "0011.aa33.4455", "0011.AA33", "aa:33", "192.168.1.41"}) {
    CAPTURE(text);
    wanted.text = text;
    CHECK(wanted.fits(phone, {}));
  }
  phone.device = DeviceName::parse("SEP001921680141").value();  // the digits of another address
  for (const char* text : {"192.168.0.1", "0011.aa33.4456", "00:12", "0011.zz33"}) {
    CAPTURE(text);
    wanted.text = text;
    CHECK_FALSE(wanted.fits(phone, {}));
  }
}
