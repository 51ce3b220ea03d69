#!/bin/bash
# Proves that the log's catalogue (sbc/daemon/log_events_*.hpp) and the lines that are logged say the same: check_events.sh ROOT
#   - each line that is logged begins with event= and has a row;
#   - each row is logged somewhere, at its levels and no others;
#   - a line has the fields of its row, in that order; a field without "?" is in every line; each field is in some line.
# A line whose event= comes from a variable has its names in a comment above it: // event=one or event=other
# Prints each breach as "file:line: what"; exit 1 when there was one.
set -euo pipefail
cd "${1:?usage: check_events.sh ROOT}"

mapfile -t rows < <(find sbc/daemon -name 'log_events_*.hpp' | sort)
mapfile -t sources < <(find sbc nat tftp-proxy conf \( -name '*.hpp' -o -name '*.cpp' \) ! -path 'sbc/daemon/log_e*' -print0 |
  xargs -0 grep -lE 'spdlog::|"event=|\.(warn|info)\(' | sort)
((${#rows[@]} > 0 && ${#sources[@]} > 0)) || { echo "no rows, or no source that logs"; exit 1; }

awk '
  function breach(at, text) { printf "%s: %s\n", at, text; bad = 1 }

  # A line without its comment; one that names events stays, as @names a b@.
  function code_of(line,   out, piece, names) {
    out = ""
    while (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)\047|\/\//)) {
      piece = substr(line, RSTART, RLENGTH)
      out = out substr(line, 1, RSTART - 1)
      line = substr(line, RSTART + RLENGTH)
      if (piece != "//") { out = out piece; continue }
      if (line !~ /^ event=/) return out
      names = ""
      while (match(line, /event=[a-z0-9_]+/)) {
        names = names " " substr(line, RSTART + 6, RLENGTH - 6)
        line = substr(line, RSTART + RLENGTH)
      }
      return out "@names" names "@"
    }
    return out line
  }

  # The literal at the front of the text, with those that follow it directly; `after` is what stands behind it.
  function literal(text,   out, piece) {
    out = ""
    while (match(text, /^[ \n]*"([^"\\]|\\.)*"/)) {
      piece = substr(text, 1, RLENGTH)
      text = substr(text, RLENGTH + 1)
      sub(/^[ \n]*"/, "", piece)
      sub(/"$/, "", piece)
      gsub(/\\"/, "\"", piece)
      out = out piece
    }
    after = text
    return out
  }

  # How much of the text is one statement: up to a semicolon outside literals.
  function statement(text,   n) {
    n = 0
    while (match(text, /"([^"\\]|\\.)*"|;/)) {
      n += RSTART + RLENGTH - 1
      if (substr(text, RSTART, 1) == ";") return n
      text = substr(text, RSTART + RLENGTH)
    }
    return n + length(text)
  }

  # The names of fields in a format, in their order.
  function keys_of(format,   out) {
    gsub(/="[^"]*"/, "=", format)
    out = ""
    while (match(format, /(^| )[a-z][a-z0-9_]*=/)) {
      out = out " " substr(format, RSTART, RLENGTH - 1)
      format = substr(format, RSTART + RLENGTH)
    }
    gsub(/  +/, " ", out)
    sub(/^ /, "", out)
    return out
  }

  function read_rows(file, text,   row, fields, n, i, field) {
    while (match(text, /\{"/)) {
      text = substr(text, RSTART + 1)
      row = literal(text); sub(/^,/, "", after)
      levels[row] = literal(after); sub(/^,/, "", after)
      fields = literal(after); sub(/^,/, "", after)
      literal(after)
      text = after
      row_file[row] = file
      n = split(fields, field, " ")
      count[row] = n
      for (i = 1; i <= n; ++i) {
        always[row, i] = field[i] !~ /\?$/
        sub(/\?$/, "", field[i])
        name[row, i] = field[i]
      }
    }
  }

  function compare(at, event, level, keys, others,   n, i, j, key, has) {
    if (!(event in levels)) { breach(at, "event=" event " has no row in sbc/daemon/log_events_*.hpp"); return }
    logged[event] = 1
    used[event, level] = 1
    if (index(", " levels[event] ",", ", " level ",") == 0) breach(at, "event=" event " is logged at " level ", and its row says " levels[event])
    if (keys == "*") { apart[event] = 1; return }  # the unit test of the catalogue compares these
    n = split(keys others, key, " ")
    j = 0
    for (i = 1; i <= n; ++i) {
      has[key[i]] = 1
      for (j = j + 1; j <= count[event] && name[event, j] != key[i]; ++j) continue
      if (j <= count[event]) { seen[event, j] = 1; continue }
      for (j = 1; j <= count[event] && name[event, j] != key[i]; ++j) continue
      breach(at, "event=" event " has the field " key[i] (j <= count[event] ? ", which its row has in another place" : ", which its row does not list"))
    }
    for (i = 1; i <= count[event]; ++i)
      if (always[event, i] && !(name[event, i] in has)) breach(at, "event=" event " is without " name[event, i] ", which its row says is in every line")
  }

  # What `auto who = … "device={} …"` stands for, when the call uses it.
  function with_fragments(format, args, text,   word, rest) {
    while (match(text, /auto [a-z_]+ = [^;"]*"[a-z][a-z0-9_]*=/)) {
      text = substr(text, RSTART + 5)
      word = text
      sub(/ .*/, "", word)
      rest = substr(text, index(text, "\""))
      if (args ~ ("(^|[^A-Za-z0-9_.])" word "([^A-Za-z0-9_]|$)")) sub(/ \{\}/, " " literal(rest), format)
    }
    return format
  }

  function read_source(file, text,   all, done, call, size, before, level, n, i, list, format, at, lines, others, piece, args, more, event, names) {
    all = text
    done = ""
    while (match(text, /(spdlog::(trace|debug|info|warn|error|critical|log)|[A-Za-z_]\.(warn|info))\(/)) {
      done = done substr(text, 1, RSTART - 1)
      call = substr(text, RSTART)
      level = substr(text, RSTART, RLENGTH)
      size = RLENGTH
      text = substr(text, RSTART + RLENGTH)
      if (level !~ /^spdlog/ && text !~ /^[ \n]*"/) { done = done level; continue }  # of another class
      more = statement(call)
      call = substr(call, size + 1, more - size)
      text = substr(text, more - size + 1)
      lines = done
      at = file ":" gsub(/\n/, "", lines) + 1
      before = index(call, "\"") ? substr(call, 1, index(call, "\"") - 1) : call
      format = literal(substr(call, length(before) + 1))
      args = after
      names = done
      if (!sub(/.*@names/, "", names)) names = ""
      done = done call
      gsub(/^(spdlog::|[A-Za-z_]\.)|\($/, "", level)
      if (level == "log") {
        level = ""
        while (match(before, /spdlog::level::[a-z]+/)) {
          level = level " " substr(before, RSTART + 15, RLENGTH - 15)
          before = substr(before, RSTART + RLENGTH)
        }
      }
      others = ""
      event = format
      if (format == "{}" && args ~ /^, phones::log_line_of\(/) {
        event = "call_down"
        format = "*"
      } else if (format == "{}" && file == "sbc/net/log.cpp") {
        continue  # where a limited line leaves
      } else if (format !~ /^event=/ || level == "") {
        breach(at, "a line of the log that does not begin with event=, or of an unknown level")
        continue
      } else {
        sub(/^event=/, "", event)
        sub(/ .*/, "", event)
        if (event ~ /\{/) {
          event = names ~ /^[ a-z0-9_]+@[ \n]*(return )?[A-Za-z_]*$/ ? names : ""  # directly above it
          sub(/@.*/, "", event)
          if (event == "") { breach(at, "no comment names the events of this line"); continue }
        }
        sub(/^[^ ]*/, "", format)
        format = keys_of(with_fragments(format, args, all))
        for (piece = args; match(piece, /"/); piece = after) {
          i = literal(substr(piece, RSTART))
          if (i ~ /^ ?[a-z][a-z0-9_]*=/) others = others " " keys_of(i)
        }
      }
      n = split(level, list, " ")
      size = split(event, names_of, " ")
      for (more = 1; more <= size; ++more)
        for (i = 1; i <= n; ++i) compare(at, names_of[more], list[i], format, others)
    }
    done = all
    gsub(/(spdlog::[a-z]+|\.(warn|info))\([^";]*"event=/, "", done)
    if (done ~ /"event=/ && file != "sbc/phones/call_record.cpp") breach(file ":0", "an event= outside a call that logs")
  }

  function finish() {
    if (FILE == "") return
    if (FILE ~ /log_events_/) read_rows(FILE, TEXT); else read_source(FILE, TEXT)
  }
  FNR == 1 { finish(); FILE = FILENAME; TEXT = "" }
  { TEXT = TEXT code_of($0) "\n" }
  END {
    finish()
    for (event in levels) {
      if (!(event in logged)) { breach(row_file[event] ":0", "no source logs event=" event); continue }
      n = split(levels[event], level, ", ")
      for (i = 1; i <= n; ++i) if (!((event, level[i]) in used)) breach(row_file[event] ":0", "event=" event " is never logged at " level[i])
      for (i = 1; i <= count[event]; ++i)
        if (!((event, i) in seen) && !(event in apart)) breach(row_file[event] ":0", "no line of event=" event " has the field " name[event, i])
      ++events
    }
    if (!bad) print events " events are as the catalogue has them"
    exit bad
  }
' "${rows[@]}" "${sources[@]}"
