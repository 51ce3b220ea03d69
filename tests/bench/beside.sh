# An older Dropwire beside the new one: sourced by the benches when BENCH_OLD names its binary. Needs $work, where `note` keeps
# a line of each round in NAME-old-FIELD and NAME-dropwire-FIELD.
[[ -x $BENCH_OLD ]] || { echo "BENCH_OLD=$BENCH_OLD is no program" >&2; exit 2; }

# knows BINARY SETTING: an older one lacks some.
knows() {
  local list
  list=$work/settings-$(basename "$1")
  [[ -s $list ]] || "$1" settings --markdown >"$list" 2>/dev/null
  grep -qF "| \`$2\`" "$list"
}
# in_turn ROUND: which of the two goes first changes, as a machine gets warmer.
in_turn() { if (($1 % 2)); then echo old dropwire; else echo dropwire old; fi; }
figures() { # FILE: median, least and most
  sort -g "$1" 2>/dev/null | awk '{ v[NR] = $1 } END { if (NR) printf "%s (%s to %s)", v[int((NR + 1) / 2)], v[1], v[NR]; else print "none" }'
}
middle() { sort -g "$1" 2>/dev/null | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'; }
beside_head() { # TITLE
  cat <<HEAD
### $1, an older binary beside the new one

\`BENCH_OLD\` is $("$BENCH_OLD" --version 2>/dev/null | head -n 1), $(sha256sum <"$BENCH_OLD" | cut -c1-12), the new one $("$bin" --version 2>/dev/null | head -n 1), $(sha256sum <"$bin" | cut -c1-12); $(date -u +%F), $(nproc) cores,
$rounds rounds in which both run, in turns. Medians (least to most); the last column is new / old within a round, median (least to most).

| figure | new | old | ratio of medians | ratio within a round |
| --- | --- | --- | --- | --- |
HEAD
}
beside_row() { # TEXT NAME FIELD
  local new=$work/$2-dropwire-$3 old=$work/$2-old-$3
  paste "$new" "$old" 2>/dev/null | awk '$2 > 0 { printf "%.3f\n", $1 / $2 }' >"$work/ratios"
  echo "| $1 | $(figures "$new") | $(figures "$old") | $(awk -v a="$(middle "$new")" -v b="$(middle "$old")" 'BEGIN { if (b > 0) printf "%.3f", a / b; else print "none" }') | $(figures "$work/ratios") |"
}
