#pragma once
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sbc/base/latest_few.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/base/source.hpp"
#include "sbc/base/time.hpp"
#include "tftp-proxy/core/phone_list.hpp"

namespace dw::provisioning {

/// Who gets a device's own files (device_of_file): access.provisioning.phones. A device is permanently admitted at a
/// source: when it fetches such a file there while the operator allows it, when a server accepts its registration from
/// there, or as a new phone of the list. Asking alone adds nothing. Bounded: the least recently used one is evicted.
/// One for all doors. No I/O.
class Admissions {
 public:
  enum class Phones : std::uint8_t {
    all,     ///< whoever asks
    known,   ///< the device where it was admitted; of the list, one that is admitted nowhere yet
    listed,  ///< the list, from any source, and where the operator admitted it
  };
  enum class By : std::uint8_t { registration, list, window, operated };  ///< the strongest last
  struct Admission {
    std::string device;  ///< device_key
    IpAddress source;    ///< source_of
    By by{};
    std::string user;  ///< of the first SIP line that registered there; empty: none did. Untrusted text
    WallTime admitted{}, used{};
    friend bool operator==(const Admission&, const Admission&) = default;
  };
  /// A time in which a device, or (empty) any, may come from any source.
  struct Window {
    std::string device;
    TimePoint until{};
    std::size_t left = 0;  ///< so many may still be admitted
  };
  /// Somebody who asked for a device's file and did not get it.
  struct Refused {
    std::string device;
    IpAddress source;
    std::uint64_t times = 0;
    WallTime last{};
  };
  struct Change {
    Admission admission;
    bool gone = false;
  };
  static constexpr std::size_t kMaxAdmissions = 65'536;
  static constexpr std::size_t kMaxSources = 8;      ///< of one device
  static constexpr std::size_t kMaxWindows = 1024;   ///< for single devices
  static constexpr std::size_t kMaxByWindow = 1024;  ///< devices that one window for any device admits
  static constexpr std::size_t kMaxUser = 64;        ///< octets kept
  static constexpr std::size_t kKeptRefused = 64;
  static constexpr Duration kMaxFor = std::chrono::hours(24 * 30);
  static constexpr Duration kMaxForAny = std::chrono::hours(24);
  static constexpr Duration kUsedAgain = std::chrono::hours(1);  ///< how exactly `used` is kept on disk

  void set_phones(Phones phones) { phones_ = phones; }
  Phones phones() const { return phones_; }
  void set_list(PhoneList list) { list_ = std::move(list); }
  std::size_t listed() const { return list_.size(); }

  /// Whether this file is not for who is there. Counts nothing.
  bool keeps_out(TimePoint now, const IpAddress& address, std::string_view file) const;
  /// The same when the file is opened: counts, and remembers the refused source.
  bool admits(TimePoint now, WallTime at, const IpAddress& address, std::string_view file);
  /// It took the whole file: by TCP, or acknowledged. True: the device is admitted there from now on, and was not
  /// before.
  bool taken(TimePoint now, WallTime at, const IpAddress& address, std::string_view file);
  /// A server took its registration from there. `user` of SIP; SCCP has none. Who knows a SIP password knows his own
  /// user's: where the device is admitted elsewhere, only a user that registered it there counts. True: as above.
  bool registered(WallTime at, std::string_view device, const IpAddress& address, std::string_view user);

  // The operator. Errors: invalid for a name that is none or a time beyond its bound, exhausted.
  Result<std::string> admit(TimePoint now, std::string_view device, Duration lasts);  ///< gives its device_key
  Result<void> admit_any(TimePoint now, Duration lasts);
  /// Its admissions, and its window. False: there was none.
  bool forget(TimePoint now, std::string_view device);
  void close(TimePoint now);  ///< all windows

  bool admitted(std::string_view device, const IpAddress& address) const;
  std::vector<Window> windows(TimePoint now) const;                       ///< open ones, the one for any device first
  const std::list<Admission>& all() const { return order_; }              ///< the latest used first
  const std::vector<Refused>& refused() const { return refused_.all(); }  ///< the latest first
  void append_metrics(MetricsText& out) const;

  // For whoever keeps it on disk.
  void restore(Admission admission);  ///< the one unused longest first
  std::vector<Change> take_changes(std::size_t most);
  void give_back(std::vector<Change> changes);  ///< they could not be written

 private:
  using Place = std::list<Admission>::iterator;
  using Key = std::pair<std::string, IpAddress>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  std::optional<Place> place_of(const std::string& device, const IpAddress& source) const;
  Window* window_of(TimePoint now, const std::string& device);
  const Window* window_of(TimePoint now, const std::string& device) const;
  void add(Admission admission);
  void erase(Place place);
  void use(Place place, WallTime at);
  void mark(const Admission& admission, bool gone = false);
  void remember_refused(WallTime at, const IpAddress& source, const std::string& device);

  Phones phones_ = Phones::all;
  PhoneList list_;
  std::list<Admission> order_;
  std::unordered_map<std::string, std::vector<Place>> by_device_;
  std::unordered_map<std::string, Window> windows_;
  Window any_;
  LatestFew<Refused, kKeptRefused> refused_;
  std::unordered_map<Key, Change, KeyHash> changed_;
  std::uint64_t refused_total_ = 0, foreign_users_ = 0;
};

std::string_view to_string(Admissions::Phones phones);  ///< "all", "known", "listed"
std::string_view to_string(Admissions::By by);          ///< "registration", "list", "window", "operator"

}  // namespace dw::provisioning
