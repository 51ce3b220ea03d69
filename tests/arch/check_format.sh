#!/usr/bin/env bash
# Every source as ./dev format writes it. Versions of clang-format differ in small things: Debian 12's is the measure.
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"
if ! clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
  echo "SKIPPED: clang-format 14 is not here (apt install clang-format, on Debian 12)"
  exit 77
fi
find sbc tftp-proxy nat conf tests -name '*.hpp' -o -name '*.cpp' | sort |
  xargs -P 2 -n 40 clang-format --dry-run --Werror || { echo "./dev format mends that"; exit 1; }
