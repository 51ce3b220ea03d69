#include "tests/lab/script.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace dw::lab {

namespace {

[[noreturn]] void leave(const char* what, const std::string& text) {
  fmt::print(stderr, "not {}: {}\n", what, text);
  std::exit(2);
}

}  // namespace

std::vector<std::string> split(const std::string& text, const char* separators) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    const std::size_t first = text.find_first_not_of(' ', begin);
    if (first < end) out.push_back(text.substr(first, end - first));
    begin = end + 1;
  }
  return out;
}

unsigned number_or_exit(const std::string& text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) leave("a number", text);
  return value;
}

Duration duration_or_exit(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const std::string unit(end);
  if (end == text.c_str() || value < 0 || (!unit.empty() && unit != "s" && unit != "ms")) leave("a time", text);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(unit == "ms" ? value / 1000 : value));
}

Duration word_time(const std::vector<std::string>& words, std::size_t at, Duration otherwise) {
  return at < words.size() ? duration_or_exit(words[at]) : otherwise;
}

std::string device_after(const std::string& first, long long n) {
  if (n == 0) return first;
  const std::string digits = first.substr(std::min<std::size_t>(3, first.size()));
  return fmt::format("{}{:012X}", first.substr(0, 3), std::strtoll(digits.c_str(), nullptr, 16) + n);
}

std::vector<std::string> script_from_stdin() {
  std::vector<std::string> out;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with('#')) continue;
    const auto steps = split(line, ";");
    out.insert(out.end(), steps.begin(), steps.end());
  }
  return out;
}

std::vector<std::string> words_for(unsigned place, const std::string& step) {
  std::vector<std::string> words = split(step, " ");
  if (words.empty() || !words[0].ends_with(':')) return words;
  const std::string whom = words[0].substr(0, words[0].size() - 1);
  const bool meant = whom == (place % 2 == 0 ? "even" : "odd") || whom == std::to_string(place);
  if (!meant) return {};
  words.erase(words.begin());
  return words;
}

}  // namespace dw::lab
