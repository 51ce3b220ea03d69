#pragma once
#include <array>
#include <string>
#include <string_view>

#include "sbc/sip/message.hpp"

namespace dw::sip {

/// Collects the changes to a message and writes the new message in one pass; every other octet stays as it came.
/// The message must outlive it. Changes don't overlap; two insertions at one place stand in the order they
/// were made.
class Edits {
 public:
  static constexpr std::size_t kMax = 96;  ///< changes; more are left out, and ok() says so

  explicit Edits(const Message& message) : message_(message) {}

  /// `what` is a view into the message.
  void replace(std::string_view what, std::string_view with) { add(message_.offset(what), what.size(), with); }
  void insert(std::size_t offset, std::string_view text) { add(offset, 0, text); }
  void insert_before(const Field& field, std::string_view text) { add(field.begin, 0, text); }
  void insert_at_end_of_header(std::string_view lines) { add(message_.header_end(), 0, lines); }
  void remove(const Field& field) { add(field.begin, field.end - field.begin, {}); }
  void remove_all(FieldName name);
  /// Replaces the body. Content-Length is corrected, or added.
  void set_body(std::string body);
  bool ok() const { return ok_; }

  /// Appends the new message.
  void write(std::string& out);

 private:
  struct Edit {
    std::size_t offset, length, text, text_length;  // `text`: offset into arena_
  };
  void add(std::size_t offset, std::size_t length, std::string_view text);
  void settle_content_length();

  const Message& message_;
  std::array<Edit, kMax> edits_;
  std::size_t count_ = 0;
  std::string arena_;
  std::string body_;
  bool new_body_ = false;
  bool ok_ = true;
};

}  // namespace dw::sip
