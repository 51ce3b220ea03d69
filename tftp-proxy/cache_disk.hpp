#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/store/database.hpp"
#include "tftp-proxy/core/cache_index.hpp"

namespace dw::provisioning {

/// The objects of a cache: files under DIRECTORY/objects named by the SHA-256 of their contents. Follows no
/// symbolic link there. Locked (flock) against a second process. Reads may come from any thread.
class CacheObjects {
 public:
  static Result<std::shared_ptr<CacheObjects>> open(const std::string& directory);
  ~CacheObjects();
  CacheObjects(const CacheObjects&) = delete;
  CacheObjects& operator=(const CacheObjects&) = delete;

  /// When it returns, the whole file is durable: temporary file, fsync, rename, fsync of the folder.
  Result<void> write(const std::string& sha256, Bytes octets);
  /// not_found: gone, or no regular file; malformed: its size or its SHA-256 differs; system: try again.
  Result<Buffer> read(const std::string& sha256, std::uint64_t size) const;
  void remove(const std::string& sha256);
  /// Whether a regular file of this size is there. Its octets are verified when it is read.
  bool has(const std::string& sha256, std::uint64_t size) const;
  /// Names of all objects. Also removes temporary files that a killed process left.
  std::vector<std::string> list_and_tidy();
  void unlock();  ///< another cache may use the folder; running reads continue

 private:
  explicit CacheObjects(int folder) : folder_(folder) {}
  Result<void> write_temporary(const std::string& name, Bytes octets);
  int folder_;
  std::uint64_t temporaries_ = 0;
};

/// Objects and their index in SQLite (DIRECTORY/index.db), kept consistent. To be used by one thread at a time.
/// The order of writing makes every crash harmless: objects are complete before a row names them, and go after the row.
class CacheDisk {
 public:
  using Entry = CacheIndex::Entry;
  struct Opened {
    std::shared_ptr<CacheDisk> disk;
    std::vector<Entry> entries;  ///< least recently used first; each has its object
    std::size_t rows_dropped = 0, objects_dropped = 0;
  };
  /// Opens, and reconciles: rows without an object and objects without a row are dropped.
  static Result<Opened> open(const std::string& directory);

  ~CacheDisk() { objects_->unlock(); }
  CacheDisk(const CacheDisk&) = delete;
  CacheDisk& operator=(const CacheDisk&) = delete;

  /// Writes the object, then the row; sets the entry's sha256. `replaced` is set to the object
  /// that the row named before: it stays, for those who read it, until remove_if_unused.
  Result<void> store(Entry& entry, Bytes octets, std::string& replaced);
  /// With `sha256`: only if the row still names that object.
  Result<void> remove(const std::string& name, const std::string& sha256 = {});
  /// Removes the object unless a row names it.
  Result<void> remove_if_unused(const std::string& sha256);
  /// Brings `fetched` and `last_used` of these up to date, where the row still names the same object.
  Result<void> touch(const std::vector<Entry>& entries);

  const std::shared_ptr<CacheObjects>& objects() const { return objects_; }

 private:
  CacheDisk(std::shared_ptr<CacheObjects> objects, store::Database database)
      : objects_(std::move(objects)), database_(std::move(database)) {}
  Result<void> reconcile(Opened& out);
  Result<std::vector<Entry>> rows();
  Result<std::string> object_of(const std::string& name);

  std::shared_ptr<CacheObjects> objects_;
  store::Database database_;
};

}  // namespace dw::provisioning
