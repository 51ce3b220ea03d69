#!/bin/bash
# Shows that check_tree.sh can fail: plants one breach of each kind in a tree of its own, and expects to read of it.
set -euo pipefail
check=$(dirname "$(realpath "$0")")/check_tree.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

fresh_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/{conf,nat/core/media,packaging,sbc/{base,net,phones,admin},tftp-proxy/core,tests/unit/base,build}
  printf '#include <vector>\n#include <fmt/format.h>\n' > "$tree/sbc/base/good.hpp"
  printf '#include <uv.h>\n\n#include "sbc/base/good.hpp"\n' > "$tree/sbc/net/good.cpp"
  printf '#include <thread>\n#include "sbc/net/good.hpp"\n#include "tftp-proxy/core/x.hpp"\n' > "$tree/tftp-proxy/good.cpp"
}

# expect WHAT FILE LINE: a file of this one line is reported by its folder, in words that contain WHAT.
expect() {
  fresh_tree
  mkdir -p "$tree/$(dirname "$2")"
  printf '%b\n' "$3" > "$tree/$2"
  if out=$("$check" "$tree") || [[ $out != *"${2%/*}/"*"$1"* ]]; then
    echo "not noticed: $3 in $2 (said: ${out:-nothing})"
    failures=1
  fi
}

fresh_tree
if ! out=$("$check" "$tree"); then
  echo "a tree that keeps the rules was refused: $out"
  failures=1
fi
expect 'may not include <uv.h>'            sbc/base/bad.cpp         '#include <uv.h>'
expect 'may not include <sys/socket.h>'    tftp-proxy/core/bad.hpp  '  #  include <sys/socket.h>'
expect 'may not include <spdlog/spdlog.h>' sbc/phones/bad.cpp       '#include <spdlog/spdlog.h>'
expect 'may not include <openssl/evp.h>'   tftp-proxy/bad.cpp       '#include <openssl/evp.h>'
expect 'may not include <curl/curl.h>'     sbc/admin/bad.cpp        '#include <curl/curl.h>'
expect 'may not include "sbc/net/'         tftp-proxy/core/bad.cpp  '#include "sbc/net/timer.hpp"'
expect 'may not include "conf/'            sbc/phones/bad.cpp       '#include "conf/config.hpp"'
expect 'may not include "tftp-proxy/'      tftp-proxy/core/bad.cpp  '#include "tftp-proxy/library.hpp"'
expect 'may not include "tftp-proxy/core/' nat/core/media/bad.cpp         '#include "tftp-proxy/core/packet.hpp"'
expect 'may not include "../'              sbc/base/bad.cpp         '#include "../net/timer.hpp"'
expect 'may not include "sbc/net/'         tests/unit/base/bad.cpp  '#include "sbc/net/timer.hpp"'
expect 'a core may not include <thread>'   sbc/base/bad.cpp         '#include <thread>'
expect 'a core may not include <fstream>'  tftp-proxy/core/bad.cpp  '#include <fstream>'
expect 'not spelled out'                   sbc/base/bad.cpp         '#include HEADER'
expect 'reinterpret_cast'                  conf/bad.cpp             'auto x = reinterpret_cast<char*>(p);'
expect 'it asks no clock'                  sbc/sip/bad.cpp          'const WallTime now = wall_now();'
expect 'it asks no clock'                  nat/core/media/bad.cpp         'auto t = Clock::now();'
expect 'no rule for this folder'           sbc/utils/bad.cpp        '#include <vector>'
expect 'longer than 500 lines'             sbc/base/bad.cpp         "$(printf '\\n%.0s' {1..501})"
expect 'not called *_test.cpp'            tests/unit/base/test_bad.cpp 'TEST_CASE("x") {}'
expect 'not one of the top-level folders'  src/bad.cpp              '#include <vector>'
# A tree with rules of its own: with one more of them than it needs, and without.
own_rules() {
  fresh_tree
  mkdir -p "$tree/tests/arch"
  printf '%s\n' 'core sbc/base | | fmt/' 'shell sbc/net | sbc/base | *' "shell tftp-proxy | sbc/net $1 tftp-proxy/core |" > "$tree/tests/arch/rules.txt"
  "$check" "$tree"
}
if ! out=$(own_rules ''); then
  echo "a tree that needs all its permissions was refused: $out"
  failures=1
fi
if out=$(own_rules conf) || [[ $out != *"tftp-proxy never includes conf: take the permission away"* ]]; then
  echo "not noticed: a permission that nothing needs (said: ${out:-nothing})"
  failures=1
fi
((failures == 0)) && echo "each kind of breach is noticed"
exit "$failures"
