// The words of a lab phone's script.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "tests/lab/script.hpp"
#include "tests/lab/sip_lab_phone.hpp"

namespace dw::lab {

using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 10s, kSyncPatience = 60s, kInFlight = 100ms;

}  // namespace

// "1002", or "+1" for the extension of the next phone of this run.
std::string SipLabPhone::number_of(const std::string& word) const {
  if (word.empty() || (word[0] != '+' && word[0] != '-')) return word;
  return std::to_string(static_cast<int>(options_.first_extension + index_) + std::atoi(word.c_str()));
}

// "SEP…", "+1" for the next phone of this run, "self" for what an echo sends back.
std::string SipLabPhone::name_of(const std::string& word) const {
  if (word == "self") return device_;
  if (word.empty() || (word[0] != '+' && word[0] != '-')) return word;
  return device_after(device_, std::atoi(word.c_str()));
}

bool SipLabPhone::late(TimePoint now, Duration patience, const std::string& what) {
  if (now - *began_ < patience) return false;
  fail(what);
  return true;
}

SipLabPhone::Step SipLabPhone::step(TimePoint now, const std::vector<std::string>& words) {
  const std::string& verb = words[0];
  if (verb == "wait" && words.size() >= 2) return wait_for(now, words);
  if (verb == "wait-file" && words.size() >= 2) return wait_for_file(now, words);
  if (verb == "sleep") return now - *began_ >= word_time(words, 1, 1s) ? Step::done : Step::waiting;
  if (verb == "sync") return sync(now);
  if (verb == "expect-rtp" && words.size() >= 2) return expect_rtp(now, words);
  if (verb == "expect-silence") return expect_silence(now, word_time(words, 1, 1s));
  if (verb == "expect-not" && words.size() >= 3) return expect_not(now, words);
  if (verb == "note") {
    std::string text;
    for (std::size_t i = 1; i < words.size(); ++i)
      text += " " + words[i];
    return say("note" + text), Step::done;
  }
  // The user does something: what came before no longer counts for what is waited for and expected.
  happened_.clear();
  tally_.forget();
  if (const auto did = act(now, words)) return *did;
  if (const auto did = act_on_call(now, words)) return *did;
  fail("not a command");
  return Step::done;
}

std::optional<SipLabPhone::Step> SipLabPhone::act(TimePoint now, const std::vector<std::string>& words) {
  const std::string& verb = words[0];
  if (verb == "register") return connect(now), Step::done;
  if (!link_.up()) return fail("not connected"), Step::done;
  if (verb == "refresh") return send_register(now, registration_, "register"), Step::done;
  if (verb == "heartbeat") return send_register(now, heartbeat_, "heartbeat"), Step::done;
  if (verb == "token") return send_token(now), Step::done;
  if (verb == "unregister") {
    registration_.wanted = false;
    registration_.refresh.reset();
    return send_register(now, registration_, "unregister"), Step::done;
  }
  if (verb == "disconnect") {
    registration_.wanted = false;
    return link_.close(), Step::done;
  }
  if (verb == "dial" && words.size() >= 2) {
    return dial(now, number_of(words[1]), words.size() > 2 && words[2] == "late"), Step::done;
  }
  return std::nullopt;
}

std::optional<SipLabPhone::Step> SipLabPhone::act_on_call(TimePoint now, const std::vector<std::string>& words) {
  const std::string& verb = words[0];
  SipCall* call = active();
  if (call == nullptr) return fail("there is no call"), Step::done;
  if (verb == "answer") {
    if (call->state != SipCall::State::ringing) return fail("nothing rings"), Step::done;
    return answer(now, *call), Step::done;
  }
  if (verb == "hangup" || verb == "cancel") return hang_up(now, *call), Step::done;
  if (verb == "hold") return reinvite(now, *call, "hold"), Step::done;
  if (verb == "resume") {
    SipCall* which = held();
    if (which == nullptr) return fail("nothing is on hold"), Step::done;
    return reinvite(now, *which, "resume"), Step::done;
  }
  if (verb == "transfer" && words.size() == 2) {
    return transfer(now, *call, "sip:" + number_of(words[1]) + "@" + host() + ";user=phone"), Step::done;
  }
  if (verb == "transfer-to") {  // the call on hold gets the one in hand
    SipCall* first = held();
    const auto target = SipUri::read(sip_uri(call->remote));
    if (first == nullptr || first == call || !target)
      return fail("transfer-to needs a call on hold and another"), Step::done;
    const std::string replaces = call->id + ";to-tag=" + call->remote_tag + ";from-tag=" + call->local_tag;
    return transfer(now, *first, "sip:" + target->user + "@" + host() + "?Replaces=" + percent_encode(replaces)),
           Step::done;
  }
  return std::nullopt;
}

SipLabPhone::Step SipLabPhone::wait_for(TimePoint now, const std::vector<std::string>& words) {
  if (const auto found = happened_.find(words[1]); found != happened_.end()) {
    if (--found->second == 0) happened_.erase(found);
    return Step::done;
  }
  return late(now, word_time(words, 2, kPatience), "it did not come"), Step::waiting;
}

// "expect-not registered 5s"
SipLabPhone::Step SipLabPhone::expect_not(TimePoint now, const std::vector<std::string>& words) {
  if (happened_.contains(words[1])) return fail("it came"), Step::waiting;
  return now - *began_ >= duration_or_exit(words[2]) ? Step::done : Step::waiting;
}

// All phones of the run come to the same place of the script.
SipLabPhone::Step SipLabPhone::sync(TimePoint now) {
  if (fleet_.failed) return fail("another phone failed"), Step::waiting;
  if (std::ranges::all_of(fleet_.at, [&](std::size_t at) { return at >= at_; })) return Step::done;
  return late(now, kSyncPatience, "the others did not come"), Step::waiting;
}

// Whoever makes the file says when the script goes on, however busy the machine is; a call goes on meanwhile.
SipLabPhone::Step SipLabPhone::wait_for_file(TimePoint now, const std::vector<std::string>& words) {
  if (std::filesystem::exists(words[1])) return Step::done;
  return late(now, word_time(words, 2, kPatience), "it was not made"), Step::waiting;
}

// "expect-rtp 50", "expect-rtp 50 20s", "expect-rtp 50 from +1 20s": so many good packets and no bad one
// since the last expectation.
SipLabPhone::Step SipLabPhone::expect_rtp(TimePoint now, const std::vector<std::string>& words) {
  const bool named = words.size() >= 4 && words[2] == "from";
  const auto wanted = static_cast<std::uint64_t>(std::atoll(words[1].c_str()));
  const std::uint64_t got = named ? tally_.by_name[name_of(words[3])] : tally_.received;
  if (tally_.bad > 0) return fail("bad packets"), Step::waiting;
  if (got >= wanted) {
    say(tally_.to_string());
    tally_.forget();
    return Step::done;
  }
  return late(now, word_time(words, named ? 4 : 2, kPatience), "not enough packets"), Step::waiting;
}

// What was on its way when it began does not count.
SipLabPhone::Step SipLabPhone::expect_silence(TimePoint now, Duration time) {
  if (now - *began_ < kInFlight) return tally_.forget(), Step::waiting;
  if (tally_.received + tally_.bad > 0) return fail("packets came"), Step::waiting;
  if (now - *began_ < kInFlight + time) return Step::waiting;
  say("rtp silence");
  return Step::done;
}

}  // namespace dw::lab
