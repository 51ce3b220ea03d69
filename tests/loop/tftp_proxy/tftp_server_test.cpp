// The TFTP server on real sockets: where its packets come from, what it reports, how it ends.
#include "tests/loop/tftp_proxy/tftp_server_fixture.hpp"

namespace dw::provisioning {
using namespace test;

namespace {

/// Fetches in lock-step; each packet must come from `from` when that is given.
std::string fetch(Scene& scene, const PhoneSocket& phone, const Endpoint& server, const std::string& name,
                  const Endpoint* from) {
  phone.rrq(server, name);
  std::string file;
  for (unsigned block = 1;; ++block) {
    const auto [packet, sender] = scene.next_data(phone, block);
    if (from != nullptr) REQUIRE(sender == *from);
    file += packet.substr(4);
    phone.ack(sender, block);
    if (packet.size() < 516) return file;
  }
}

}  // namespace

TEST_CASE("a file, every packet from the port that was asked, and its step") {
  Scene scene;
  scene.shelf.files["f"] = Content::of(pattern(5000), {});
  const PhoneSocket phone;
  CHECK(fetch(scene, phone, scene.at, "f", &scene.at) == as_text(pattern(5000)));
  REQUIRE(scene.step_reported());
  const phones::FileStep& step = scene.steps.front();
  CHECK(step.outcome == phones::FileOutcome::sent);
  CHECK(step.name == "f");
  CHECK(step.transport == "tftp");
  CHECK(step.octets == 5000);
  CHECK(step.size == 5000);
  CHECK(step.last_block == 10);
  CHECK(step.peer.address == *IpAddress::parse("127.0.0.1"));
  CHECK(scene.shelf.requests.front().local == scene.at.address);
  CHECK(scene.shelf.requests.front().transport == Transport::tftp);
}

TEST_CASE("case 55: bound to the wildcard, the answer comes from the address that was asked") {
  Scene scene({"0.0.0.0"});
  scene.shelf.files["f"] = Content::of(pattern(1000), {});
  for (const char* address : {"127.0.0.1", "127.0.0.2", "127.1.2.3"}) {
    const PhoneSocket phone;
    const Endpoint asked{*IpAddress::parse(address), scene.at.port};
    CHECK(fetch(scene, phone, asked, "f", &asked) == as_text(pattern(1000)));
    CHECK(scene.shelf.requests.back().local == asked.address);
  }
}

TEST_CASE("case 55, case 56: IPv6, bound to the wildcard and to one address") {
  if (!PhoneSocket("::1").bound()) {
    MESSAGE("skipped: no IPv6 here");
    return;
  }
  for (const char* listen : {"::", "::1"}) {
    Scene scene({listen});
    scene.shelf.files["f"] = Content::of(pattern(1000), {});
    const PhoneSocket phone("::1");
    const Endpoint asked{*IpAddress::parse("::1"), scene.at.port};
    CHECK(fetch(scene, phone, asked, "f", &asked) == as_text(pattern(1000)));
  }
}

TEST_CASE("case 56: several addresses, one port, each bound by itself (dnsmasq 2.90)") {
  Scene scene({"127.0.0.1", "127.0.0.2"});
  scene.shelf.files["f"] = Content::of(pattern(1000), {});
  REQUIRE(scene.server->local().size() == 2);
  for (const Endpoint& asked : scene.server->local()) {
    CHECK(asked.port == scene.at.port);
    const PhoneSocket phone;
    CHECK(fetch(scene, phone, asked, "f", &asked) == as_text(pattern(1000)));
  }
}

TEST_CASE("single_port off: a fresh port for each transfer, on the address that was asked") {
  Scene scene({"0.0.0.0"}, false);
  scene.shelf.files["f"] = Content::of(pattern(1000), {});
  const PhoneSocket phone;
  const Endpoint asked{*IpAddress::parse("127.0.0.2"), scene.at.port};
  phone.rrq(asked, "f");
  const auto [first, tid] = scene.next_data(phone, 1);
  CHECK(first.size() == 516);
  CHECK(tid.address == asked.address);
  CHECK(tid.port != asked.port);
  const PhoneSocket stranger;  // case 51
  stranger.ack(tid, 1);
  CHECK(scene.next(stranger).first.substr(0, 4) == std::string("\0\5\0\5", 4));
  phone.ack(tid, 1);
  const auto [second, still] = scene.next_data(phone, 2);
  CHECK(still == tid);
  phone.ack(tid, 2);
  REQUIRE(scene.step_reported());
  CHECK(scene.steps.front().outcome == phones::FileOutcome::sent);
  CHECK(scene.server->running() == 0);
}

TEST_CASE("a file that streams: the first block before the origin has sent the last") {
  Scene scene;
  const auto content = std::make_shared<Content>();
  scene.shelf.files["f"] = content;
  const PhoneSocket phone;
  phone.rrq(scene.at, "f");
  REQUIRE(scene.loop.run_until([&] { return scene.server->running() == 1; }, 10s));
  const Buffer file = pattern(700);
  content->begin({});
  content->append(Bytes(file).first(600));
  CHECK(scene.next_data(phone, 1).first.substr(4) == as_text(Bytes(file).first(512)));
  phone.ack(scene.at, 1);
  content->append(Bytes(file).subspan(600));
  content->finish();
  CHECK(scene.next_data(phone, 2).first.substr(4) == as_text(Bytes(file).subspan(512)));
  phone.ack(scene.at, 2);
  REQUIRE(scene.step_reported());
  CHECK(scene.steps.front().outcome == phones::FileOutcome::sent);
  CHECK(content->subscribers() == 0);
}

TEST_CASE("case 44, case 45: when the phone aborts nobody wants the file any more") {
  Scene scene;
  scene.shelf.files["f"] = std::make_shared<Content>();
  const std::weak_ptr<Content> wanted = scene.shelf.files["f"];
  const PhoneSocket phone;
  phone.rrq(scene.at, "f");
  REQUIRE(scene.loop.run_until([&] { return scene.server->running() == 1; }, 10s));
  scene.shelf.files.clear();
  CHECK_FALSE(wanted.expired());
  phone.send(scene.at, std::string("\0\5\0\0stop\0", 9));
  REQUIRE(scene.step_reported());
  CHECK(scene.steps.front().outcome == phones::FileOutcome::aborted);
  CHECK(wanted.expired());
}

TEST_CASE("what is missing and what is refused: an ERROR, and a step") {
  Scene scene;
  const PhoneSocket phone;
  phone.rrq(scene.at, "ITLFile.tlv");
  CHECK(scene.next(phone).first == std::string("\0\5\0\1File not found\0", 19));
  phone.rrq(scene.at, "../../etc/passwd");
  CHECK(scene.next(phone).first.substr(0, 4) == std::string("\0\5\0\2", 4));
  REQUIRE(scene.loop.run_until([&] { return scene.steps.size() == 2; }, 10s));
  CHECK(scene.steps[0].outcome == phones::FileOutcome::not_found);
  CHECK(scene.steps[0].error_code == 1);
  CHECK(scene.steps[1].outcome == phones::FileOutcome::refused);
  CHECK(scene.steps[1].error_code == 2);
  CHECK(scene.shelf.requests.size() == 1);
}

TEST_CASE("case 47: three requests of one port in one batch: the last one counts") {
  for (const bool single_port : {true, false}) {
    Scene scene({"127.0.0.1"}, single_port);
    const PhoneSocket phone;
    for (const char* name : {"a", "b", "c"}) {
      scene.shelf.files[name] = Content::of(to_buffer(name), {});
      phone.rrq(scene.at, name);
    }
    std::string last;
    while (last.substr(0, 5) != std::string("\0\3\0\1c", 5))
      last = scene.next(phone).first;
    CHECK(scene.server->running() == 1);
  }
}

TEST_CASE("case 48: 128 phones, one file, all at once") {
  Scene scene;
  const Buffer file = pattern(20000);
  scene.shelf.files["f"] = Content::of(file, {});
  struct Reader {
    PhoneSocket phone;
    std::string got;
    unsigned blocks = 0;
    bool done = false;
  };
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 128; ++i) {
    readers.push_back(std::make_unique<Reader>());
    readers.back()->phone.rrq(scene.at, "f");
  }
  const auto turn = [&](Reader& r) {
    while (const auto packet = r.phone.take()) {
      if (r.done || static_cast<unsigned char>(packet->first[3]) != ((r.blocks + 1) & 0xffU)) continue;
      r.got += packet->first.substr(4);
      r.phone.ack(packet->second, ++r.blocks);
      r.done = packet->first.size() < 516;
    }
    return r.done;
  };
  REQUIRE(scene.loop.run_until(
      [&] {
        bool all = true;
        for (const auto& r : readers)
          all = turn(*r) && all;
        return all && scene.steps.size() == readers.size();
      },
      60s));
  for (const auto& r : readers)
    CHECK(r->got == as_text(file));
  MetricsText metrics;
  scene.server->append_metrics(metrics);
  CHECK(metrics.text().find("dropwire_tftp_transfers_ended_total{outcome=\"sent\"} 128\n") != std::string::npos);
}

TEST_CASE("case 86: draining finishes what runs, answers nothing new, and is idle then") {
  Scene scene;
  scene.shelf.files["f"] = Content::of(pattern(600), {});
  const PhoneSocket phone, late;
  phone.rrq(scene.at, "f");
  CHECK(scene.next_data(phone, 1).first.size() == 516);
  scene.server->drain();
  CHECK_FALSE(scene.server->is_idle());
  late.rrq(scene.at, "f");
  phone.ack(scene.at, 1);
  CHECK(scene.next_data(phone, 2).first.size() == 92);
  phone.ack(scene.at, 2);
  REQUIRE(scene.loop.run_until([&] { return scene.server->is_idle(); }, 10s));
  CHECK(scene.shelf.requests.size() == 1);
  CHECK_FALSE(late.take());
}

TEST_CASE("what nobody acknowledges is sent again by the clock") {
  Scene scene;
  scene.shelf.files["SEP001122334455.cnf.xml"] = Content::of(pattern(100), {});
  const PhoneSocket phone;
  phone.rrq(scene.at, "SEP001122334455.cnf.xml");
  const auto first = scene.next(phone).first;
  CHECK(scene.next(phone).first == first);
}

TEST_CASE("a port that is taken is an error in one sentence") {
  Scene scene;
  TftpServer::Options options;
  options.listen = {scene.at.address};
  options.port = scene.at.port;
  const auto second = TftpServer::start(scene.loop, options, scene.shelf, scene.known, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().text.find(scene.at.to_string()) != std::string::npos);
}

TEST_CASE("whom access.networks keeps out hears nothing by TFTP, and what it asked for is kept for a person") {
  Scene scene({"0.0.0.0"});
  net::AccessGate gate({*IpNetwork::parse("127.0.0.2/32")});
  scene.server->set_gate(gate);
  scene.shelf.files["f"] = Content::of(pattern(100), {});
  const PhoneSocket stranger("127.0.0.3"), phone("127.0.0.2");
  const Endpoint at{*IpAddress::parse("127.0.0.1"), scene.at.port};
  stranger.rrq(at, "SEP001122334455.cnf.xml");
  REQUIRE(scene.loop.run_until([&] { return gate.refusals(net::Door::tftp) == 1; }, 10s));
  CHECK(fetch(scene, phone, at, "f", nullptr) == as_text(pattern(100)));
  CHECK_FALSE(stranger.take());
  CHECK(scene.shelf.requests.size() == 1);
  CHECK(gate.refused().front().detail == "SEP001122334455.cnf.xml");
}

}  // namespace dw::provisioning
