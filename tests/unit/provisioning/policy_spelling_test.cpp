#include <doctest/doctest.h>

#include "tftp-proxy/core/content_memory.hpp"
#include "tftp-proxy/core/spelling.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

using Names = std::vector<std::string>;
Names spellings(std::string_view name, const Names& hints = {}) {
  return other_spellings(name, hints);
}

}  // namespace

TEST_CASE("configs whose MAC is one typo away") {
  const std::string_view asked = "SEP001122334455.cnf.xml";
  for (const std::string_view near :
       {"SEP001122334454.cnf.xml", "SEP101122334455.cnf.xml", "SEP001122334O55.cnf.xml", "sep001122334545.CNF.XML",
        "SEP00112233455.cnf.xml", "SEP0011223344555.cnf.xml", "SEP01122334455.cnf.xml", "SEP0011223344556.cnf.xml",
        "SEPA001122334455.cnf.xml", "SEP010122334455.cnf.xml"}) {
    CAPTURE(near);
    CHECK(is_one_typo_away(asked, near));
  }
  for (const std::string_view far :
       {"SEP001122334455.cnf.xml", "sep001122334455.cnf.xml", "SEP001122334466.cnf.xml", "SEP0011223344.cnf.xml",
        "SEP110022334455.cnf.xml", "SEP001122334455.cnf.xml.sgn", "SIP001122334454.cnf.xml", "SEP001122334454.cnf",
        "XMLDefault.cnf.xml", "", "SEP.cnf.xml", "SEP001122334455.cnf.xm"}) {
    CAPTURE(far);
    CHECK_FALSE(is_one_typo_away(asked, far));
  }
  CHECK(is_one_typo_away("SIP001122334455.cnf", "SIP001122334454.cnf"));
  CHECK_FALSE(is_one_typo_away("SIP001122334455.cnf", "SIPDefault.cnf"));
  CHECK_FALSE(is_one_typo_away("CTLSEP001122334455.tlv", "CTLSEP001122334454.tlv"));
  CHECK_FALSE(is_one_typo_away("SEP00112233445.cnf.xml", "SEP001122334455.cnf.xml"));  // no phone asks so
  CHECK_FALSE(is_one_typo_away("SEPxx1122334455.cnf.xml", "SEPx01122334455.cnf.xml"));
}

TEST_CASE("other spellings of well-known files") {
  CHECK(spellings("RINGLIST.XML") == Names{"Ringlist.xml", "RingList.xml", "ringlist.xml"});
  CHECK(spellings("Ringlist.xml") == Names{"RingList.xml", "ringlist.xml"});
  CHECK(spellings("ringlist.dat") == Names{"RINGLIST.DAT"});
  CHECK(spellings("xmldefault.CNF.XML") == Names{"XMLDefault.cnf.xml", "xmldefault.cnf.xml"});
  CHECK(spellings("desktops/320x212x16/list.xml") ==
        Names{"Desktops/320x212x16/List.xml", "Desktops/320x212x16/list.xml"});
  CHECK(spellings("Custom.XML") == Names{"custom.xml"});
  CHECK(spellings("custom.xml").empty());
}

TEST_CASE("other spellings of a device's files") {
  CHECK(spellings("sep0011aabbccdd.CNF.XML") == Names{"SEP0011AABBCCDD.cnf.xml", "SEP0011aabbccdd.cnf.xml"});
  CHECK(spellings("SEP0011AABBCCDD.cnf.xml") == Names{"SEP0011aabbccdd.cnf.xml"});
  CHECK(spellings("SEP001122334455.cnf.xml").empty());
  CHECK(spellings("GK0011AABBCCDD") == Names{"gk0011aabbccdd", "gk0011AABBCCDD"});
  CHECK(spellings("SEP12.cnf.xml") == Names{"sep12.cnf.xml"});
}

TEST_CASE("trust lists, missing as a rule, cost one request when they are asked as always") {
  CHECK(spellings("CTLSEP0011AABBCCDD.tlv").empty());
  CHECK(spellings("ITLFile.tlv").empty());
  CHECK(spellings("itlfile.tlv") == Names{"ITLFile.tlv"});
}

TEST_CASE("firmware in the other case of its ending") {
  CHECK(spellings("apps45.9-4-2SR4-3.sbn") == Names{"apps45.9-4-2SR4-3.SBN"});
  CHECK(spellings("CP7921G-1.4.6.3.LOADS") == Names{"CP7921G-1.4.6.3.loads"});
  CHECK(spellings("TNUX-1.Sbn") == Names{"TNUX-1.sbn"});
}

TEST_CASE("known spellings come first, foreign ones and the name itself not at all, never more than three") {
  CHECK(spellings("RINGLIST.XML", {"other.xml", "RINGLIST.XML", "rIngList.xml"}) ==
        Names{"rIngList.xml", "Ringlist.xml", "RingList.xml"});
  CHECK(spellings("A.xml", {"a.XML", "a.Xml", "a.xMl", "a.xmL"}).size() == kMaxSpellings);
}

TEST_CASE("the memory of spellings is found in any case and bounded") {
  SpellingMemory memory;
  memory.remember("Ringlist.xml");
  CHECK(memory.find("RINGLIST.XML") == "Ringlist.xml");
  memory.remember("RINGLIST.xml");
  CHECK(memory.find("ringlist.xml") == "RINGLIST.xml");
  CHECK(memory.size() == 1);
  for (std::size_t i = 0; i < SpellingMemory::kMaxRemembered - 1; ++i)
    memory.remember("file" + std::to_string(i));
  CHECK(memory.find("ringlist.xml"));  // used: now the youngest
  memory.remember("one-more");
  CHECK(memory.size() == SpellingMemory::kMaxRemembered);
  CHECK(memory.find("ringlist.xml"));
  CHECK_FALSE(memory.find("file0"));
  memory.forget("RingList.XML");
  CHECK_FALSE(memory.find("ringlist.xml"));
}

TEST_CASE("files in memory: the most recently used stay, those in use are found") {
  ContentMemory memory(400);
  const auto file = [](std::size_t octets) { return Content::of(Buffer(octets, 7), {}); };
  for (int i = 0; i < 4; ++i)
    memory.put(TimePoint{}, "f" + std::to_string(i), file(100));
  CHECK(memory.octets() == 400);
  CHECK(memory.find("f0"));
  memory.put(TimePoint{}, "f4", file(100));
  CHECK(memory.find("f0"));
  CHECK_FALSE(memory.find("f1"));
  CHECK(memory.octets() == 400);
  const ContentPtr large = file(101);  // more than a quarter: not kept
  memory.put(TimePoint{}, "large", large);
  CHECK(memory.octets() == 400);
  CHECK(memory.find("large") == large);
  memory.put(TimePoint{}, "dropped", file(101));
  CHECK_FALSE(memory.find("dropped"));
  memory.put(TimePoint{}, "f0", file(10));
  CHECK(memory.octets() == 310);
  memory.remove("f0");
  CHECK_FALSE(memory.find("f0"));
  memory.limit(100);
  CHECK(memory.octets() == 100);
  memory.limit(0);
  CHECK(memory.octets() == 0);
}
