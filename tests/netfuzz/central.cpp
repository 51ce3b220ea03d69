#include "tests/netfuzz/central.hpp"

#include <fcntl.h>

#include <algorithm>
#include <iterator>

namespace dw::netfuzz {
namespace {

constexpr const char* kGranted = "60";  // seconds, to strangers

// Whatever else is changed in an answer, what it grants ends within the time that the test waits.
bool grants_no_more(const std::string& answer) {
  const auto m = sim::SipText::read(answer);
  return m && m->get("Contact").ends_with(std::string(";expires=") + kGranted) && m->get("Expires") == kGranted &&
         m->all("Contact").size() == 1;
}

constexpr Duration kEndingsAgain = std::chrono::milliseconds(500);

Endpoint place(const std::string& address, std::uint16_t port) {
  return {*IpAddress::parse(address), port};
}

sim::SipUa::Options registrar_options(const Places& places) {
  sim::SipUa::Options out;
  out.user = "600";
  out.host = places.central();
  out.at = place(places.central(), Places::kSip);
  out.registrar = true;
  return out;
}

sim::ServerOptions call_server_options(const Places& places) {
  sim::ServerOptions out;
  out.guests_from = "1001";
  out.media_address = *IpAddress::parse(places.central());
  return out;
}

}  // namespace

Central::Central(const Places& places, const Pieces& pieces, unsigned seed)
    : pieces_(pieces),
      random_(seed),
      daemon_(place(places.daemon(), Places::kSip)),
      sip_at_(place(places.central(), Places::kSip)),
      sip_(sip_at_),
      registrar_(registrar_options(places)),
      sccp_(place(places.central(), Places::kSccp)),
      files_(place(places.central(), Places::kHttp)),
      call_server_(call_server_options(places)),
      sip_echo_({sip_at_.address, sim::SipUa::kMedia}) {
  for (const int fd : {sccp_.fd(), files_.fd()})
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void Central::add_polls(std::vector<pollfd>& polls) const {
  polls.push_back({sip_.fd(), POLLIN, 0});
  polls.push_back({sccp_.fd(), POLLIN, 0});
  polls.push_back({files_.fd(), POLLIN, 0});
  sip_echo_.add_polls(polls);
  for (const auto& [port, echo] : sccp_echoes_)
    echo->add_polls(polls);
  for (const auto& [n, line] : lines_)
    polls.push_back({line.stream->fd(), POLLIN, 0});
  for (const auto& [n, fetch] : fetches_)
    polls.push_back({fetch.first->fd(), POLLIN, 0});
}

void Central::step(TimePoint now) {
  step_sip(now);
  step_sccp(now);
  step_files();
  sip_echo_.step();
  for (const auto& [port, echo] : sccp_echoes_)
    echo->step();
}

void Central::say_sip(const std::string& octets) {
  sip_.send(daemon_, as_bytes(octets));
}

// ---- SIP ----

void Central::flush_sip() {
  for (const sim::SipSent& sent : registrar_.take())
    sip_.send(sent.to, as_bytes(sent.octets));
}

void Central::step_sip(TimePoint now) {
  Buffer octets;
  Endpoint from;
  while (sip_.receive(octets, from)) {
    const std::string text(as_text(octets));
    if (text.find(kHealthyUser) != std::string::npos) {
      registrar_.on_message(now, from, sim::kNoStream, text);
    } else {
      answer_stranger(from, text);
    }
  }
  if (!lies_) end_calls(now);
  registrar_.on_deadline(now);
  flush_sip();
}

// A server that hears a request says so at once, as a box that hears nothing takes it for dead: it lies after that. It
// never says 503 of itself, which has the same meaning.
void Central::answer_stranger(const Endpoint& from, const std::string& octets) {
  const auto m = sim::SipText::read(octets);
  if (m && m->status() >= 200 && m->method() == "BYE") {
    if (m->status() >= 400) refused_ = m->first + " to a BYE of " + m->get("Call-ID");
    endings_.erase(sim::sip_branch(*m));
  }
  if (m && m->method() == "ACK") endings_.erase(sim::sip_branch(*m));
  if (!m || !m->is_request() || m->method() == "ACK") return;
  const auto say = [&](const std::string& answer) {
    if (!answer.starts_with("SIP/2.0 503")) sip_.send(from, as_bytes(answer));
  };
  if (m->method() == "OPTIONS") return say(sim::sip_answer(*m, 200, "o").str());
  if (!lies_) return say(sim::sip_answer(*m, m->method() == "INVITE" ? 486 : 200, "r").str());
  if (m->method() == "INVITE") return answer_call(from, *m);
  sim::SipText answer = sim::sip_answer(*m, m->method() == "REGISTER" || chance(2) ? 200 : 401, "l");
  const std::string contact = m->get("Contact");
  answer.add("Contact", contact.substr(0, contact.find(";expires")) + ";expires=" + kGranted).add("Expires", kGranted);
  const std::string lie = mutated(answer.str(), random_);
  say(grants_no_more(lie) ? lie : answer.str());
  if (chance(4)) say(pieces_.sip_lie(random_));
}

// What becomes of a call, it is ended in the end: neither side's silence does that, nor a lie. A 200 has octets changed
// in its description alone, so that it is known which call to end.
void Central::answer_call(const Endpoint& from, const sim::SipText& invite) {
  sip_.send(from, as_bytes(sim::sip_answer(invite, 100, "").str()));
  endings_[sim::sip_branch(invite)] = sim::sip_answer(invite, 486, "l").str();
  static constexpr int kAnswers[] = {200, 180, 183, 302, 401, 404, 486, 500};
  const int status = kAnswers[random_() % std::size(kAnswers)];
  sim::SipText answer = sim::sip_answer(invite, status, "l");
  answer.add("Contact", "<sip:900@" + sip_at_.to_string() + ">");
  const std::string description = sim::sip_sdp({sip_at_.address, 30000});
  answer.with_body("application/sdp", status == 200 ? mutated(description, random_) : description);
  const std::string octets = status == 200 ? answer.str() : mutated(answer.str(), random_);
  if (status != 200 && (octets.starts_with("SIP/2.0 2") || octets.starts_with("SIP/2.0 503"))) return;
  sip_.send(from, as_bytes(octets));
  if (status != 200) return;
  const std::string branch = "z9hG4bKbye" + std::to_string(next_++);
  sim::SipText bye;
  bye.first = "BYE " + sim::sip_uri(invite.get(invite.has("Contact") ? "Contact" : "From")) + " SIP/2.0";
  bye.add("Via", "SIP/2.0/UDP " + sip_at_.to_string() + ";branch=" + branch).add("Max-Forwards", "70");
  bye.add("From", answer.get("To"))
      .add("To", invite.get("From"))
      .add("Call-ID", invite.get("Call-ID"))
      .add("CSeq", "1 BYE");
  endings_.erase(sim::sip_branch(invite));
  endings_[branch] = bye.str();
}

void Central::end_calls(TimePoint now) {
  if (now < next_endings_) return;
  next_endings_ = now + kEndingsAgain;
  for (const auto& [branch, ending] : endings_)
    say_sip(ending);
}

// ---- SCCP ----

void Central::perform(const sim::ServerTurn& turn) {
  using Kind = sim::ServerEvent::Kind;
  for (const sim::ServerEvent& event : turn.events) {
    if (event.kind == Kind::media_wanted)
      sccp_echoes_[event.port] = std::make_unique<Echo>(Endpoint{sip_at_.address, event.port});
    if (event.kind == Kind::media_done) sccp_echoes_.erase(event.port);
  }
  for (const auto& [n, octets] : turn.writes) {
    const auto line = lines_.find(n);
    if (line != lines_.end()) line->second.stream->write(octets);
  }
  for (const int n : turn.closes)
    lines_.erase(n);
}

void Central::take_line(TimePoint now, int number, Line& line, const Buffer& octets) {
  constexpr std::size_t kEnough = 2000;  // octets without a device's name
  if (line.honest) return perform(call_server_.on_octets(now, number, octets));
  if (!line.known) {
    line.early += as_text(octets);
    line.honest = line.early.find(kHealthyDevice) != std::string::npos;
    line.known = line.honest || line.early.find("SEP") != std::string::npos || line.early.size() > kEnough;
    if (!line.known) return;
    const std::string early = std::move(line.early);
    if (line.honest) {
      const Endpoint peer = line.stream->peer();
      const IpAddress own = line.stream->local().address;
      perform(call_server_.connected(now, number, peer, own));
      return perform(call_server_.on_octets(now, number, as_bytes(early)));
    }
    const std::string ack = std::string("\x1e\0\0\0M/D/Y\0\0\0\x3c\0\0\0\x0b\0\0\0", 20);  // keepalive 30 s, version 11
    return line.stream->write(as_bytes(sccp_frame(0x81, ack)));
  }
  if (!lies_ || !chance(2)) return;
  line.stream->write(as_bytes(pieces_.sccp_lie(random_)));
}

void Central::step_sccp(TimePoint now) {
  while (auto stream = sccp_.accept())
    lines_[next_++].stream = std::move(stream);
  std::vector<int> numbers;
  for (const auto& [n, line] : lines_)
    numbers.push_back(n);
  for (const int n : numbers) {
    const auto found = lines_.find(n);
    if (found == lines_.end()) continue;
    const Buffer octets = found->second.stream->read();
    const bool honest = found->second.honest;
    if (!octets.empty()) take_line(now, n, found->second, octets);
    const auto still = lines_.find(n);
    if (still == lines_.end() || !still->second.stream->broken()) continue;
    lines_.erase(still);
    if (honest) perform(call_server_.disconnected(now, n));
  }
  perform(call_server_.on_deadline(now));
}

// ---- files ----

void Central::step_files() {
  while (auto stream = files_.accept())
    fetches_[next_++].first = std::move(stream);
  for (auto at = fetches_.begin(); at != fetches_.end();) {
    auto& [stream, request] = at->second;
    request += as_text(stream->read());
    const bool whole = request.find("\r\n\r\n") != std::string::npos;
    if (!whole && !stream->broken()) {
      ++at;
      continue;
    }
    // Dropwire looks for a config under other spellings of its name, too.
    std::string name = request.substr(0, request.find("\r\n"));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    const bool ours = name.find(kHealthyUser) != std::string::npos || name.find(kHealthyFile) != std::string::npos;
    const std::string answer =
        ours || !lies_ ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" : pieces_.file_lie(random_);
    if (whole) stream->write(as_bytes(answer));
    at = fetches_.erase(at);
  }
}

}  // namespace dw::netfuzz
