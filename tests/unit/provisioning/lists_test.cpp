#include "tests/unit/provisioning/cnf_support.hpp"
#include "tftp-proxy/core/file_lists.hpp"

using namespace dw;
using namespace dw::provisioning;

namespace {

std::vector<std::string> names(ListKind kind, std::string_view text) {
  const auto list = parse_file_list(kind, as_bytes(text));
  REQUIRE(list);
  return *list;
}

}  // namespace

TEST_CASE("which names are lists") {
  CHECK(list_kind("Ringlist.xml") == ListKind::ring_xml);
  CHECK(list_kind("ringlist.XML") == ListKind::ring_xml);
  CHECK(list_kind("DistinctiveRingList.xml") == ListKind::ring_xml);
  CHECK(list_kind("RINGLIST.DAT") == ListKind::ring_dat);
  CHECK(list_kind("Desktops/320x212x16/List.xml") == ListKind::image_xml);
  CHECK(list_kind("List.xml") == ListKind::none);
  CHECK(list_kind("dialplan.xml") == ListKind::none);
}

TEST_CASE("a ring list names its files, and nothing outside the tree") {
  CHECK(names(ListKind::ring_xml, fixture("ringlist.xml")) ==
        std::vector<std::string>{"Pulse.raw", "rings/Bell&Whistle.raw"});
  CHECK(names(ListKind::ring_dat, fixture("ringlist.dat")) == std::vector<std::string>{"Pulse.raw", "Bell.raw"});
}

TEST_CASE("an image list names thumbnails and pictures, without the scheme") {
  CHECK(names(ListKind::image_xml, fixture("image_list.xml")) ==
        std::vector<std::string>{"Desktops/320x212x16/TN-Harbour.png", "Desktops/320x212x16/Harbour.png",
                                 "Desktops/320x212x16/TN-Hill.png", "Desktops/320x212x16/Hill.png"});
  CHECK(names(ListKind::image_xml, "<L><I Image='tftp:/a.png' URL='http://x/b.png'/><I/></L>") ==
        std::vector<std::string>{"a.png"});
}

TEST_CASE("lists without entries, and what is no list") {
  CHECK(names(ListKind::ring_xml, "<CiscoIPPhoneRingList/>").empty());
  CHECK(names(ListKind::ring_dat, "").empty());
  CHECK(names(ListKind::none, "anything").empty());
  for (const char* text : {"", "no xml", "<a", "<a><b></a>"})
    CHECK(parse_file_list(ListKind::ring_xml, as_bytes(text)).error().code == Errc::malformed);
}

TEST_CASE("every proper prefix of an XML list is refused") {
  for (const char* file : {"ringlist.xml", "image_list.xml"}) {
    const std::string text = fixture(file);
    for (std::size_t n = 0; n + 1 < text.size(); ++n)
      CHECK_FALSE(parse_file_list(ListKind::ring_xml, as_bytes(std::string_view(text).substr(0, n))));
  }
}

TEST_CASE("bounds of lists") {
  std::string rings = "<L>", dat, images = "<L>";
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    rings += "<Ring><FileName>r" + n + "</FileName></Ring>";
    dat += "name\tr" + n + "\n";
    images += "<I Image='t" + n + "' URL='u" + n + "'/>";
  }
  CHECK(names(ListKind::ring_xml, rings + "</L>").size() == kMaxListFiles);
  CHECK(names(ListKind::ring_dat, dat).size() == kMaxListFiles);
  CHECK(names(ListKind::image_xml, images + "</L>").size() == kMaxListFiles);
  CHECK(parse_file_list(ListKind::ring_dat, as_bytes(std::string(kMaxListOctets + 1, ' '))).error().code ==
        Errc::too_long);
}

TEST_CASE("ring tones: 240 to 16080 octets by 240") {
  for (const std::size_t good : {240U, 480U, 16'080U})
    CHECK(is_ring_tone(Buffer(good)));
  for (const std::size_t bad : {0U, 239U, 241U, 16'081U, 16'320U})
    CHECK_FALSE(is_ring_tone(Buffer(bad)));
}
