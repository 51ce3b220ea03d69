#include "sbc/admin/missing_files.hpp"

#include <algorithm>
#include <map>

namespace dw::admin {
namespace {

struct Seen {
  MissingFile missing;
  WallTime last_sent{};
};

void take(std::map<std::string, Seen, std::less<>>& files, const phones::Step& step) {
  using phones::FileOutcome;
  if (!step.is_file() || step.name.empty()) return;
  // Trust lists are withheld on purpose, and phones work without them.
  if (step.kind == phones::FileKind::ctl || step.kind == phones::FileKind::itl) return;
  if (step.outcome == FileOutcome::sent) {
    WallTime& last_sent = files[step.name].last_sent;
    last_sent = std::max(last_sent, step.at);
    return;
  }
  if (step.outcome != FileOutcome::not_found && step.outcome != FileOutcome::unavailable &&
      step.outcome != FileOutcome::forbidden)
    return;
  MissingFile& missing = files[step.name].missing;
  ++missing.times;
  if (step.at < missing.last_asked) return;
  missing.name = step.name;
  missing.last_asked = step.at;
  missing.optional = phones::is_optional(step.kind);
  missing.reason = step.detail;
}

}  // namespace

std::vector<MissingFile> missing_files(const phones::Inventory& inventory) {
  std::map<std::string, Seen, std::less<>> files;
  inventory.for_each([&](const phones::Phone& phone) {
    for (const phones::Step& step : phone.steps)
      take(files, step);
  });
  std::vector<MissingFile> out;
  for (auto& [name, seen] : files) {
    if (seen.missing.times > 0 && seen.last_sent <= seen.missing.last_asked) out.push_back(std::move(seen.missing));
  }
  std::ranges::sort(out, std::ranges::greater(), &MissingFile::last_asked);
  if (out.size() > MissingFile::kMaxListed) out.resize(MissingFile::kMaxListed);
  return out;
}

}  // namespace dw::admin
