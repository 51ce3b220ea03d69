#include "conf/value.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "conf/origin_text.hpp"
#include "conf/suggest.hpp"
#include "conf/toml_text.hpp"
#include "conf/units.hpp"

using namespace dw;
using namespace dw::conf;
using namespace std::chrono_literals;

TEST_CASE("durations") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("0s") == 0s);
  CHECK(parse_duration("30s") == 30s);
  CHECK(parse_duration("10m") == 10min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("7d") == 168h);
  for (const char* bad : {"", "30", "s", "-1s", "+1s", "1.5s", " 1s", "1s ", "1S", "1m30s", "1 s", "99999d",
                          "99999999999999999999s", "1w", "0x1s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad).has_value());
  }
  for (const char* text : {"500ms", "30s", "10m", "1h", "7d", "0s", "90s", "25h"}) {
    CHECK(duration_text(*parse_duration(text)) == text);
  }
  CHECK(duration_text(3600s) == "1h");
}

TEST_CASE("sizes") {
  CHECK(parse_size("64KiB") == 65536);
  CHECK(parse_size("2GiB") == 2ULL << 30);
  CHECK(parse_size("10MB") == 10'000'000);
  CHECK(parse_size("10mb") == 10'000'000);
  CHECK(parse_size("1kB") == 1000);
  CHECK(parse_size("512B") == 512);
  for (const char* bad :
       {"", "64", "KiB", "64 KiB", "1.5GiB", "-1B", "9999999999999TiB", "18446744073709551615B", "1K", "1KiBB"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad).has_value());
  }
  for (const char* text : {"64KiB", "2GiB", "10MB", "512B", "0B", "1KB", "16TiB"}) {
    CHECK(size_text(*parse_size(text)) == text);
  }
}

TEST_CASE("origins") {
  CHECK(checked_origin("http://h").value() == "http://h/");
  CHECK(checked_origin("HTTPS://u:p@[::1]:8443/dir/").value() == "HTTPS://u:p@[::1]:8443/dir/");
  CHECK(checked_origin("tftp://192.0.2.1/a").value() == "tftp://192.0.2.1/a");
  CHECK(checked_origin("file:///srv/tftp").value() == "file:///srv/tftp");
  for (const char* good :
       {"http://h/get.php?mac={mac}&file={file}", "http://h?f={base}", "tftp://h/rings/{base}#*.raw,*.rwb",
        "file:///srv/rings#*.raw", "https://u:p@h/{mac}/{file}"})
    CHECK(checked_origin(good).value() == good);
  for (const char* bad :
       {"http://h/?q=1", "http://h/#", "http://h/#a b", "http://h/#*.raw,", "http://h/{name}", "http://h/{file",
        "http://h/x}", "http://h/{mac}", "http://{mac}/{file}", "tftp://h/x?f={file}", "file:///srv/{base}"})
    CHECK_FALSE_MESSAGE(checked_origin(bad).has_value(), bad);
  for (const char* bad :
       {"", "h", "ftp://h/", "http://", "http:///x", "http://h:99999/", "http://h/?q", "file://srv/tftp", "file://",
        "tftp://u@h/", "http://h/../x", "http://h/a b", "http://h/\nx", "http://h\xc3\xa9/", "http://a:b:c/"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(checked_origin(bad).has_value());
  }
  CHECK(masked_origin("http://a@b:secret@h/") == "http://***@h/");
  CHECK(masked_origin("http://h/g?token=secret&m={mac}&f={file}#*.raw") ==
        "http://h/g?token=***&m={mac}&f={file}#*.raw");
  CHECK(masked_origin("http://h/@x") == "http://***@x");  // rather too much than too little
  CHECK(masked_origin("h") == "h");
}

TEST_CASE("each default fits its own setting, shows as it was written, and every setting is explained") {
  for (const Mode mode : {Mode::edge, Mode::hosted}) {
    Config config = default_config(mode);
    for (const Setting& setting : settings()) {
      CAPTURE(setting.name);
      CHECK_FALSE(assign(setting, value_from_toml(setting.default_for(mode)), config).has_value());
      CHECK_FALSE(setting.meaning.empty());
      CHECK(setting.meaning.ends_with('.'));
      CHECK_FALSE(type_name(setting).empty());
      CHECK(find_setting(setting.name) == &setting);
      if (setting.name != "mode") CHECK(shown(setting, config) == setting.default_for(mode));
    }
  }
}

TEST_CASE("a shown value, read again, is the same value") {
  Config config = default_config(Mode::edge);
  config.access.listen = {*IpAddress::parse("fe80::1%2"), *IpAddress::parse("192.0.2.1")};
  config.access.advertise = *IpAddress::parse("2001:db8::7");
  config.central.host = "2001:db8::1";
  config.central.sccp.servers = {{"::1", 2000}, {"h", 2001}};
  config.central.sccp.source_addresses = {*IpAddress::parse("192.0.2.9"), *IpAddress::parse("2001:db8::9")};
  config.media.dscp = 34;
  config.central.sip.servers = {{SipTransport::tls, {"h", 0}, {"t1.example.net", "*.t2.example.net"}},
                                {SipTransport::tcp, {"::1", 5060}}};
  config.central.sip.trusted = {*IpAddress::parse("192.0.2.10"), *IpAddress::parse("2001:db8::a")};
  config.central.sip.domain = "2001:db8::5";
  config.access.sip.scanners = {"a \"b\\c", "scan"};
  config.cache.dir = "/a\"b\\c\td";
  config.admin.listen = *Endpoint::parse("[::1]:80");
  Config again = default_config(Mode::edge);
  for (const Setting& setting : settings()) {
    CAPTURE(setting.name);
    CHECK_FALSE(assign(setting, value_from_toml(shown(setting, config)), again).has_value());
    CHECK(shown(setting, again) == shown(setting, config));
  }
  CHECK(again.access.listen == config.access.listen);
  CHECK(again.central.sip.servers == config.central.sip.servers);
  CHECK(again.central.sccp.source_addresses == config.central.sccp.source_addresses);
  CHECK(again.central.sip.trusted == config.central.sip.trusted);
  CHECK(again.central.sip.domain == config.central.sip.domain);
  CHECK(again.access.sip.scanners == config.access.sip.scanners);
  CHECK(again.media.dscp == 34);
  CHECK(again.cache.dir == config.cache.dir);
}

TEST_CASE("a value that does not fit leaves the configuration as it was") {
  const std::vector<Value> odd = {{true},
                                  {std::int64_t{-1}},
                                  {std::numeric_limits<std::int64_t>::max()},
                                  {std::numeric_limits<double>::quiet_NaN()},
                                  {std::string("no such thing \x01")},
                                  {std::string(kMaxText + 1, 'x')},
                                  {std::string("a\0b", 3)},
                                  {std::vector<std::string>{"\x01", ""}},
                                  {Value::Other{"a table"}}};
  for (const Setting& setting : settings()) {
    for (const Value& value : odd) {
      CAPTURE(setting.name);
      CAPTURE(value.is.index());
      Config config = default_config(Mode::edge);
      const std::string before = shown(setting, config);
      if (const auto complaint = assign(setting, value, config)) {
        CHECK(shown(setting, config) == before);
        CHECK(complaint->text.find(setting.name) != std::string::npos);
        CHECK_FALSE(complaint->hint.empty());
      }
    }
  }
}

TEST_CASE("a complaint about a list says its wrong entry once, and shows an entry that would do") {
  for (const auto& [name, entry] : {std::pair{"central.media.sources", "192.0.2.7/24"},
                                    {"central.media.sources", "x"},
                                    {"central.sip.trusted", "x"},
                                    {"access.sip.codecs", "a b"},
                                    {"central.sip.codecs", ""}}) {
    CAPTURE(name);
    Config config = default_config(Mode::edge);
    const auto complaint = assign(*find_setting(name), Value{std::vector<std::string>{entry}}, config);
    REQUIRE(complaint);
    INFO(complaint->text);
    const std::string quoted = "\"" + std::string(entry) + "\"";
    const auto first = complaint->text.find(quoted);
    CHECK(first != std::string::npos);
    CHECK(complaint->text.find(quoted, first + 1) == std::string::npos);
    CHECK(complaint->text.find(": is ") == std::string::npos);
    CHECK(complaint->hint.find("[]") == std::string::npos);
  }
}

TEST_CASE("ranges and special values") {
  const auto refused = [](std::string_view name, std::string_view toml) {
    Config config = default_config(Mode::edge);
    return assign(*find_setting(name), value_from_toml(toml), config).has_value();
  };
  CHECK(refused("access.tftp.max_blksize", "511"));
  CHECK_FALSE(refused("access.tftp.max_blksize", "512"));
  CHECK_FALSE(refused("access.tftp.max_blksize", "65464"));
  CHECK(refused("access.tftp.max_blksize", "65465"));
  CHECK(refused("access.tftp.block_after_max", "2"));
  CHECK(refused("access.tftp.unproven_rate", "0"));
  CHECK(refused("access.tftp.unproven_rate", "nan"));
  CHECK(refused("central.provisioning.answer_timeout", "\"11s\""));
  CHECK(refused("access.listen", "[]"));
  CHECK(refused("access.listen", "\"0.0.0.0\""));
  CHECK(refused("access.advertise", "\"0.0.0.0\""));
  CHECK(refused("access.advertise", "\"pbx.example.net\""));
  CHECK(refused("central", "\"h:2000\""));
  CHECK(refused("central", "\"http://h/\""));
  CHECK(refused("central.sip.servers", "[\"h:5060\"]"));
  CHECK(refused("central.sip.servers", "[\"ws:h\"]"));
  CHECK(refused("central.sip.servers", "[\"udp:h t1:5060\"]"));
  CHECK(refused("central.sip.servers", "[\"udp:h t1, t2\"]"));
  CHECK(refused("central.sip.servers", "[\"udp:h t1 T1\"]"));
  CHECK(refused("central.sip.servers", "[\"udp:h sip:100@t1\"]"));
  CHECK(refused("central.sip.servers", "[\"udp:h *\"]"));
  CHECK(refused("central.sip.servers", "[\"udp:h *.192.0.2.1\"]"));
  CHECK_FALSE(
      refused("central.sip.servers", "[\"udp:h:5160  T1.example.net *.t2.example.net 192.0.2.1 2001:db8::1\"]"));
  CHECK(refused("admin.listen", "\"localhost:8079\""));
  CHECK_FALSE(refused("admin.listen", "\"127.0.0.1:0\""));
  CHECK(refused("media.ports", "\"20000\""));
  CHECK(refused("media.ports", "\"3000-2000\""));
  CHECK(refused("media.ports", "\"3000-3000\""));
  CHECK(refused("media.ports", "\"1000-2000\""));
  CHECK(refused("media.ports", "\"2000-70000\""));
  CHECK(refused("access.sccp.max_version", "2"));
  CHECK(refused("access.sccp.max_version", "23"));
  CHECK(refused("access.sccp.text", "\"drop\""));
  CHECK_FALSE(refused("access.sccp.text", "\"blank\""));
  CHECK(refused("central.sccp.source_addresses", "[\"0.0.0.0\"]"));
  CHECK(refused("central.sccp.source_addresses", "[\"192.0.2.1\", \"192.0.2.1\"]"));
  CHECK_FALSE(refused("central.sccp.source_addresses", "[]"));
  CHECK(refused("central.sip.trusted", "[\"224.0.0.1\"]"));
  CHECK(refused("central.sip.trusted", "[\"pbx.example.net\"]"));
  CHECK_FALSE(refused("central.sip.trusted", "[\"192.0.2.1\", \"2001:db8::1\"]"));
  CHECK(refused("central.sip.domain", "\"pbx.example.net:5060\""));
  CHECK_FALSE(refused("central.sip.domain", "\"\""));
  CHECK(refused("central.sip.answer_timeout", "\"0s\""));
  CHECK(refused("central.sip.answer_timeout", "\"33s\""));
  CHECK_FALSE(refused("central.sip.ping", "\"0s\""));
  CHECK_FALSE(refused("access.sip.ban", "\"0s\""));
  CHECK(refused("access.sip.ban_after", "0"));
  CHECK(refused("access.sip.keepalive", "\"0s\""));
  CHECK(refused("access.sip.message_rate", "0"));
  CHECK_FALSE(refused("access.sip.codecs", "[\"G722\", \"pcma\", \"-G729\", \"-telephone-event\"]"));
  CHECK_FALSE(refused("central.sip.codecs", "[]"));
  CHECK(refused("access.sip.codecs", "[\"G711\"]"));
  CHECK(refused("central.sip.codecs", "[\"PCMU\", \"--PCMA\"]"));
  CHECK(refused("central.sip.codecs", "[\"-\"]"));
  CHECK(refused("central.sip.codecs", "\"PCMU\""));
  CHECK(refused("access.sip.scanners", "\"sipcli\""));
  CHECK(refused("access.sip.scanners", "[\"ab\"]"));  // would be in many a name
  CHECK_FALSE(refused("access.sip.scanners", "[\"abc\"]"));
  CHECK(refused("access.sip.scanners", "[\"" + std::string(kMaxWord + 1, 'x') + "\"]"));
  CHECK_FALSE(refused("access.sip.scanners", "[\"" + std::string(kMaxWord, 'x') + "\"]"));
  CHECK(refused("access.sip.scanners", "[\"sc\u00e4n\"]"));
  CHECK(refused("access.sip.scanners", "[\"scan\", \"scan\"]"));
  CHECK_FALSE(refused("access.sip.scanners", "[]"));
  for (const std::string setting : {"access.sip.emergency", "access.sccp.emergency"}) {
    CAPTURE(setting);
    CHECK_FALSE(refused(setting, R"(["17", "9911", "*55", "123456789012345"])"));
    CHECK_FALSE(refused(setting, "[]"));
    CHECK(refused(setting, R"([""])"));
    CHECK(refused(setting, R"(["nine"])"));
    CHECK(refused(setting, R"(["+112"])"));
    CHECK(refused(setting, R"(["1234567890123456"])"));
  }
  CHECK(refused("media.dscp", "64"));
  CHECK(refused("media.dscp", "-1"));
  CHECK(refused("media.dscp", "\"46\""));
  CHECK_FALSE(refused("media.dscp", "0"));
  CHECK_FALSE(refused("media.dscp", "\"auto\""));
  CHECK(refused("media.threads", "0"));
  CHECK(refused("rewrite.trust_lists", "\"rewrite\""));
  CHECK(refused("rewrite.nat", "\"Drop\""));
  CHECK(refused("cache.dir", "\"\""));
  CHECK(refused("admin.host_names", "[\"box:80\"]"));
  CHECK_FALSE(refused("admin.host_names", "[\"box.example.net\"]"));
  CHECK_FALSE(refused("admin.socket", "\"\""));
}

TEST_CASE("did you mean") {
  CHECK(nearest_setting("access.tftp.prot") == "access.tftp.port");
  CHECK(nearest_setting("moed") == "mode");
  CHECK(nearest_setting("cache.sizes") == "cache.size");
  CHECK(nearest_setting("tftp.port") == "access.tftp.port");
  CHECK(nearest_setting("access.access.http.port") == "access.http.port");
  CHECK(nearest_setting("central.host") == "central");
  CHECK(nearest_setting("server.origins") == "central.provisioning.origins");
  CHECK(nearest_setting("something.entirely.other") == "");
  CHECK(nearest_table("acess") == "[access]");
  CHECK(nearest_table("provisioning") == "[central.provisioning]");
  CHECK(nearest_setting("") == "");
  CHECK(nearest_setting(std::string(5000, 'a')) == "");
}
