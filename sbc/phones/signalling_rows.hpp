#pragma once
#include <array>

#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// A finding whose remedy is the same for every family of phones.
struct SignallingRow {
  FindingKind kind;
  std::string_view remedy;
};

inline constexpr std::array<SignallingRow, 11> kSignallingRows = {{
    {{"registered_without_files", "The phone registered without its files",
      "It did not get its config from this box and registered all the same, with what it keeps from before "
      "or with "
      "this box's address as its call server. It works, but changes of its config do not reach it."},
     "Look in its story why the files did not come; once they can, restart the phone: Settings, then * * # * "
     "*. A "
     "phone that has its files from elsewhere is fine."},
    {{"registration_refused", "The call server refuses the phone",
      "The phone reached the call server through this box, and was not taken."},
     "Check that the phone is set up on the call server under exactly this name and for SCCP, and that its "
     "model "
     "there is right."},
    {{"no_call_server", "No call server could be reached",
      "The phone asked to register, and none of the call servers could be connected to."},
     "Check that the call server runs and that this box reaches its port: dropwire doctor. The phone tries "
     "again by "
     "itself."},
    {{"registration_lost", "The phone was registered and is gone",
      "Its connection ended without good-bye, and it has not come back: it lost power or its network, or it "
      "registers past this box now."},
     "If it should be there: look at its power, its cable and its screen; its story has the end."},
    {{"registration_flapping", "The registration is lost again and again",
      "Its connection ends and comes back every few minutes: a router that forgets idle connections, Wi-Fi, "
      "packet "
      "loss, a second phone of the same name, or a call server that ends it."},
     "The story tells which side ended it. Shorten the keepalive interval on the call server below the "
     "router's "
     "timeout, look at cable and Wi-Fi, and whether two phones have the same MAC."},
    {{"keepalive_missed", "Keepalives went missing",
      "An answer did not come within the interval that the two agreed on, though the registration held: a "
      "moment of "
      "packet loss, or a busy call server."},
     "Nothing must be done. If it happens often, look at the line between the phone and this box."},
    {{"one_way_audio", "The last call had audio one way only",
      "Both ways were open for five seconds or longer, and in one of them nothing was sent."},
     {}},
    {{"no_audio", "The last call had no audio at all",
      "Both ways were open for five seconds or longer, and neither side's audio reached this box: most "
      "likely UDP "
      "to media.ports is blocked."},
     "Let UDP to media.ports of this box through firewalls, on the phones' side and on the central side. "
     "Check that "
     "access.advertise and central.media.advertise are addresses that each side reaches."},
    {{"bad_audio", "Audio of the last call had gaps",
      "More than 3 % of its packets were lost on the way to this box: the line is overloaded, or it is "
      "Wi-Fi."},
     "Look at what else uses the line, give voice (DSCP EF) precedence in the router, prefer cable to "
     "Wi-Fi."},
    {{"server_refuses_shared_address", "The call server refuses a second phone from one address",
      "All phones come to the call server from this box's one address. Some (old chan_sccp) take one phone "
      "from an "
      "address and refuse others."},
     "Give this box more addresses on the central side and list them in central.sccp.source_addresses, one "
     "for each "
     "phone; or update the call server."},
    {{"call_server_closes", "The call server hangs up before it answers",
      "It takes the connection and ends it when the phone asks to register: it does not know the phone, is "
      "restarting, or is no SCCP server."},
     "Look into the call server's log at the time in the story; check central.sccp.servers and its port."},
}};

}  // namespace dw::phones
