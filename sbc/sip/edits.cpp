#include "sbc/sip/edits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace dw::sip {

void Edits::add(std::size_t offset, std::size_t length, std::string_view text) {
  if (count_ == kMax) {
    ok_ = false;
    return;
  }
  edits_[count_++] = {offset, length, arena_.size(), text.size()};
  arena_ += text;
}

void Edits::remove_all(FieldName name) {
  for (const Field& field : message_.fields()) {
    if (field.name == name) remove(field);
  }
}

void Edits::set_body(std::string body) {
  body_ = std::move(body);
  new_body_ = true;
}

void Edits::settle_content_length() {
  const std::size_t size = new_body_ ? body_.size() : message_.body().size();
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size).ptr;
  const std::string_view number(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const Field* const field = message_.find(FieldName::content_length);
  if (!field) {
    insert_at_end_of_header("Content-Length: ");
    return insert_at_end_of_header(std::string(number) + "\r\n");
  }
  if (message_.content_length() == size) return;
  for (const Field& each : message_.fields()) {  // it may be there twice
    if (each.name == FieldName::content_length) replace(message_.value(each), number);
  }
}

void Edits::write(std::string& out) {
  settle_content_length();
  // Insertions before what is replaced at their place, and as they were made: `text` only grows.
  std::ranges::sort(edits_.begin(), edits_.begin() + static_cast<std::ptrdiff_t>(count_), {},
                    [](const Edit& e) { return std::tuple(e.offset, e.length != 0, e.text); });
  const std::string_view text = message_.text();
  const std::size_t header = message_.header_end() + 2;  // the empty line too
  out.reserve(out.size() + header + arena_.size() + (new_body_ ? body_.size() : message_.body().size()));
  std::size_t at = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const Edit& edit = edits_[i];
    if (edit.offset < at || edit.offset + edit.length > header) {  // within what went already
      ok_ = false;
      continue;
    }
    out += text.substr(at, edit.offset - at);
    out += std::string_view(arena_).substr(edit.text, edit.text_length);
    at = edit.offset + edit.length;
  }
  out += text.substr(at, header - at);
  out += new_body_ ? std::string_view(body_) : message_.body();
}

}  // namespace dw::sip
