// The words of a lab phone's script.
#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>

#include "tests/lab/sccp_lab_phone.hpp"
#include "tests/lab/script.hpp"

namespace dw::lab {

using namespace std::chrono_literals;

namespace {

constexpr Duration kPatience = 10s;

}  // namespace

// "1002", or "+1" for the extension of the next phone of this run.
std::string LabPhone::number_of(const std::string& word) const {
  if (word.empty() || (word[0] != '+' && word[0] != '-')) return word;
  return std::to_string(static_cast<int>(options_.first_extension + index_) + std::atoi(word.c_str()));
}

// "SEP…", or "+1" for the next phone of this run.
std::string LabPhone::name_of(const std::string& word) const {
  if (word.empty() || (word[0] != '+' && word[0] != '-')) return word;
  return device_after(phone_.options().device, std::atoi(word.c_str()));
}

bool LabPhone::late(TimePoint now, Duration patience, const std::string& what) {
  if (now - *began_ < patience) return false;
  fail(what);
  return true;
}

LabPhone::Step LabPhone::step(TimePoint now, const std::vector<std::string>& words) {
  const std::string& verb = words[0];
  if (verb == "wait" && words.size() >= 2) return wait_for(now, words);
  if (verb == "wait-file" && words.size() >= 2) return wait_for_file(now, words);
  if (verb == "sleep") return pass_time(now, word_time(words, 1, 1s));
  if (verb == "send-rtp") return talk(now, word_time(words, 1, 1s));
  if (verb == "expect-rtp" && words.size() >= 2) return expect_rtp(now, words);
  if (verb == "expect-silence") return expect_silence(now, word_time(words, 1, 1s));
  if (verb == "transfer" && words.size() == 2 && phone_.next_deadline()) {
    start_over();
    perform(now, phone_.transfer(now));
    perform(now, phone_.dial(now, number_of(words[1])));
    return Step::done;
  }
  if (const auto did = act(now, words)) return *did;
  fail("not a command");
  return Step::done;
}

std::optional<LabPhone::Step> LabPhone::act(TimePoint now, const std::vector<std::string>& words) {
  const std::string& verb = words[0];
  start_over();
  if (verb == "register") return connect(now), Step::done;
  if (verb == "disconnect") {
    wanted_ = false;
    lose(now, "asked to");
    return Step::done;
  }
  if (!tcp_) return fail("not connected"), Step::done;
  if (verb == "dial" && words.size() == 2) return perform(now, phone_.dial(now, number_of(words[1]))), Step::done;
  if (verb == "off-hook") return perform(now, phone_.off_hook(now)), Step::done;
  if (verb == "answer") return perform(now, phone_.answer(now)), Step::done;
  if (verb == "hold") return perform(now, phone_.hold(now)), Step::done;
  if (verb == "resume") return perform(now, phone_.resume(now)), Step::done;
  if (verb == "transfer") return perform(now, phone_.transfer(now)), Step::done;
  if (verb == "hangup") return perform(now, phone_.on_hook(now)), Step::done;
  if (verb == "servers") return perform(now, phone_.ask_servers(now)), Step::done;
  if (verb == "token") return perform(now, phone_.ask_token(now)), Step::done;
  if (verb == "unregister") {
    wanted_ = false;
    return perform(now, phone_.unregister(now)), Step::done;
  }
  return std::nullopt;
}

LabPhone::Step LabPhone::wait_for(TimePoint now, const std::vector<std::string>& words) {
  const std::string kind = words[1] == "media" ? "transmit-started" : words[1];
  if (happened_.erase(kind) > 0) return Step::done;
  const Duration patience = word_time(words, 2, kPatience);
  return late(now, patience, "it did not come"), Step::waiting;
}

// The script waits until the file exists, however busy the machine is; a call continues meanwhile.
LabPhone::Step LabPhone::wait_for_file(TimePoint now, const std::vector<std::string>& words) {
  if (std::filesystem::exists(words[1])) return Step::done;
  return late(now, word_time(words, 2, kPatience), "it was not made"), Step::waiting;
}

LabPhone::Step LabPhone::pass_time(TimePoint now, Duration time) {
  return now - *began_ >= time ? Step::done : Step::waiting;
}

LabPhone::Step LabPhone::talk(TimePoint now, Duration time) {
  if (!transmits() && late(now, kPatience, "was not told to transmit")) return Step::waiting;
  if (!transmits()) return Step::waiting;
  return pass_time(now, time);
}

// "expect-rtp 50", "expect-rtp 50 20s", "expect-rtp 50 from SEP001122334466 20s": so many good packets and no
// bad ones since the last expectation.
LabPhone::Step LabPhone::expect_rtp(TimePoint now, const std::vector<std::string>& words) {
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

LabPhone::Step LabPhone::expect_silence(TimePoint now, Duration time) {
  if (now == *began_) tally_.forget();
  if (tally_.received + tally_.bad > 0) return fail("packets came"), Step::waiting;
  if (now - *began_ < time) return Step::waiting;
  say("rtp silence");
  return Step::done;
}

}  // namespace dw::lab
