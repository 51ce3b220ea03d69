# shellcheck shell=bash
# tshark as a judge of what a SIP proxy did: what came in on one side went out on the other, with the proxy's own
# addresses in it and nothing else changed. Sourced after lab.sh. Shares no parser with the proxy: the messages are as
# Wireshark cuts them.
#
# May differ, and are judged for what they say: the host of the Request-URI and of From, To, Refer-To, Referred-By,
# Remote-Party-ID and P-Asserted-Identity; the URI of Contact; Via; Max-Forwards, Content-Length; in a description c=,
# address and version of o=, a=rtcp and the port of m=. A request has one Via, the proxy's; an answer has those of its
# request. Record-Route and Route are not looked at toward a server, and may not go to a phone. Contact and Expires of the answer to REGISTER are the phone's own judge's. Everything else, in its order, must
# be equal octet for octet, in either direction: Call-ID, tags, CSeq, digests, headers that nobody knows, bodies.
# Made by the proxy itself, and not compared: 100, CANCEL and its answer, ACK to a failed INVITE, its OPTIONS
# and what it answers to those of others.

# judge_begin HOST DEVICE: captures SIP there from now on, with all fragments.
judge_begin() {
  : >"$LAB_DIR/capture-$1.log"
  lab_spawn "$1" "capture-$1" tshark -q -n -i "$2" -s 0 -f 'port 5060 or (ip[6:2] & 0x1fff != 0)' -w "$LAB_DIR/$1.pcapng"
  wait_until 15 log_has "capture-$1" 'Capturing on' || fail "tshark does not capture in $1"
}
# judge_end HOST: one line a message in HOST.messages, tab-separated: frame, from, to, start line, the headers, an empty
# field, the lines of the body.
judge_end() {
  lab_stop "capture-$1" INT
  tshark -n -r "$LAB_DIR/$1.pcapng" -d udp.port==5060,sip -d tcp.port==5060,sip -o ip.defragment:TRUE -o tcp.desegment_tcp_streams:TRUE \
    --disable-protocol sdp --disable-protocol mime_multipart --disable-protocol sipfrag --disable-protocol xml \
    -Y sip -T pdml -J 'geninfo ip udp tcp sip' 2>/dev/null | LC_ALL=C awk '
    BEGIN { for (i = 0; i < 256; ++i) octet[sprintf("%02x", i)] = sprintf("%c", i) }
    function text(line,  hex, i, out) {
      if (!match(line, / value="[0-9a-f]*"/)) return ""
      hex = substr(line, RSTART + 8, RLENGTH - 9)
      out = ""
      for (i = 1; i < length(hex); i += 2) out = out octet[substr(hex, i, 2)]
      return out
    }
    function flat(lines) { gsub(/\t/, " ", lines); sub(/(\r\n)+$/, "", lines); gsub(/\r\n/, "\t", lines); return lines }
    function shown(line) { match(line, / show="[^"]*"/); return substr(line, RSTART + 7, RLENGTH - 8) }
    function done() { if (start != "") print frame "\t" from "\t" to "\t" start "\t" flat(head) "\t\t" flat(body); start = "" }
    /<packet>/ { src = dst = "" }
    /<field name="num"/ { frame = shown($0) }
    /<field name="ip.src"/ { src = shown($0) }
    /<field name="ip.dst"/ { dst = shown($0) }
    /<field name="(udp|tcp).srcport"/ { from = src ":" shown($0) }
    /<field name="(udp|tcp).dstport"/ { to = dst ":" shown($0) }
    /<proto name="sip"/ { inside = 1; start = head = body = ""; heading = bodied = 0; next }
    inside && /<\/proto>/ { done(); inside = 0 }
    !inside { next }
    /<field name="sip.(Request|Status)-Line"/ { start = text($0) }
    /<field name="sip.msg_hdr"/ { heading = 1 }
    heading && / value="/ { head = text($0); heading = 0 }
    /<field name="sip.msg_body"/ { bodied = 1; next }
    bodied && / value="/ { body = body text($0) }' >"$LAB_DIR/$1.messages"
}

# What the judge says of a file of messages: nothing when all is well.
#   verdict FILE OWN-ADDRESS[/TOLD] SERVER-ADDRESS HOME [PHONES]: TOLD is the proxy's address in what the server is told, when a router
#   stands between; HOME is what no server may see but in the Call-ID of a phone and
#   in what it signed; PHONES: only messages of these addresses count; both regular expressions
verdict() {
  LC_ALL=C awk -F '\t' -v own="${2%/*}" -v told="${2#*/}" -v server="$3" -v home="$4" -v phones="${5:-.}" '
    function wrong(what) { if (++wrongs <= 6) print what ": frame " $1 " " $4 }
    function name_of(line,  at) { at = index(line, ":"); return tolower(substr(line, 1, at - 1)) }
    function value_of(line) { return substr(line, index(line, ":") + 2) }
    function get(name,  i) { for (i = 5; i <= NF && $i != ""; ++i) if (name_of($i) == name) return value_of($i); return "" }
    function tag(value) { return match(value, /;tag=[^;>]*/) ? substr(value, RSTART + 5, RLENGTH - 5) : "" }
    # The message without what may differ.
    function rest(  i, out, line, name, in_body, start) {
      start = $4
      sub(/@[^ ]*/, "@", start); sub(/^REGISTER sip:[^ ]*/, "REGISTER", start)
      out = start
      for (i = 5; i <= NF; ++i) {
        line = $i
        if (line == "" && !in_body) { in_body = 1; out = out "\n"; continue }
        if (!in_body) {
          name = name_of(line)
          if (name ~ /^(via|max-forwards|content-length|record-route|route)$/) continue
          if (registered && (name == "contact" || name == "expires")) continue
          if (name == "contact") sub(/@[^>]*>/, "@>", line)
          if (name ~ /^(from|to|refer-to|referred-by|remote-party-id|p-asserted-identity)$/) sub(/@[^;>?]*/, "@", line)
        } else if (described) {
          if (line ~ /^(c|o)=/) sub(/IN IP[46] .*/, "IN IP", line)
          if (line ~ /^o=/) sub(/ [0-9]+ IN IP$/, " IN IP", line)
          if (line ~ /^a=rtcp:/) continue
          sub(/^m=[a-z]+ [0-9]+ /, substr(line, 1, index(line, " ")), line)
        }
        out = out "\n" line
      }
      return out
    }
    function stamped(line) { gsub(/;rport(=[0-9]*)?|;received=[^;]*/, "", line); return line } # by whoever received it
    function vias(  i, out) { for (i = 5; i <= NF && $i != ""; ++i) if (name_of($i) == "via") out = out "\n" stamped(value_of($i)); return out }
    function branch(via) { return match(via, /;branch=[^;]*/) ? substr(via, RSTART + 8, RLENGTH - 8) : "" }
    # What the proxy says of itself.
    function look(  i, line, name, in_body, rewritten) {
      for (i = 5; i <= NF; ++i) {
        line = $i
        if (line == "" && !in_body) { in_body = 1; continue }
        name = in_body ? "" : name_of(line)
        if (up && (name != "via" || !status) && name !~ /^(call-id|authorization|proxy-authorization)$/) {
          rewritten = line
          sub(/[?&]Replaces=[^>&]*/, "", rewritten) # names a Call-ID
          if (name == "replaces") rewritten = ""
          if (rewritten ~ home) wrong("an address of a home in " (in_body ? "the body" : name))
        }
        if (name == "contact" && !registered && status < 300 && line !~ /\*/) {
          ++judged
          if (line !~ ("@" ours "(:[0-9]+)?[;>]")) wrong("Contact is not ours (" line ")")
        }
        if (!up && (name == "record-route" || name == "route")) wrong(name " goes to a phone")
        if (!in_body || !described) continue
        if (line ~ /^c=/ && ++judged && line != "c=IN IP4 " say && line != "c=IN IP4 0.0.0.0") wrong(line " is not ours")
        if (line ~ /^o=/ && ++judged && line !~ (" IN IP4 " say "$")) wrong(line " is not ours")
        if (line ~ /^m=/ && ++judged) { split(line, m, " "); if (m[2] != 0 && (m[2] < 20000 || m[2] > 29999)) wrong(line " is not our port") }
      }
      if (up && $4 !~ /^SIP/ && $4 ~ home) wrong("an address of a home in the Request-URI")
    }
    {
      split($2, f, ":"); split($3, t, ":")
      incoming = t[1] == own; outgoing = f[1] == own
      if (!incoming && !outgoing) next
      peer = incoming ? f[1] : t[1]
      if (peer != server && peer !~ phones) next
      up = outgoing ? t[1] == server : f[1] != server
      status = $4 ~ /^SIP/ ? substr($4, 9, 3) + 0 : 0
      cseq = get("cseq"); call = get("call-id")
      split(cseq, c, " ")
      method = status ? c[2] : substr($4, 1, index($4, " ") - 1)
      key = call SUBSEP cseq SUBSEP tag(get("from")) SUBSEP (status ? status : method) SUBSEP up
      registered = status && method == "REGISTER"
      described = get("content-type") ~ /^application\/sdp/
      if (incoming) {
        came[key] = rest()
        if (!status) asked[branch(get("via")), method, up] = vias()
        if (status >= 300 && method == "INVITE") failed[call, c[1]] = 1
        next
      }
      say = up ? told : own
      ours = say
      gsub(/\./, "\\.", ours)
      look()
      if (!status && vias() !~ ("^\nSIP/2.0/[A-Z]+ " ours "(:[0-9]+)?;[^\n]*$")) wrong("Via is not ours, or not alone (" get("via") ")")
      if (status && vias() != asked[branch(get("via")), method, !up]) wrong("not the Via of the request (" get("via") ")")
      if (status == 100 || method == "CANCEL" || (method == "OPTIONS" && !(key in came))) next
      if (method == "ACK" && (call, c[1]) in failed) next
      if (!(key in came)) { wrong("nobody sent this (" (up ? "to the server" : "to a phone") ")"); next }
      now = rest()
      ++compared
      if (now != came[key]) {
        n = split(now, a, "\n"); split(came[key], b, "\n")
        for (i = 1; i <= n && a[i] == b[i]; ++i);
        wrong("changed: \"" b[i] "\" became \"" a[i] "\"")
      }
    }
    END {
      if (judged < 10 || compared < 100) { print "too little to judge: " judged + 0 " addresses, " compared + 0 " messages"; ++wrongs }
      if (wrongs > 6) print "and " wrongs - 6 " more"
      if (wrongs == 0) print judged " addresses, " compared " messages" >"/dev/stderr"
      exit wrongs != 0
    }' "$1"
}
# judge HOST OWN-ADDRESS[/TOLD] SERVER-ADDRESS HOME [PHONES]
judge() {
  local said
  if said=$(verdict "$LAB_DIR/$1.messages" "$2" "$3" "$4" "${5:-.}" 2>"$LAB_DIR/$1.judged"); then
    pass "$1: tshark finds our addresses and no other change ($(cat "$LAB_DIR/$1.judged"))"
  else
    fail "$1: tshark finds: $said"
  fi
}
# judge_self_check, as judge: whatever is changed in the first messages that were captured is noticed.
judge_self_check() {
  local file=$LAB_DIR/$1.first forged=$LAB_DIR/forged.messages what script
  head -n 1000 "$LAB_DIR/$1.messages" >"$file"
  check "$1: the judge has no objection to the first messages" test -z "$(verdict "$file" "$2" "$3" "$4" "${5:-.}" 2>/dev/null)"
  local -A forgeries=(
    ["an address of a home in a header, upstream"]='toward && sub(/\tUser-Agent: /, "&192.168.1.50")'
    ["an address of a home in Contact, upstream"]='toward && sub(/\tContact: <sip:[^>]*>/, "\tContact: <sip:1@192.168.1.50:5060>")'
    ["a Contact of the server, downstream"]='ours && !toward && /INVITE/ && sub(/\tContact: <sip:[^>]*>/, "\tContact: <sip:1@203.0.113.20:5060>")'
    ["audio that goes elsewhere"]='ours && sub(/\tc=IN IP4 [0-9.]+/, "\tc=IN IP4 203.0.113.20")'
    ["a port that is not ours"]='ours && sub(/\tm=audio [0-9]+/, "\tm=audio 30000")'
    ["one digit of a digest"]='toward && sub(/response="./, "response=\"x")'
    ["a tag, upstream"]='toward && sub(/\tFrom: [^\t]*;tag=/, "&x")'
    ["a Call-ID, downstream"]='ours && !toward && /\tINVITE sip:/ && sub(/\tCall-ID: /, "&x")'
    ["a route set for a phone"]='ours && !toward && /\tSIP\/2.0 200/ && sub(/\tFrom: /, "\tRecord-Route: <sip:203.0.113.20;lr>&")'
    ["one header less"]='toward && sub(/\tAllow-Events: [^\t]*/, "")'
    ["two headers changed about"]='toward && sub(/\tExpires: 180\tAccept: application\/sdp/, "\tAccept: application/sdp\tExpires: 180")'
    ["one line less in a description"]='ours && sub(/\ta=rtpmap:0 [^\t]*/, "")'
    ["a Via that is not the request's"]='ours && /\tSIP\/2.0 2/ && sub(/;branch=z9hG4bK/, "&x")'
    ["a Via of a phone, upstream"]='toward && /\tINVITE / && sub(/\tVia: [^\t]*/, "&\tVia: SIP\/2.0\/UDP 192.168.1.50:5060;branch=z9hG4bK1")'
  )
  for what in "${!forgeries[@]}"; do
    script="{ split(\$2, f, \":\"); split(\$3, t, \":\"); toward = f[1] == own && t[1] == server; ours = toward || (f[1] == own && t[1] ~ phones) } !done && ${forgeries[$what]} { done = 1 } { print }"
    LC_ALL=C awk -F '\t' -v own="${2%/*}" -v server="$3" -v phones="${5:-.}" "$script" "$file" >"$forged"
    if cmp -s "$file" "$forged"; then
      fail "$1: nothing to forge: $what"
    else
      check "$1: the judge sees $what" test -n "$(verdict "$forged" "$2" "$3" "$4" "${5:-.}" 2>/dev/null)"
    fi
  done
}
