// Drives the fuzz targets without libFuzzer: fuzz_smoke TARGET CORPUS gives a target every corpus file, every proper
// prefix of it, and a fixed number of mutations from a fixed seed. Deterministic, so that a failure repeats;
// DW_FUZZ_RUNS sets the number.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>
#include <vector>

extern "C" {
#define DW_FUZZ_TARGET(name) int name(const std::uint8_t* data, std::size_t size);
#include "targets.inc"
#undef DW_FUZZ_TARGET
}

namespace {

using Input = std::vector<std::uint8_t>;
constexpr std::size_t kMaxInput = 8192;

using Target = int (*)(const std::uint8_t* data, std::size_t size);

Target target_named(std::string_view wanted) {
#define DW_FUZZ_TARGET(name) \
  if (wanted == #name) return &name;
#include "targets.inc"
#undef DW_FUZZ_TARGET
  return nullptr;
}

void run(Target target, const Input& input) {
  const Input exact(input.begin(), input.end());  // its own allocation, so that a read past the end is seen
  target(exact.data(), exact.size());
}

Input mutated(const std::vector<Input>& corpus, std::mt19937& random) {
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  Input out = corpus[pick(corpus.size())];
  for (std::size_t turns = 1 + pick(6); turns > 0; --turns) {
    const std::size_t at = out.empty() ? 0 : pick(out.size());
    switch (pick(7)) {
      case 0:
        if (!out.empty()) out[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        if (!out.empty()) out[at] ^= static_cast<std::uint8_t>(1U << pick(8));
        break;
      case 2:
        out.insert(out.begin() + static_cast<long>(at), static_cast<std::uint8_t>(random()));
        break;
      case 3:
        if (!out.empty()) out.erase(out.begin() + static_cast<long>(at));
        break;
      case 4:
        out.resize(at);
        break;
      case 5:
        if (!out.empty()) out[at] = std::array<std::uint8_t, 6>{0, 0xff, 0x7f, 0x80, '<', '\n'}[pick(6)];
        break;
      default: {
        const Input& other = corpus[pick(corpus.size())];
        if (other.empty()) break;
        const std::size_t from = pick(other.size());
        const std::size_t count = std::min<std::size_t>(other.size() - from, 1 + pick(64));
        out.insert(out.begin() + static_cast<long>(at), other.begin() + static_cast<long>(from),
                   other.begin() + static_cast<long>(from + count));
      }
    }
  }
  if (out.size() > kMaxInput) out.resize(kMaxInput);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const Target target = argc == 3 ? target_named(argv[1]) : nullptr;
  if (!target) {
    std::fprintf(stderr, "usage: fuzz_smoke TARGET CORPUS\n");
    return 2;
  }
  std::vector<Input> corpus{{}};
  if (std::filesystem::is_directory(argv[2])) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[2]))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files) {
      std::ifstream in(file, std::ios::binary);
      corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
  }
  const char* runs_text = std::getenv("DW_FUZZ_RUNS");
  const long runs = runs_text ? std::atol(runs_text) : 20'000;
  for (const Input& input : corpus) {
    const std::size_t step = std::max<std::size_t>(1, input.size() / 512);
    for (std::size_t n = 0; n < input.size(); n += step)
      run(target, Input(input.begin(), input.begin() + static_cast<long>(n)));
    run(target, input);
  }
  std::mt19937 random(1350);
  for (long i = 0; i < runs; ++i)
    run(target, mutated(corpus, random));
  std::printf("%zu corpus inputs, %ld mutations: no report\n", corpus.size(), runs);
  return 0;
}
