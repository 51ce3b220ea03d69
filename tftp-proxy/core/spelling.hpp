#pragma once
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dw::provisioning {

inline constexpr std::size_t kMaxSpellings = 3;  ///< requests beside the exact one

/// Other ways in which a remote origin may spell `name`, likeliest first, at most kMaxSpellings, never `name`
/// itself. `hints` are spellings known to exist (from the cache, from a list): those that are the same name
/// in another case come first. Then what the files of these phones are called everywhere (Ringlist.xml,
/// XMLDefault.cnf.xml, the MAC in capitals: cisco-provisioning §1.6, §2.1), the other case of a firmware
/// ending (.SBN), and lower case. Trust lists in their usual spelling have none: they are missing as a rule.
std::vector<std::string> other_spellings(std::string_view name, const std::vector<std::string>& hints);

/// Whether `other` is the name of a device's config like `asked`, with one digit of the MAC wrong, left out,
/// there twice, or two of them swapped; case does not matter. False for the same name, and where `asked` is
/// none: SEP<MAC>.cnf.xml or SIP<MAC>.cnf.
bool is_one_typo_away(std::string_view asked, std::string_view other);

/// ASCII lower case.
std::string folded(std::string_view name);

/// Spellings that an origin is known to use, found without regard to case. Holds kMaxRemembered, the least
/// recently used goes first.
class SpellingMemory {
 public:
  static constexpr std::size_t kMaxRemembered = 4096;

  void remember(std::string_view real);
  void forget(std::string_view name);
  std::optional<std::string> find(std::string_view name);
  std::size_t size() const { return order_.size(); }

 private:
  struct Entry {
    std::string fold;
    std::string real;
  };
  std::list<Entry> order_;  // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_fold_;
};

}  // namespace dw::provisioning
