#!/bin/bash
# Proves what a tree says of its own layout: check_tree.sh ROOT
#   - the top-level folders are the fixed ones;
#   - each source file includes only what rules.txt lets its folder include;
#   - and each folder needs all that rules.txt lets it include (where the tree has rules of its own);
#   - octets are reinterpreted in sbc/base/bytes.hpp and sbc/net alone;
#   - a core is given the time, it asks no clock;
#   - no source file is longer than 500 lines;
#   - tests of units, simulations and loops are in files called *_test.cpp.
# Prints each breach as "file:line: what"; exit 1 when there was one.
set -euo pipefail
root=${1:?usage: check_tree.sh ROOT}
rules=$(dirname "$(realpath "$0")")/rules.txt
cd "$root"
own_rules=''
[[ ! -e tests/arch/rules.txt ]] || { own_rules=1; rules=$PWD/tests/arch/rules.txt; }

folders="conf docs nat packaging sbc tests tftp-proxy"
ignored="build debian"  # what builds leave, see .gitignore
breaches=0

for folder in */; do
  [[ " $folders $ignored " == *" ${folder%/} "* ]] || { echo "${folder}:0: not one of the top-level folders ($folders)"; breaches=1; }
done

mapfile -t sources < <(find sbc tftp-proxy nat conf tests -name '*.hpp' -o -name '*.cpp' | sort)
((${#sources[@]} > 0)) || { echo "$root:0: no sources"; exit 1; }

awk '
  function breach(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
  function folder_of(path) { return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : "." }
  # The longest folder of the rules that the path lies in.
  function rule_of(path,   f) {
    for (f = folder_of(path); f != "."; f = f ~ /\// ? folder_of(f) : ".") if (f in kind) return f
    return ""
  }
  function has(list, word) { return index(" " list " ", " " word " ") > 0 }
  function allowed_header(list, header,   n, i, entry) {
    n = split(list, entry, " ")
    for (i = 1; i <= n; ++i) {
      if (entry[i] == "*" || entry[i] == header || (entry[i] ~ /\/$/ && index(header, entry[i]) == 1)) {
        used[rule, entry[i]] = 1
        return 1
      }
    }
    return 0
  }
  function unused(list,   n, i, entry) {
    n = split(list, entry, " ")
    for (i = 1; i <= n; ++i)
      if (!((rule, entry[i]) in used)) {
        printf "%s: %s never includes %s: take the permission away\n", rules, rule, entry[i]
        bad = 1
      }
  }
  FILENAME == rules {
    sub(/#.*/, "")
    if (split($0, column, "|") != 3) next
    split(column[1], first, " ")
    kind[first[2]] = first[1]; project[first[2]] = column[2]; others[first[2]] = column[3]
    next
  }
  FNR == 1 { rule = rule_of(FILENAME); seen[rule] = 1; under_test = FILENAME ~ /^tests\// }
  FNR == 1 && rule == "" && !under_test { breach("no rule for this folder in tests/arch/rules.txt") }
  FNR == 501 && !under_test { breach("longer than 500 lines") }
  /^TEST_CASE/ && FILENAME ~ /^tests\/(unit|sim|loop)\// && FILENAME !~ /_test\.cpp$/ { breach("a test in a file that is not called *_test.cpp"); nextfile }
  /reinterpret_cast</ && !under_test && FILENAME != "sbc/base/bytes.hpp" && FILENAME !~ /^sbc\/net\// { breach("reinterpret_cast outside sbc/base/bytes.hpp and sbc/net") }
  /(^|[^_a-z])wall_now\(\)|Clock::now\(\)/ && kind[rule] == "core" && !under_test && FILENAME != "sbc/base/time.hpp" { breach("a core is given the time, it asks no clock") }
  /^[ \t]*#[ \t]*include/ && rule != "" {
    line = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", line)
    header = substr(line, 2)
    sub(/[>"].*$/, "", header)
    if (line !~ /^[<"]/) { breach("an include that is not spelled out: " line); next }
    if (line ~ /^"/) {
      used[rule, folder_of(header)] = 1
      if (!has(project[rule], folder_of(header))) breach(rule " may not include \"" header "\"")
    } else if (header ~ /[.\/]/) {
      if (!allowed_header(others[rule], header)) breach(rule " may not include <" header ">")
    } else if (kind[rule] == "core" && has(no_core, header) && !allowed_header(others[rule], header)) {
      breach("a core may not include <" header ">: no I/O, no threads")
    }
  }
  END {
    for (rule in kind) {
      if (!own_rules || !(rule in seen)) continue
      unused(project[rule])
      unused(others[rule])
    }
    exit bad
  }
' rules="$rules" own_rules="$own_rules" no_core="thread jthread mutex shared_mutex condition_variable future semaphore latch barrier stop_token fstream iostream filesystem syncstream" \
  "$rules" "${sources[@]}" || breaches=1

((breaches == 0)) && echo "${#sources[@]} files keep the rules"
exit "$breaches"
