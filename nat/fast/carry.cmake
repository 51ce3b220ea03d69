# Writes OBJECT into the C++ source CARRIED.
file(READ ${OBJECT} octets HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," octets "${octets}")
file(WRITE ${CARRIED} "#include <span>
namespace dw::nat::fast {
std::span<const unsigned char> object_file();
std::span<const unsigned char> object_file() {
  alignas(8) static constexpr unsigned char kObject[] = {${octets}};
  return kObject;
}
}  // namespace dw::nat::fast
")
