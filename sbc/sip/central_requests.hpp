#pragma once
#include <string>

#include "sbc/sip/forwarder.hpp"

namespace dw::sip {

/// A request of the central side on its way: to which dialog it belongs or which it begins, and which phone gets it.
/// Owns nothing. No I/O.
class CentralRequests {
 public:
  CentralRequests(ProxyParts& parts, Forwarder& forwarder);

  /// Not ACK, not CANCEL. `key`: server_key().
  void on_request(TimePoint now, const Flow& from, std::size_t server, const Message& m, std::string key, Output& out);

 private:
  void note_request(Transaction& t, const Dialogs::Match& match, const Message& m, const Flow& from);
  void open_dialogs(TimePoint now, Transaction& t, const Message& m, const Binding& binding, DialogSet* again);

  Bindings& bindings_;
  Dialogs& dialogs_;
  Calls& calls_;
  const Homes& homes_;
  Router& router_;
  Responder& responder_;
  Admission& admission_;
  Forwarder& forwarder_;
};

}  // namespace dw::sip
