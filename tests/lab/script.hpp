#pragma once
// Common to the lab's programs: arguments and the phones' scripts. A syntax error ends the program with 2.
#include <string>
#include <vector>

#include "sbc/base/time.hpp"

namespace dw::lab {

/// The parts of a text between any of the separators, without blanks before them and without the empty ones.
std::vector<std::string> split(const std::string& text, const char* separators);

unsigned number_or_exit(const std::string& text);
/// "2", "2s", "200ms"
Duration duration_or_exit(const std::string& text);
/// The word at that index as a duration, if there is one.
Duration word_time(const std::vector<std::string>& words, std::size_t at, Duration otherwise);

/// The n-th name after the first one: SEP001122334455 + 1 is SEP001122334456.
std::string device_after(const std::string& first, long long n);

/// The steps on stdin, separated by line ends and ";"; lines that start with "#" are ignored.
std::vector<std::string> script_from_stdin();
/// The words of a step for the phone with this index; empty if it is for another one. "dial 1002", "even:
/// hold", "2: hangup"
std::vector<std::string> words_for(unsigned place, const std::string& step);

/// Passes each argument to flag(name), or with the next one to option(name, value), else calls usage().
template <class Flag, class Option, class Usage>
void read_arguments(int argc, char** argv, Flag flag, Option option, Usage usage) {
  for (int i = 1; i < argc; ++i) {
    if (flag(argv[i])) continue;
    if (i + 1 == argc || !option(argv[i], argv[i + 1])) usage();
    ++i;
  }
}

}  // namespace dw::lab
