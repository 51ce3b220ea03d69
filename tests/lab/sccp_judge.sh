# shellcheck shell=bash
# tshark as a judge of an SCCP proxy: every message that came in on one side was sent on the other, with the proxy's own
# addresses and no other change. Sourced after lab.sh. Shares no code with the proxy: the fields are Wireshark's.

# judge_begin HOST DEVICE: captures SCCP there from now on.
judge_begin() {
  : >"$LAB_DIR/capture-$1.log"
  lab_spawn "$1" "capture-$1" tshark -q -n -i "$2" -s 0 -f 'tcp portrange 2000-2003' -w "$LAB_DIR/$1.pcapng"
  wait_until 15 log_has "capture-$1" 'Capturing on' || fail "tshark does not capture in $1"
}
# judge_end HOST: one line per message in HOST.messages: stream, from, to, then name=value of each field, tab-separated.
judge_end() {
  lab_stop "capture-$1" INT
  tshark -n -r "$LAB_DIR/$1.pcapng" -d tcp.port==2000-2003,skinny -o skinny.desegment:TRUE -Y skinny -T pdml \
    -J 'ip tcp skinny' 2>/dev/null | awk '
    function shown(line) { match(line, / show="[^"]*"/); return substr(line, RSTART + 7, RLENGTH - 8) }
    /<packet>/ { src = dst = "" }
    /<field name="ip.src"/ { src = shown($0) }
    /<field name="ip.dst"/ { dst = shown($0) }
    /<field name="tcp.srcport"/ { from = src ":" shown($0) }
    /<field name="tcp.dstport"/ { to = dst ":" shown($0) }
    /<field name="tcp.stream"/ { stream = shown($0) }
    /<proto name="skinny"/ { inside = 1; message = stream "\t" from "\t" to; next }
    inside && /<\/proto>/ { print message; inside = 0 }
    inside && /<field name="skinny\./ {
      match($0, /name="[^"]*"/)
      name = substr($0, RSTART + 6, RLENGTH - 7)
      if (name !~ /response_(in|to|time)/) message = message "\t" substr(name, 8) "=" shown($0)
    }' >"$LAB_DIR/$1.messages"
}

# The judge's complaints about a file of messages: none if everything is correct.
#   verdict FILE OWN-ADDRESS PHONE-PORT SERVER:PORT [blank: texts have had their addresses made zeroes]
verdict() {
  awk -F '\t' -v own="$2" -v port="$3" -v server="$4" -v blank="${5:-}" '
    function value(name, i) { # of the message at hand; "" when it has none
      for (i = 4; i <= NF; ++i) if (index($i, name "=") == 1) return substr($i, length(name) + 2)
      return ""
    }
    function wrong(text) { if (++wrongs <= 5) print text ": " $0 }
    function ours(address, at) { # an address of ours, with a media port of ours
      if (value(address) == "") return
      if (value(address) != own) wrong(address " is not ours")
      else if (at != "" && (value(at) < 20000 || value(at) > 29999)) wrong(at " is not ours")
      ++judged
    }
    BEGIN { split(own, o, "."); word = o[1] + 256 * (o[2] + 256 * (o[3] + 256 * o[4])) } # as tshark reads parm2
    # The fields that may differ, by message; everything else must be equal.
    function rest(  i, id, out) {
      id = value("messageId")
      out = ""
      for (i = 4; i <= NF; ++i) {
        if (id == 1 && $i ~ /^(stationIpAddr|stationIpV6Addr)/) continue
        if (id == 32 && $i ~ /^parm2=/) continue
        if ((id == 34 || id == 340) && $i ~ /^(ipAddr|transmitIpAddr|portNumber|ipv4or6)[.=]/) continue
        if (id == 138 && $i ~ /^(remoteIpAddr|remotePortNumber|ipv4or6)[.=]/) continue
        if (id == 261 && $i ~ /^(sourceIpAddr|sourcePortNumber|ipv4or6|requestedIpAddrType)[.=]/) continue
        if (blank != "" && $i ~ /^(text|alarmInfo)=/) continue
        out = out "\t" $i
      }
      return out
    }
    {
      toward_server = $3 == server; from_server = $2 == server
      from_phone = $3 == own ":" port; toward_phone = $2 == own ":" port
      if (!toward_server && !from_server && !from_phone && !toward_phone) next
      if (value("messageId") == 1 && value("DeviceName") != "") { name[$1] = value("DeviceName"); ++session[$1]; }
      key = $1
      if (toward_server) {
        ours("stationIpAddr"); ours("ipAddr.ipv4", "portNumber"); ours("transmitIpAddr.ipv4", "portNumber")
        if (value("parm2") != "" && (value("parm2") + 4294967296) % 4294967296 != word) wrong("parm2 is not our address")
        if ($0 ~ /192\.168\.1\./ && own !~ /^192\.168\.1\./) wrong("an address of a home")
      }
      if (toward_phone) { ours("remoteIpAddr.ipv4", "remotePortNumber") }
      side = from_phone || toward_phone ? "phone" : "server"
      way = from_phone || toward_server ? "up" : "down"
      n = ++count[key, way]
      line[key, way, n] = rest()
      where[key] = side
    }
    END {
      for (key in where) {
        if (!(key in name)) { print "stream " key " names no phone"; ++wrongs; continue }
        at[where[key], name[key]] = at[where[key], name[key]] " " key
      }
      for (pair in at) {
        split(pair, part, SUBSEP)
        if (part[1] != "phone") continue
        many = split(at[pair], near, " ")
        if (split(at["server", part[2]], far, " ") != many) { print part[2] ": " many " connections, and not as many to the server"; ++wrongs; continue }
        for (i = 1; i <= many; ++i) for (w = 1; w <= 2; ++w) {
          way = w == 1 ? "up" : "down"
          if (count[near[i], way] != count[far[i], way]) { print part[2] " " way ": " count[near[i], way] " messages on the phone side, " count[far[i], way] " on the other"; ++wrongs }
          for (m = 1; m <= count[near[i], way] && m <= count[far[i], way]; ++m)
            if (line[near[i], way, m] != line[far[i], way, m]) { if (++wrongs <= 5) print part[2] " " way " " m ": " line[near[i], way, m] " <> " line[far[i], way, m]; break }
          compared += count[near[i], way]
        }
      }
      if (judged < 10 || compared < 100) { print "too little to judge: " judged + 0 " addresses, " compared + 0 " messages"; ++wrongs }
      if (wrongs == 0) print judged " addresses, " compared " messages" >"/dev/stderr"
      exit wrongs != 0
    }' "$1"
}
# judge HOST OWN-ADDRESS PHONE-PORT SERVER:PORT [blank]
judge() {
  local said
  if said=$(verdict "$LAB_DIR/$1.messages" "$2" "$3" "$4" "${5:-}" 2>"$LAB_DIR/$1.judged"); then
    pass "$1: tshark finds our addresses and no other change ($(cat "$LAB_DIR/$1.judged"))"
  else
    fail "$1: tshark finds: $said"
  fi
}
# judge_octets HOST SERVER: no frame to the server carries octets or digits of a home's addresses, whatever field they are in.
judge_octets() {
  local found
  found=$(tshark -n -r "$LAB_DIR/$1.pcapng" -Y "ip.dst == ${2%:*} && (tcp.payload contains c0:a8:01 || tcp.payload contains \"192.168.1.\")" \
    -T fields -e frame.number 2>/dev/null | wc -l)
  check "$1: no octet of a home's address goes to the server" test "$found" = 0
}
# judge_self_check, as judge: any change to the captured messages is noticed.
judge_self_check() {
  local file=$LAB_DIR/$1.messages forged=$LAB_DIR/forged.messages what script
  local -A forgeries=(
    ["an address of a home, upstream"]='$3 == s && sub(/ipAddr.ipv4=[0-9.]+/, "ipAddr.ipv4=192.168.1.50")'
    ["an address of the server, downstream"]='$2 == o && sub(/remoteIpAddr.ipv4=[0-9.]+/, "remoteIpAddr.ipv4=203.0.113.20")'
    ["a port that is not ours"]='$2 == o && sub(/remotePortNumber=[0-9]+/, "remotePortNumber=30000")'
    ["one number, upstream"]='$3 == s && sub(/passThroughPartyId=[0-9]+/, "passThroughPartyId=1")'
    ["one number, downstream"]='$2 == o && sub(/milliSecondPacketSize=[0-9]+/, "milliSecondPacketSize=99")'
    ["one message less"]='$3 == s && /messageId=34/ && ($0 = "")'
  )
  for what in "${!forgeries[@]}"; do
    script="!done && ${forgeries[$what]} { done = 1 } { if (\$0 != \"\") print }"
    awk -F '\t' -v OFS='\t' -v s="$4" -v o="$2:$3" "$script" "$file" >"$forged"
    if cmp -s "$file" "$forged"; then
      fail "$1: nothing to forge: $what"
    else
      check "$1: the judge sees $what" test -n "$(verdict "$forged" "$2" "$3" "$4" "${5:-}" 2>/dev/null)"
    fi
  done
}
