#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sbc/phones/call_tally.hpp"
#include "sbc/phones/phone.hpp"

namespace dw::phones {

/// All phones that asked for files or registered, and what each did. A file whose name has no MAC belongs to
/// the phone that was seen at that address within kRecent, when it was the only one there; else to a record
/// of the address. Bounded: the phone not seen for longest goes, those that never took a file nor registered
/// first, so that a stranger who asks random names pushes out other strangers. Of a phone's steps the oldest
/// go: once registrations and calls are more than half of them, the oldest of these. No I/O, no clock; one
/// thread. It is one class, for all its methods: which record a step belongs to, by name, address or line, decides
/// which records there are, and in which order they go.
class Inventory {
 public:
  struct Options {
    std::size_t max_phones = 4096;
    std::size_t max_steps = 64;  ///< of each phone
    friend bool operator==(const Options&, const Options&) = default;
  };
  static constexpr std::chrono::minutes kRecent{60};
  static constexpr std::size_t kMaxFollowUps = 8;  ///< kept of ConfigHints
  static constexpr std::size_t kMaxHomes = 42;     ///< kept of ConfigHints
  static constexpr std::size_t kMaxLines = 42;     ///< kept of SignallingStep::lines: the most a phone can show
  /// SIP lines of phones without a name at one address, as behind an edge box.
  static constexpr std::size_t kMaxLinesAtAddress = 512;

  explicit Inventory(const Options& options);
  Inventory() : Inventory(Options{}) {}
  /// Other bounds: what is above them goes now.
  void configure(const Options& options);

  void on_file(const FileStep& step);
  /// To `device`, or when that is empty to whoever is at `address`; to nobody when both are empty.
  void on_note(const DeviceName& device, const IpAddress& address, WallTime at, Note note, std::string_view detail);
  /// Configs that exist while `device`'s own was not found, their MAC one typo away. A note, when just one of
  /// them belongs to no phone that is known here: those that do are other phones.
  void on_near_configs(const DeviceName& device, const IpAddress& address, WallTime at,
                       const std::vector<std::string>& files);
  void on_config(const DeviceName& device, const IpAddress& address, WallTime at, const ConfigHints& hints);

  /// `connected` and `lines` are no steps of the story. What ends a registration counts only when it is about
  /// the very connection that the phone is registered on; of SIP, about the line and from its address
  /// (`unregistered` from any), and a refusal by 408, 423 or 5xx ends none. A name that is
  /// none is ignored; without one a SIP step belongs to whoever has the line at its address, else goes by the
  /// rule for files, unless what the phone there is known to be contradicts.
  void on_signalling(const SignallingStep& step);
  /// A call that ended. One that dialled nothing and had no media is left out.
  void on_call(const Call& call);

  /// By "SEP001122334455" or the MAC in any spelling, or by the address of a record without a device.
  const Phone* find(std::string_view key) const;
  /// Deletes its record with its story; a new one begins when it asks or registers again. False: there is none.
  bool forget(std::string_view key);
  /// Whom a person means by an address that has no record of its own: the only device there now.
  const Phone* find_at(const IpAddress& address) const;
  /// Where the line `user` of a phone, or all of it, is registered by its config, if that is for this protocol; without
  /// a device, of the phones at that address, if there is no other answer. nullptr: not known.
  const LineHome* home_of(std::string_view device, std::string_view user, const IpAddress& at, Protocol protocol) const;
  /// Most recently seen first, within each of: phones that took a file, others.
  void for_each(const std::function<void(const Phone&)>& visit) const;
  /// Those behind this key in the order of keys, until `visit` says false: for who looks at some at a time.
  void for_each_after(std::string_view key,
                      const std::function<bool(const std::string& key, const Phone&)>& visit) const;
  std::size_t size() const { return index_.size(); }
  /// Counts up with each change. A phone whose Phone::revision is above one seen earlier has changed since.
  std::uint64_t revision() const { return revision_; }
  /// Whether a phone that took a file or registered has firmware of this protocol.
  bool knows(Protocol protocol) const;

  const CallTally& ended_calls() const { return ended_calls_; }
  void set_behind_router(bool behind) { ended_calls_.set_behind_router(behind); }

  /// The wall clock was set back, or was wrong when what is kept was written: steps and phones that are later
  /// than `now` move back together, the latest to `now`. Else what comes next would stand before them.
  void clock_went_back(WallTime now);

  /// For the one who judges them.
  struct Unjudged {
    std::vector<const Phone*> changed;  ///< that came or changed since the last call, in the order in which they came
    std::vector<std::uint64_t> gone;    ///< numbers of those that an earlier call had, and that went since
  };
  Unjudged take_unjudged();

  // For whoever keeps it on disk.
  void restore(Phone phone);                            ///< as it was saved, not registered; oldest first
  std::vector<std::string> take_unsaved();              ///< keys that changed since the last call
  std::uint64_t removals() const { return removals_; }  ///< how many keys have gone so far

 private:
  using Phones = std::list<Phone>;
  /// What distinguishes one nameless SIP phone from another.
  struct SipTrace {
    std::string aor;
    std::string_view user_agent;
    bool registers = false;
  };
  Phone& phone_for(const DeviceName& device, const IpAddress& address, WallTime at);
  Phone& touch(const DeviceName& device, const IpAddress& address, WallTime at);
  void on_sip(const SignallingStep& reported);
  DeviceName owner_at(const IpAddress& address, const SipTrace& trace, WallTime at) const;
  /// `other`: one line says that somebody tried; more of them would push out what the phone did.
  void keep_signalling(Phone& phone, const SignallingStep& reported, bool other);
  bool keep_kept_out(const DeviceName& device, const Step& step);
  const Phone* only_device_at(const IpAddress& address, WallTime at) const;
  void adopt_address_record(Phone& phone, WallTime at);
  void move_to(Phone& phone, const IpAddress& address);
  void keep(Phone& phone, Step step);
  void mark(Phone& phone);
  void number(Phone& phone);
  void prove(Phone& phone);
  void erase(Phones::iterator phone);
  void make_room();

  Options options_;
  Phones proven_, unproven_;  // most recently seen first
  std::map<std::string, Phones::iterator, std::less<>> index_;
  std::unordered_map<IpAddress, std::vector<std::string>> at_address_;  // keys of devices by current address
  std::unordered_set<std::string> unsaved_;
  std::uint64_t removals_ = 0, revision_ = 0;
  CallTally ended_calls_;
  std::map<std::uint64_t, const Phone*> unjudged_;  // by number
  std::vector<std::uint64_t> gone_unjudged_;        // no more than take_unjudged() had phones to give
  std::uint64_t last_number_ = 0, last_number_taken_ = 0;
};

}  // namespace dw::phones
