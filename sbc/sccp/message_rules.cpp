#include "sbc/sccp/message_rules.hpp"

#include "sbc/sccp/message_id.hpp"

namespace dw::sccp {

using Id = MessageId;

bool allowed_before_registration(std::uint32_t id) {
  switch (static_cast<Id>(id)) {
    case Id::keep_alive_req:
    case Id::register_req:
    case Id::ip_port:
    case Id::alarm:
    case Id::unregister_req:
    case Id::register_token_req:
    case Id::enhanced_alarm:
    case Id::spcp_register_token_req:
      return true;
    default:
      return false;
  }
}

bool dropped_before_registration(std::uint32_t id) {
  return id == number(Id::location_info) || id == number(Id::call_count_req);
}

/// What makes us act when the other side says it must not come from this one (sccp §6.2). Others pass both
bool only_servers_say(std::uint32_t id) {
  switch (static_cast<Id>(id)) {
    case Id::register_ack:
    case Id::register_reject:
    case Id::start_media_transmission:
    case Id::stop_media_transmission:
    case Id::server_res:
    case Id::reset:
    case Id::keep_alive_ack:
    case Id::open_receive_channel:
    case Id::close_receive_channel:
    case Id::unregister_ack:
    case Id::register_token_ack:
    case Id::register_token_reject:
    case Id::open_multi_media_receive_channel:
    case Id::start_multi_media_transmission:
    case Id::stop_multi_media_transmission:
    case Id::close_multi_media_receive_channel:
    case Id::port_req:
    case Id::port_close:
    case Id::spcp_register_token_ack:
    case Id::spcp_register_token_reject:
      return true;
    default:
      return false;
  }
}

bool only_phones_say(std::uint32_t id) {
  switch (static_cast<Id>(id)) {
    case Id::open_receive_channel_ack:
    case Id::media_transmission_failure:
    case Id::open_multi_media_receive_channel_ack:
    case Id::port_res:
    case Id::qos_resv_notify:
    case Id::qos_error_notify:
    case Id::start_media_transmission_ack:
    case Id::start_multi_media_transmission_ack:
      return true;
    default:
      return allowed_before_registration(id);
  }
}

}  // namespace dw::sccp
