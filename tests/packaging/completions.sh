#!/usr/bin/env bash
# Every command and option that --help shows is in the completions, and bash's gives them where they belong.
#   DW_BIN=DROPWIRE completions.sh
program=${DW_BIN:-${DW_BUILT:?the dropwire binary}}
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../packaging/completions" && pwd)
failed=0
complain() {
  echo "FAIL  $*"
  failed=1
}
declare -A help # by command: each is asked once
help[-]=$("$program" --help)
commands=$(sed -n '/ubcommands:/,$ s/^  \([a-z]\{2,\}\) .*/\1/p' <<<"${help[-]}" | sort -u)
for command in $commands; do help[$command]=$("$program" "$command" --help); done
# The words before the explanations: "-c,--config FILE" is two of them.
options() { sed -n 's/^ \{1,4\}\(-[^ ]*\).*/\1/p' <<<"${help[${1:--}]}" | tr ',' '\n' | sed 's/[^a-z-].*//' | grep '^-' | sort -u; }

# shellcheck source=packaging/completions/dropwire
. "$folder/dropwire"
dropwire() { :; } # completing asks no running daemon here
offered() { # WORD… CURRENT
  COMP_WORDS=(dropwire "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _dropwire
  printf '%s\n' "${COMPREPLY[@]}"
}
found=0
for command in '' $commands; do
  for word in $(options $command); do
    found=$((found + 1))
    grep -qx -- "$word" <<<"$(offered $command "$word")" || complain "bash does not complete: dropwire $command $word"
    grep -qE -- "(^|[^a-z-])$word([^a-z-]|$)" "$folder/_dropwire" || complain "zsh's has no $word (dropwire $command)"
  done
  [[ -z $command ]] && continue
  found=$((found + 1))
  grep -qx -- "$command" <<<"$(offered "$command")" || complain "bash does not complete: dropwire $command"
  grep -qE "^ *['\"]$command:" "$folder/_dropwire" || complain "zsh's has no command $command"
done
((found > 40)) || complain "only $found commands and options were found in --help: has its form changed?"
all=$(for command in '' $commands; do options $command; done)
for word in $(sed -n '/_arguments\|=(/s/[^a-z-]\(--[a-z-]*\)/\n\1\n/gp' "$folder/_dropwire" | grep '^--' | sort -u); do
  grep -qx -- "$word" <<<"$all" || complain "zsh's $word is no option"
done
if command -v zsh >/dev/null; then zsh -n "$folder/_dropwire" || complain "zsh can't read its completion"; fi
((failed)) || echo "ok    $found commands and options are completed"
exit $failed
