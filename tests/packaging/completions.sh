#!/usr/bin/env bash
# Shell completions come from the command line's own table: bash itself offers every command and option of --help in the
# right place, with its values.
#   DW_BIN=DROPWIRE completions.sh
program=${DW_BIN:-${DW_BUILT:?the dropwire binary}}
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

bash_text=$("$program" completions bash) && zsh_text=$("$program" completions zsh) || complain "there are no completions"
eval "$bash_text" || complain "bash can't read its completion"
dropwire() { # completing asks no running daemon here
  [[ $1 == phones ]] && echo '    "device": "SEP001122334455",'
  [[ $1 == settings ]] && "$program" settings --toml
  return 0
}
offered() { # WORD… CURRENT
  COMP_WORDS=(dropwire "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _dropwire 2>/dev/null
  printf '%s\n' "${COMPREPLY[@]}"
}
gives() { # WHAT WORD… CURRENT
  local wanted=$1
  shift
  grep -qxF -- "$wanted" <<<"$(offered "$@")" || complain "bash does not give $wanted for: dropwire $*"
}
found=0
for command in '' $commands; do
  for word in $(options $command); do
    found=$((found + 1))
    gives "$word" $command "$word"
    grep -qE -- "(^|[^a-z-])$word([^a-z-]|$)" <<<"$zsh_text" || complain "zsh's has no $word (dropwire $command)"
  done
  [[ -z $command ]] && continue
  found=$((found + 1))
  gives "$command" "$command"
  grep -qE "^ *['\"]$command:" <<<"$zsh_text" || complain "zsh's has no command $command"
done
((found > 40)) || complain "only $found commands and options were found in --help: has its form changed?"
gives 7965 connect 79
gives edge run --mode e
gives debug log --level d
gives access.tftp.port= run --set access.tftp.p
for command in phone doctor trace restart reset forget admit report; do gives SEP001122334455 "$command" SEP; done
for hidden in completions man; do grep -qx "$hidden" <<<"$(offered "")" && complain "$hidden is for packages, and offered"; done
if command -v zsh >/dev/null; then zsh -n <(printf '%s' "$zsh_text") || complain "zsh can't read its completion"; fi

manual=$("$program" man)
for command in $commands; do
  grep -qxF ".SS \"$command\"" <<<"$manual" || complain "the manual page has no $command"
  for word in $(options $command | grep -- '^--' | grep -v -- '^--help$'); do
    grep -qF -- "${word//-/\\-}" <<<"$manual" || complain "the manual page has no $word (dropwire $command)"
  done
done
if command -v man >/dev/null && command -v groff >/dev/null; then
  said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man --warnings -l <(printf '%s' "$manual") 2>&1 >/dev/null)
  [[ -z $said ]] || complain "the manual page: $said"
fi
((failed)) || echo "ok    $found commands and options are completed"
exit $failed
