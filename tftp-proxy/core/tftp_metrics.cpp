// The metrics of the TFTP server.
#include "tftp-proxy/core/tftp_sessions.hpp"

namespace dw::tftp {

std::string_view to_string(TransferOutcome outcome) {
  switch (outcome) {
    case TransferOutcome::sent:
      return "sent";
    case TransferOutcome::unconfirmed:
      return "unconfirmed";
    case TransferOutcome::not_found:
      return "not_found";
    case TransferOutcome::not_admitted:
      return "not_admitted";
    case TransferOutcome::refused:
      return "refused";
    case TransferOutcome::unavailable:
      return "unavailable";
    case TransferOutcome::no_ack:
      return "no_ack";
    case TransferOutcome::stalled:
      return "stalled";
    case TransferOutcome::aborted:
      return "aborted";
    case TransferOutcome::superseded:
      return "superseded";
    case TransferOutcome::dropped:
      return "dropped";
  }
  return "unknown";
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::port:
      return "port";
    case Refusal::address:
      return "address";
    case Refusal::source_limit:
      return "source_limit";
    case Refusal::network_limit:
      return "network_limit";
    case Refusal::enumeration:
      return "enumeration";
    case Refusal::sessions:
      return "sessions";
    case Refusal::draining:
      return "draining";
    case Refusal::malformed:
      return "malformed";
    case Refusal::mode:
      return "mode";
    case Refusal::write:
      return "write";
    case Refusal::name:
      return "name";
  }
  return "unknown";
}

void Sessions::append_metrics(MetricsText& out) const {
  const Counters& c = counters_;
  const TransferCounters& t = transfer_counters_;
  out.counter("dropwire_tftp_datagrams_total", "Datagrams that came in.", c.datagrams);
  out.counter("dropwire_tftp_ignored_total", "Datagrams that make no sense, not answered.", c.ignored);
  out.counter("dropwire_tftp_requests_total", "Read and write requests.", c.rrq, {{"kind", "rrq"}});
  out.counter("dropwire_tftp_requests_total", "Read and write requests.", c.wrq, {{"kind", "wrq"}});
  out.counter("dropwire_tftp_repeated_requests_total", "RRQs that a phone sent again.", c.repeated_rrq);
  out.counter("dropwire_tftp_probes_total", "Probes of other Dropwires that were answered.", c.probes);
  out.counter("dropwire_tftp_strays_total", "Packets that belong to no transfer, not answered.", c.strays);
  out.counter("dropwire_tftp_strangers_total", "Packets to a transfer's own port from elsewhere.", c.strangers);
  out.counter("dropwire_tftp_adopted_ports_total", "Transfers that followed a phone to a new port.", c.adopted_ports);
  out.counter("dropwire_tftp_evicted_total", "Unproven transfers that made room for newer ones.", c.evicted);
  for (std::size_t i = 0; i < kRefusals; ++i) {
    out.counter("dropwire_tftp_refused_total", "Requests refused.", c.refused[i],
                {{"reason", to_string(static_cast<Refusal>(i))}});
  }
  out.counter("dropwire_tftp_transfers_started_total", "Transfers begun.", c.started);
  for (std::size_t i = 0; i < kTransferOutcomes; ++i) {
    out.counter("dropwire_tftp_transfers_ended_total", "Transfers ended.", c.ended[i],
                {{"outcome", to_string(static_cast<TransferOutcome>(i))}});
  }
  out.gauge("dropwire_tftp_transfers_active", "Transfers under way.", static_cast<double>(active()));
  out.gauge("dropwire_tftp_transfers_unproven", "Of these, nothing acknowledged yet.", static_cast<double>(unproven()));
  out.counter("dropwire_tftp_data_packets_total", "DATA sent.", t.data_packets);
  out.counter("dropwire_tftp_data_bytes_total", "Octets of files in DATA sent, repeats included.", t.data_octets);
  out.counter("dropwire_tftp_retransmissions_total", "Packets sent again.", t.retransmissions);
  out.counter("dropwire_tftp_timeouts_total", "Times that an ACK did not come.", t.timeouts);
  out.counter("dropwire_tftp_duplicate_acks_total", "ACKs that came again.", t.duplicate_acks);
  out.counter("dropwire_tftp_ignored_acks_total", "ACKs of blocks that were not under way.", t.ignored_acks);
}

}  // namespace dw::tftp
