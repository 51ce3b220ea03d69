#include "sbc/admin/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <span>
#include <utility>

#include "sbc/base/percent.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/net/random.hpp"

namespace dw::admin {
namespace {

bool take_hex(TextCursor& line, std::span<std::uint8_t> into) {
  line.skip_blanks();
  const std::string_view digits = line.take_token();
  if (digits.size() != into.size() * 2) return false;
  for (std::size_t i = 0; i < into.size(); ++i) {
    const int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    into[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

template <class Number>
bool take_number(TextCursor& line, Number& into, std::uint64_t max) {
  line.skip_blanks();
  const auto number = line.take_number(max);
  into = static_cast<Number>(number.value_or(0));
  return number.has_value();
}

bool take_word(TextCursor& line, std::string_view word) {
  line.skip_blanks();
  return line.take_token() == word;
}

std::optional<PasswordHash> take_password(TextCursor& line) {
  PasswordHash p;
  if (!take_word(line, "scrypt") || !take_number(line, p.cost.n, UINT32_MAX) ||
      !take_number(line, p.cost.r, UINT32_MAX) || !take_number(line, p.cost.p, UINT32_MAX) || !take_hex(line, p.salt) ||
      !take_hex(line, p.hash) || !net::check_cost(p.cost))
    return std::nullopt;
  return p;
}

std::optional<net::Sha256> take_token(TextCursor& line) {
  net::Sha256 hash{};
  if (!take_word(line, "sha256") || !take_hex(line, hash)) return std::nullopt;
  return hash;
}

}  // namespace

std::string_view to_string(Account account) {
  return account == Account::reader ? "reader" : "operator";
}

Result<Credentials> parse_credentials(std::string_view text) {
  if (text.size() > kMaxCredentials) return fail(Errc::too_long, fmt::format("longer than {} bytes", kMaxCredentials));
  Credentials out;
  TextCursor all(text);
  for (unsigned number = 1; !all.at_end(); ++number) {
    TextCursor line(trim(all.take_line()));
    if (line.at_end() || line.peek() == '#') continue;
    const std::string_view what = line.take_token();
    bool good = false;
    const auto take = [&](auto& into, auto reader) {
      if (into) return;  // given twice
      into = reader(line);
      good = into.has_value();
    };
    if (what == "password") take(out.password, take_password);
    if (what == "token") take(out.token, take_token);
    if (what == "reader-password") take(out.reader_password, take_password);
    if (what == "reader-token") take(out.reader_token, take_token);
    if (!good || !line.at_end())
      return fail(Errc::malformed, fmt::format("line {} makes no sense: set the password again with \"dropwire "
                                               "passwd\"",
                                               number));
  }
  return out;
}

std::string to_text(const Credentials& credentials) {
  std::string out = "# Who may use Dropwire's admin side. Made by \"dropwire passwd\".\n";
  for (const auto& [account, prefix] : {std::pair(Account::full, ""), std::pair(Account::reader, "reader-")}) {
    if (const auto& p = credentials.password_of(account)) {
      out += fmt::format("{}password scrypt {} {} {} {} {}\n", prefix, p->cost.n, p->cost.r, p->cost.p,
                         net::to_hex(p->salt), net::to_hex(p->hash));
    }
    if (const auto& t = credentials.token_of(account))
      out += fmt::format("{}token sha256 {}\n", prefix, net::to_hex(*t));
  }
  return out;
}

Result<void> check_password(std::string_view password) {
  if (password.size() < kMinPassword)
    return fail(Errc::invalid, fmt::format("the password needs at least {} characters", kMinPassword));
  if (password.size() > kMaxPassword)
    return fail(Errc::invalid, fmt::format("the password may have at most {} bytes", kMaxPassword));
  if (std::ranges::any_of(password, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return fail(Errc::invalid, "the password has a control character, which no login form can send");
  return {};
}

Result<PasswordHash> hash_password(std::string_view password, const net::ScryptCost& cost) {
  if (auto ok = check_password(password); !ok) return std::unexpected(ok.error());
  PasswordHash out;
  out.cost = cost;
  net::random_octets(out.salt);
  if (const auto ok = net::scrypt(password, out.salt, out.cost, out.hash); !ok) return std::unexpected(ok.error());
  return out;
}

bool is_password(std::string_view password, const PasswordHash& hash) {
  std::array<std::uint8_t, 32> computed{};
  return password.size() <= kMaxPassword && net::scrypt(password, hash.salt, hash.cost, computed) &&
         net::equal_in_constant_time(computed, hash.hash);
}

std::string new_token() {
  std::array<std::uint8_t, 32> octets{};
  net::random_octets(octets);
  return net::to_hex(octets);
}

std::optional<Account> account_of_token(std::string_view token, const Credentials& credentials) {
  constexpr std::size_t kMaxToken = 256;
  if (token.empty() || token.size() > kMaxToken) return std::nullopt;
  const net::Sha256 hash = net::sha256(as_bytes(token));
  for (const Account account : {Account::full, Account::reader}) {
    const auto& kept = credentials.token_of(account);
    if (kept && net::equal_in_constant_time(hash, *kept)) return account;
  }
  return std::nullopt;
}

Result<Credentials> read_credentials(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return Credentials{};
    return fail_errno(errno, "reading the password file " + path);
  }
  std::string text(kMaxCredentials + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return fail_errno(EIO, "reading the password file " + path);
  auto credentials = parse_credentials(text);
  if (!credentials) credentials.error().text = path + ": " + credentials.error().text;
  return credentials;
}

}  // namespace dw::admin
