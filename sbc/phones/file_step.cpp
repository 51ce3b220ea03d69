#include "sbc/phones/file_step.hpp"

namespace dw::phones {

std::string_view to_string(FileOutcome outcome) {
  switch (outcome) {
    case FileOutcome::sent:
      return "sent";
    case FileOutcome::unconfirmed:
      return "unconfirmed";
    case FileOutcome::not_found:
      return "not_found";
    case FileOutcome::not_admitted:
      return "not_admitted";
    case FileOutcome::refused:
      return "refused";
    case FileOutcome::forbidden:
      return "forbidden";
    case FileOutcome::unavailable:
      return "unavailable";
    case FileOutcome::no_ack:
      return "no_ack";
    case FileOutcome::stalled:
      return "stalled";
    case FileOutcome::aborted:
      return "aborted";
    case FileOutcome::superseded:
      return "superseded";
  }
  return "?";
}

}  // namespace dw::phones
