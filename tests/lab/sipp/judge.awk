# Compares what one end of a flow sent with what arrived at the other, message by message and header by header, from
# sipp's two message logs: awk -v phone=ADDRESS -v central=ADDRESS -v hosts=A,B,… -f judge.awk A.messages B.messages
# phone: Dropwire as the phone knows it, central: as the server knows it; neither: there is none on the path.
# hosts: addresses which may stand for each other in From, To, Refer-To. once=1: B gets each message but once. Says what is wrong; last line: "compared N".
function wrong(what) { print what " (" substr(key, 1, 60) ")"; bad = 1 }
function finish(   i, n, line, header, name, value, cseq, tag) {
  if (!inside) return
  inside = 0
  n = split(message, line, "\n")
  cseq = tag = ""
  head_end = n
  for (i = 1; i <= n; i++) if (line[i] == "") { head_end = i; break }
  for (i = 2; i < head_end; i++) {
    name = tolower(substr(line[i], 1, index(line[i], ":") - 1))
    value = substr(line[i], index(line[i], ":") + 1)
    if (name == "cseq") { cseq = value; gsub(/ /, "", cseq) }
    if (name == "call-id" && value !~ /@flow$/) return # Dropwire's own
    if (name == "to" && match(value, /;tag=[^;]*/)) tag = substr(value, RSTART, RLENGTH)
  }
  split(line[1], header, " ")
  key = header[1] == "SIP/2.0" ? header[2] " " cseq " " tag : header[1] " " cseq
  if (cseq ~ /REGISTER/) { registration(line, head_end); return }
  times[dir, end, key]++
  if ((dir, end, key) in text) return
  order[++count] = dir SUBSEP end SUBSEP key
  text[dir, end, key] = message
}
function registration(line, n,   i) {
  for (i = 2; i < n; i++) if (line[i] ~ /^Contact:/) {
    if (dir == "sent") registered = line[i]
    else if (line[1] ~ / 200 /) {
      value = registered
      sub(/;expires=.*/, "", value)
      if (phone != "" && index(line[i], value) != 1) wrong("the phone's Contact is not given back as it was: " line[i] " for " registered)
      if (phone != "" && line[i] !~ /;expires=[0-9]+/) wrong("no expires in " line[i])
      given++
    }
  }
}
# A message without what a proxy may change, one header a line, then its body.
function bare(message,   i, n, line, result, name, body) {
  n = split(message, line, "\n")
  for (i = 1; i <= n; i++) {
    if (!body && line[i] == "") { body = 1; result = result "\n"; continue }
    if (i == 1) { if (line[1] ~ /^SIP/) result = line[1] "\n"; continue }
    if (!body) {
      name = tolower(substr(line[i], 1, index(line[i], ":") - 1))
      if (name ~ /^(via|max-forwards|route|record-route|contact|content-length|authorization|proxy-authorization)$/) continue
      if (name ~ /^(from|to|refer-to|referred-by)$/) line[i] = hostless(line[i])
    } else {
      if (line[i] ~ /^c=/) line[i] = "c="
      if (line[i] ~ /^o=/) sub(/ [0-9]+ IN IP4 .*/, "", line[i])
      if (line[i] ~ /^m=/ && line[i] !~ /^m=[a-z]+ 0 /) sub(/ [0-9]+ /, " ", line[i])
    }
    result = result line[i] "\n"
  }
  sub(/\n+$/, "", result)
  return result
}
function hostless(line,   i, n, host) {
  n = split(hosts, host, ",")
  for (i = 1; i <= n; i++) while (host[i] != "" && match(line, "@" quoted(host[i]) "(:5060)?"))
    line = substr(line, 1, RSTART - 1) "@HOST" substr(line, RSTART + RLENGTH)
  return line
}
function quoted(s) { gsub(/\./, "\\.", s); return s }
function difference(a, b,   i, n, m, x, y) {
  n = split(a, x, "\n")
  m = split(b, y, "\n")
  for (i = 1; i <= n || i <= m; i++) if (x[i] != y[i]) return "'" x[i] "' arrived as '" y[i] "'"
  return ""
}
# What Dropwire must have put in, and must have kept back.
function masked(message, address, where,   i, n, line, body) {
  n = split(message, line, "\n")
  for (i = 2; i <= n; i++) {
    if (line[i] == "") body = 1
    if (!body && where == "phone" && line[i] ~ /^Record-Route:/) wrong("a Record-Route reached the phone: " line[i])
    if (!body && where == "phone" && line[i] ~ /^Route:/) wrong("a Route reached the phone: " line[i])
    if (!body && line[i] ~ /^Contact:/ && line[i] !~ ("@" quoted(address) "(:5060)?(:[0-9]+;transport=tcp)?[;>]")) wrong("Contact is not Dropwire's: " line[i])
    if (body && line[i] ~ /^m=/ && line[i] !~ /^m=[a-z]+ 2[0-9][0-9][0-9][0-9] /) wrong("SDP has not Dropwire's port: " line[i])
    if (body && line[i] ~ /^c=/ && line[i] != "c=IN IP4 " address) wrong("SDP has not Dropwire's address: " line[i])
  }
}
FNR == 1 { finish(); end++; state = 0 }
{ sub(/\r$/, "") }
/^-----------------------------------------------/ { finish(); state = 1; next }
state == 1 && /^(UDP|TCP) message (sent|received)/ { dir = $3; state = 2; next }
state == 2 && $0 == "" { state = 3; message = ""; inside = 1; next }
state == 3 { message = message (message == "" ? "" : "\n") $0 }
END {
  finish()
  for (i = 1; i <= count; i++) {
    split(order[i], o, SUBSEP)
    if (o[1] != "received") continue
    key = o[3]
    if (key ~ /^(100|401|407) / || key ~ /CANCEL/) continue
    other = 3 - o[2]
    if (!(("sent", other, key) in text)) {
      # Made on the way: the answer to what was cancelled or dialled wrong.
      if (o[2] == 1 && key ~ /^[3-6][0-9][0-9] /) continue
      wrong("arrived and nobody sent it")
      continue
    }
    # An ACK to a refusal is each hop's own; the end's has our headers.
    if (key ~ /^ACK/ && text["received", o[2], key] !~ /X-Unknown/) continue
    d = difference(bare(text["sent", other, key]), bare(text["received", o[2], key]))
    if (d != "") wrong(d)
    # Both ends repeat a 2xx and its ACK, and an end that hears a request again its 1xx: nobody between keeps those.
    if (once && o[2] == 2 && key !~ /^(ACK|1|2.*INVITE)/ && times["received", 2, key] > 1) wrong("arrived " times["received", 2, key] " times")
    if (phone != "") masked(text["received", o[2], key], o[2] == 1 ? phone : central, o[2] == 1 ? "phone" : "server")
    compared++
  }
  if (!compared && end == 2) wrong("nothing to compare")
  print "compared " compared + 0
  exit bad
}
