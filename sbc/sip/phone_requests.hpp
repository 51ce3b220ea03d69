#pragma once
#include <string>
#include <string_view>

#include "sbc/sip/fail_over.hpp"

namespace dw::sip {

/// A phone's request on its way: whose it is, to which dialog it belongs or which it begins, whether its password may
/// be tried; then it goes to a central server. Owns nothing. No I/O.
class PhoneRequests {
 public:
  PhoneRequests(ProxyParts& parts, Forwarder& forwarder, FailOver& fail_over);

  /// Not ACK, not CANCEL. `key`: server_key().
  void on_request(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out);

 private:
  void in_dialog(TimePoint now, const Flow& from, const Message& m, std::string key, const Binding* sender,
                 const Dialogs::Match& match, Output& out);
  void out_of_dialog(TimePoint now, const Flow& from, const Message& m, std::string key, const Binding* binding,
                     Output& out);
  Transaction* begin(TimePoint now, const Flow& from, const Message& m, std::string key, bool emergency, Output& out);
  void open_dialogs(TimePoint now, Transaction& t, const Message& m, const Binding* binding, DialogSet* again);
  void on_register(TimePoint now, const Flow& from, const Message& m, std::string key, Output& out);
  void describe(Transaction& t, const Message& m, const Uri& to);
  bool is_ours(std::string_view host, const Flow& phone) const { return names_us(host, phone, options_.advertise); }

  const ProxyOptions& options_;
  ProxyCounters& counters_;
  Bindings& bindings_;
  Dialogs& dialogs_;
  Transactions& transactions_;
  Calls& calls_;
  Sources& sources_;
  const Homes& homes_;
  Router& router_;
  Registrar& registrar_;
  PasswordDoor& passwords_;
  Responder& responder_;
  Admission& admission_;
  Forwarder& forwarder_;
  FailOver& fail_over_;
};

}  // namespace dw::sip
