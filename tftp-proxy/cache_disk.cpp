#include "tftp-proxy/cache_disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_set>
#include <utility>

#include "sbc/base/text_cursor.hpp"
#include "sbc/net/digest.hpp"
#include "tftp-proxy/core/file_name.hpp"

namespace dw::provisioning {
namespace {

constexpr std::array<std::string_view, 1> kMigrations = {
    "CREATE TABLE file("
    " name TEXT PRIMARY KEY, size INTEGER NOT NULL, sha256 TEXT NOT NULL, etag TEXT NOT NULL,"
    " last_modified TEXT NOT NULL, origin TEXT NOT NULL, fetched INTEGER NOT NULL, last_used INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX file_object ON file(sha256)"};
constexpr std::string_view kTemporary = "tmp-";
constexpr std::size_t kHexDigits = 64;
constexpr std::uint64_t kMaxObject = 1ULL << 32;

bool is_object_name(std::string_view name) {
  return name.size() == kHexDigits &&
         std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Closes on every way out.
struct Descriptor {
  int number;
  explicit Descriptor(int n) : number(n) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

Result<void> write_all(int descriptor, Bytes octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(descriptor, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "writing a cached file");
    octets = octets.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

/// Short when the file is.
Result<Buffer> read_all(int descriptor, std::uint64_t size) {
  Buffer out(size);
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t got = ::read(descriptor, out.data() + have, out.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "reading a cached file");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) == 0 || errno == EEXIST) return {};
  return fail_errno(errno, fmt::format("making {}", path));
}

std::int64_t to_ms(WallTime at) {
  return at.time_since_epoch().count();
}
WallTime from_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

}  // namespace

Result<std::shared_ptr<CacheObjects>> CacheObjects::open(const std::string& directory) {
  const std::string folder = directory + "/objects";
  if (auto made = make_folder(directory); !made) return std::unexpected(made.error());
  if (auto made = make_folder(folder); !made) return std::unexpected(made.error());
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return fail_errno(errno, fmt::format("opening {}", folder));
  std::shared_ptr<CacheObjects> out(new CacheObjects(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::unavailable, fmt::format("{} is in use by another process", directory));
  return out;
}

CacheObjects::~CacheObjects() {
  ::close(folder_);
}

Result<void> CacheObjects::write_temporary(const std::string& name, Bytes octets) {
  const Descriptor file(::openat(folder_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (file.number < 0) return fail_errno(errno, "making a file in the cache");
  if (auto written = write_all(file.number, octets); !written) return written;
  if (::fsync(file.number) != 0) return fail_errno(errno, "writing a cached file to disk");
  return {};
}

Result<void> CacheObjects::write(const std::string& sha256, Bytes octets) {
  const std::string temporary = fmt::format("{}{}-{}", kTemporary, ::getpid(), ++temporaries_);
  auto done = write_temporary(temporary, octets);
  if (done && ::renameat(folder_, temporary.c_str(), folder_, sha256.c_str()) != 0)
    done = fail_errno(errno, "naming a cached file");
  if (!done) {
    ::unlinkat(folder_, temporary.c_str(), 0);
    return done;
  }
  if (::fsync(folder_) != 0) return fail_errno(errno, "writing the cache's folder to disk");
  return {};
}

Result<Buffer> CacheObjects::read(const std::string& sha256, std::uint64_t size) const {
  // O_NONBLOCK: a FIFO that somebody put there must not hold the thread.
  const Descriptor file(::openat(folder_, sha256.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.number < 0) {
    if (errno == ENOENT || errno == ELOOP) return fail(Errc::not_found, "the cached file is gone");
    return fail_errno(errno, "opening a cached file");
  }
  struct stat about {};
  if (::fstat(file.number, &about) != 0) return fail_errno(errno, "looking at a cached file");
  if (!S_ISREG(about.st_mode)) return fail(Errc::not_found, "the cached file is no regular file");
  if (static_cast<std::uint64_t>(about.st_size) != size || size > kMaxObject)
    return fail(Errc::malformed, fmt::format("the cached file has {} octets instead of {}", about.st_size, size));
  Result<Buffer> octets = read_all(file.number, size);
  if (octets && net::to_hex(net::sha256(*octets)) != sha256)
    return fail(Errc::malformed, "the cached file's SHA-256 is another");
  return octets;
}

void CacheObjects::remove(const std::string& sha256) {
  ::unlinkat(folder_, sha256.c_str(), 0);
}

bool CacheObjects::has(const std::string& sha256, std::uint64_t size) const {
  struct stat about {};
  return ::fstatat(folder_, sha256.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode) &&
         static_cast<std::uint64_t>(about.st_size) == size;
}

void CacheObjects::unlock() {
  ::flock(folder_, LOCK_UN);
}

std::vector<std::string> CacheObjects::list_and_tidy() {
  std::vector<std::string> out;
  const int copy = ::openat(folder_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return out;
  DIR* const listing = ::fdopendir(copy);
  if (listing == nullptr) {
    ::close(copy);
    return out;
  }
  while (const dirent* const item = ::readdir(listing)) {
    const std::string_view name(item->d_name);
    if (is_object_name(name)) out.emplace_back(name);
    if (name.starts_with(kTemporary)) ::unlinkat(folder_, item->d_name, 0);
  }
  ::closedir(listing);
  return out;
}

Result<CacheDisk::Opened> CacheDisk::open(const std::string& directory) {
  Result<std::shared_ptr<CacheObjects>> objects = CacheObjects::open(directory);
  if (!objects) return std::unexpected(objects.error());
  Result<store::Database> database = store::Database::open(
      directory + "/index.db", kMigrations, store::Database::Newer::start_over);  // all of it can be fetched again
  if (!database) return std::unexpected(database.error());
  Opened out;
  out.disk.reset(new CacheDisk(std::move(*objects), std::move(*database)));
  if (auto done = out.disk->reconcile(out); !done) return std::unexpected(done.error());
  return out;
}

Result<std::vector<CacheDisk::Entry>> CacheDisk::rows() {
  auto select = database_.prepare(
      "SELECT name, size, sha256, etag, last_modified, origin, fetched, last_used FROM file ORDER BY "
      "last_used");
  if (!select) return std::unexpected(select.error());
  std::vector<Entry> out;
  for (;;) {
    const Result<bool> row = select->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return out;
    Entry& e = out.emplace_back();
    e.name = select->text(0);
    e.size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, select->integer(1)));
    e.sha256 = select->text(2);
    e.etag = select->text(3);
    e.last_modified = select->text(4);
    e.origin = select->text(5);
    e.fetched = from_ms(select->integer(6));
    e.last_used = from_ms(select->integer(7));
  }
}

Result<void> CacheDisk::reconcile(Opened& out) {
  Result<std::vector<Entry>> all = rows();
  if (!all) return std::unexpected(all.error());
  auto transaction = store::Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  auto drop = database_.prepare("DELETE FROM file WHERE name = ?");
  if (!drop) return std::unexpected(drop.error());
  std::unordered_set<std::string> named;
  for (Entry& e : *all) {
    if (!e.name.empty() && e.name.size() <= kMaxFileName && is_object_name(e.sha256) &&
        objects_->has(e.sha256, e.size)) {
      named.insert(e.sha256);
      out.entries.push_back(std::move(e));
      continue;
    }
    if (auto dropped = drop->bind(1, std::string_view(e.name)).run(); !dropped) return dropped;
    ++out.rows_dropped;
  }
  if (auto committed = transaction->commit(); !committed) return committed;
  for (const std::string& object : objects_->list_and_tidy()) {
    if (named.contains(object)) continue;
    objects_->remove(object);
    ++out.objects_dropped;
  }
  return {};
}

Result<std::string> CacheDisk::object_of(const std::string& name) {
  auto select = database_.prepare("SELECT sha256 FROM file WHERE name = ?");
  if (!select) return std::unexpected(select.error());
  const Result<bool> row = select->bind(1, std::string_view(name)).step();
  if (!row) return std::unexpected(row.error());
  return *row ? std::string(select->text(0)) : std::string();
}

Result<void> CacheDisk::remove_if_unused(const std::string& sha256) {
  auto select = database_.prepare("SELECT 1 FROM file WHERE sha256 = ? LIMIT 1");
  if (!select) return std::unexpected(select.error());
  const Result<bool> used = select->bind(1, std::string_view(sha256)).step();
  if (!used) return std::unexpected(used.error());
  if (!*used) objects_->remove(sha256);
  return {};
}

Result<void> CacheDisk::store(Entry& entry, Bytes octets, std::string& replaced) {
  entry.sha256 = net::to_hex(net::sha256(octets));
  Result<std::string> before = object_of(entry.name);
  if (!before) return std::unexpected(before.error());
  if (auto written = objects_->write(entry.sha256, octets); !written) return written;
  auto upsert = database_.prepare(
      "INSERT OR REPLACE INTO file(name, size, sha256, etag, last_modified, origin, fetched, last_used)"
      " VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  if (!upsert) return std::unexpected(upsert.error());
  upsert->bind(1, std::string_view(entry.name)).bind(2, static_cast<std::int64_t>(entry.size));
  upsert->bind(3, std::string_view(entry.sha256)).bind(4, std::string_view(entry.etag));
  upsert->bind(5, std::string_view(entry.last_modified)).bind(6, std::string_view(entry.origin));
  if (auto put = upsert->bind(7, to_ms(entry.fetched)).bind(8, to_ms(entry.last_used)).run(); !put) {
    (void)remove_if_unused(entry.sha256);
    return put;
  }
  if (*before != entry.sha256) replaced = std::move(*before);
  return {};
}

Result<void> CacheDisk::remove(const std::string& name, const std::string& sha256) {
  const Result<std::string> object = object_of(name);
  if (!object) return std::unexpected(object.error());
  if (object->empty() || (!sha256.empty() && *object != sha256)) return {};
  auto drop = database_.prepare("DELETE FROM file WHERE name = ?");
  if (!drop) return std::unexpected(drop.error());
  if (auto dropped = drop->bind(1, std::string_view(name)).run(); !dropped) return dropped;
  return remove_if_unused(*object);
}

Result<void> CacheDisk::touch(const std::vector<Entry>& entries) {
  auto transaction = store::Transaction::begin(database_);
  if (!transaction) return std::unexpected(transaction.error());
  auto update = database_.prepare("UPDATE file SET fetched = ?, last_used = ? WHERE name = ? AND sha256 = ?");
  if (!update) return std::unexpected(update.error());
  for (const Entry& e : entries) {
    update->bind(1, to_ms(e.fetched)).bind(2, to_ms(e.last_used));
    if (auto done = update->bind(3, std::string_view(e.name)).bind(4, std::string_view(e.sha256)).run(); !done)
      return done;
  }
  return transaction->commit();
}

}  // namespace dw::provisioning
