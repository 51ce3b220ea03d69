#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "sbc/phones/phone.hpp"

namespace dw::phones {

Step step_of(const SignallingStep& reported);
Step step_of(const Call& call);
/// It dialled nothing, was dialled by nobody, and had no media: the receiver was lifted and put down.
bool is_empty(const Call& call);

/// "registered with pbx.example.net:2000, protocol 17": `phone.steps[index]`, which is of signalling or a
/// call, in the light of those before it.
std::string sentence_of_live(const Phone& phone, std::size_t index);

/// ", without its files: it asked for …"; empty: it had them, or nothing is known.
std::string without_files_words(const Phone& phone, std::size_t index);

/// The step that says that the phone, or the line `aor` of SIP, found no call server, of those before `end`, unless a
/// server was heard since. nullptr: there is none.
const Step* outage_of(const Phone& phone, std::size_t end, Protocol protocol, std::string_view aor);
/// An outage is one line, however often the phone asks meanwhile; its length is in the line of the next registration.
/// So are calls that a limit refuses within a quarter of an hour.
bool repeats_line(const Phone& phone, const SignallingStep& reported);
/// ", 1 min 38 s after it found no call server"; empty: it had found one.
std::string after_outage_words(const Phone& phone, std::size_t index);

/// Why the phone was without its config when the step at `index` came: the last file of its latest boot
/// before, when that boot brought it no config. nullptr: it had one, or nothing is known.
const Step* failed_config(const Phone& phone, std::size_t index);

/// What came of the phone's latest tries to register by SCCP; lines of SIP: sip_story.hpp.
struct Standing {
  enum class Is {
    unknown,
    registered,  ///< or was, until the connection ended
    refused,
    no_server,
    unanswered,  ///< the server ended the connection before it answered
  } is = Is::unknown;
  const Step* step = nullptr;  ///< the latest one that shows it
  std::size_t times = 0;       ///< of `unanswered`, one after the other
};
Standing standing_of(const Phone& phone);
/// The words of a refusal speak of an address, or of a session that crosses another (sccp §5.1).
bool blames_address(const Step& refused);
/// Tries without an answer that are no chance.
constexpr std::size_t kUnanswered = 2;

}  // namespace dw::phones
