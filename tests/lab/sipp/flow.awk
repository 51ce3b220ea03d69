# Makes one side's sipp scenario of a flow: awk -v name=FLOW -v side=A|B [-v auth=0] -f flow.awk flows.txt
# A is the phone: it registers first, under one Call-ID that sipp takes for the call's own ("reg///…"), and shows a
# password when its first request of a dialog is challenged. B is at the far end. K are answers that a server makes.
# A line: SIDE METHOD|CODE [OPTION]... [| HEADER]... The options:
#   sdp, sdp=KIND     a body: offer, hold, held, t38, t38ok, crypto, narrow   body=KIND  text, dtmf, pidf, trying, frag200
#   of=METHOD         the request that a response answers; else the other side's last
#   to=NUMBER         whom A's request is for, else -key number               tag=T   the To tag of B's response
#   free              a request outside the dialog that stands                noauth  the server asks no password
#   once              a request that is not sent again
#   big               ten headers of 120 octets                               mf=N    Max-Forwards
# and "SIDE pause MS". "A/B" for a side: A sends it, and only B's scenario has it here.
function out(line) { text = text line "\n" }
function mine() { return side == "A" ? "<sip:[user]@[domain]>" : "\"Bee\" <sip:[number]@[domain]>" }
function option(key,   i) {
  for (i = 3; i <= words; i++) {
    if (word[i] == key) return "1"
    if (index(word[i], key "=") == 1) return substr(word[i], length(key) + 2)
  }
  return ""
}
function sdp(kind,   at, v, m, a) {
  at = "IN IP4 [local_ip]"
  v = ++version
  m = "m=audio [media_port] RTP/AVP 0 8 101"
  a = "a=sendrecv"
  if (kind == "hold") a = "a=sendonly"
  if (kind == "held") a = "a=recvonly"
  if (kind == "narrow") m = "m=audio [media_port] RTP/AVP 0 101"
  if (kind ~ /^t38/)
    return "v=0\no=- 1000 " v " " at "\ns=-\nc=" at "\nt=0 0\nm=image [media_port] udptl t38\na=T38FaxVersion:0\na=T38MaxBitRate:14400\n" \
      "a=T38FaxRateManagement:transferredTCF\na=T38FaxMaxDatagram:400\na=T38FaxUdpEC:t38UDPRedundancy\n"
  if (kind == "crypto") {
    m = "m=audio [media_port] RTP/SAVP 0 101"
    a = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\na=sendrecv"
  }
  return "v=0\no=- 1000 " v " " at "\ns=a b  c\nc=" at "\nt=0 0\n" m "\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\na=x-odd: Left  As Is\n" a "\n"
}
function body(   kind) {
  if ((kind = option("sdp")) != "") return "Content-Type: application/sdp\nContent-Length: [len]\n\n" sdp(kind)
  kind = option("body")
  if (kind == "text") return "Content-Type: text/plain;charset=UTF-8\nContent-Length: [len]\n\nHe said:  192.168.1.50, and no more.\n"
  if (kind == "dtmf") return "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\nSignal=5\nDuration=160\n"
  if (kind == "pidf") return "Content-Type: application/pidf+xml\nContent-Length: [len]\n\n<?xml version=\"1.0\"?><presence entity=\"sip:[user]@192.168.1.50\"/>\n"
  if (kind == "trying") return "Content-Type: message/sipfrag;version=2.0\nContent-Length: [len]\n\nSIP/2.0 100 Trying\n"
  if (kind == "frag200") return "Content-Type: message/sipfrag;version=2.0\nContent-Length: [len]\n\nSIP/2.0 200 OK\n"
  return "Content-Length: 0\n\n"
}
function extra(   i, lines) {
  lines = "X-Unknown:  odd  Spacing\nx-CASE-[call_number]: \"A, b\" ;c\n"
  for (i = 2; i <= parts; i++) lines = lines part[i] "\n"
  if (option("big")) for (i = 1; i <= 10; i++) lines = lines "X-Big-" i ": 0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\n"
  return lines
}
function send(message, more) { out("  <send" more "><![CDATA[\n\n" message "\n]]></send>") }
function recv(what, actions, more) {
  out("  <recv " what more ">" (actions == "" ? "" : "<action>" actions "</action>") "</recv>")
}
function take(header, variable, regexp) {
  used[variable] = 1
  return "<ereg regexp=\"" (regexp == "" ? ".*" : regexp) "\" search_in=\"hdr\" header=\"" header ":\" assign_to=\"" variable "\"/>"
}
function contact() { return "Contact: <sip:" (side == "A" ? "[user]" : "[number]") "@[local_ip]:[local_port];transport=[transport]>" }
function via(branch) { return "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=" branch }
function request(method, credentials,   uri, to, from, c, branch, r) {
  to = option("to") == "" ? (side == "A" ? "[number]" : "[user]") : option("to")
  to = "<sip:" to "@[domain]>"
  from = mine() ";tag=[pid]" side
  uri = substr(to, 2, length(to) - 2)
  if (method == "ACK" || method == "CANCEL") c = invite_cseq
  else c = ++cseq
  branch = "z9hG4bK[pid]" side c method
  if (method == "INVITE") { invite_cseq = c; invite_branch = branch; invite_uri = uri }
  if (method == "CANCEL" || (method == "ACK" && refused)) {
    branch = invite_branch
    if (!reinvited) uri = invite_uri
  }
  if (inside && !option("free") && method != "CANCEL" && !(method == "ACK" && refused && !reinvited)) {
    uri = "[$target]"
    to = "[$peer]"
    if (caller != side) from = "[$me];tag=" own_tag
    r = "[routes]\n"
  } else if (method == "ACK") to = "[$refuser]"
  return method " " uri " SIP/2.0\n" via(branch) "\n" r "From: " from "\nTo: " to "\nCall-ID: [call_id]\nCSeq: " c " " method "\n" \
    (method ~ /^(INVITE|UPDATE|SUBSCRIBE|REFER|NOTIFY)$/ ? contact() "\n" : "") credentials "Max-Forwards: " (option("mf") == "" ? 70 : option("mf")) "\n" extra() body()
}
function register(credentials) {
  return "REGISTER sip:[domain] SIP/2.0\n" via("z9hG4bK[pid]reg" (credentials != "") "-[user]") "\nFrom: <sip:[user]@[domain]>;tag=[pid]reg\nTo: <sip:[user]@[domain]>\n" \
    "Call-ID: reg///[call_id]\nCSeq: " (101 + (credentials != "")) " REGISTER\n" contact() ";+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-[user]00000000>\";X-odd=\"a  b\";expires=[expires]\n" \
    credentials "Max-Forwards: 70\nContent-Length: 0\n\n"
}
# The ACK to a challenge has none of the options of its INVITE.
function acknowledge(   had_words, had_parts) {
  had_words = words
  had_parts = parts
  words = parts = refused = 1
  send(request("ACK", ""), "")
  words = had_words
  parts = had_parts
  refused = 0
}
function sends(method,   first) {
  first = !inside || option("free")
  if (method !~ /^(ACK|CANCEL)$/) { refused = 0; reinvited = method == "INVITE" && inside; if (caller == "") caller = side }
  if (side == "A" && auth && first && method !~ /^(ACK|CANCEL)$/ && !option("noauth")) {
    send(request(method, ""), " retrans=\"500\"")
    recv("response=\"100\"", "", " optional=\"true\"")
    recv("response=\"407\"", take("To", "refuser"), " auth=\"true\"")
    if (method == "INVITE") { acknowledge() }
    version = version > 0 && option("sdp") != "" ? version - 1 : version
    send(request(method, "[authentication]\n"), option("once") ? "" : " retrans=\"500\"")
  } else send(request(method, ""), method == "ACK" || option("once") ? "" : " retrans=\"500\"")
}
function receives(method,   actions) {
  if (method ~ /^(INVITE|SUBSCRIBE)$/) actions = take("Via", "ivia") take("From", "ifrom") take("To", "ito") take("CSeq", "icseq") take("Record-Route", "irr")
  if (caller == "") caller = side == "A" ? "B" : "A"
  if (method !~ /^(ACK|CANCEL)$/) fresh = (!inside && caller != side) || option("free") != ""
  if (method ~ /^(INVITE|SUBSCRIBE)$/) invite_fresh = fresh
  if (!inside && !option("free") && caller != side) {
    actions = actions take("From", "peer") take("To", "me")
    inside = method ~ /^(INVITE|SUBSCRIBE|REFER)$/
  }
  if (method ~ /^(INVITE|UPDATE|SUBSCRIBE|REFER|NOTIFY)$/) actions = actions take("Contact", "target", "sip:[^>]*")
  recv("request=\"" method "\"", actions, method ~ /^(INVITE|SUBSCRIBE|REFER)$/ ? " rrs=\"true\"" : "")
}
function answers(code, method,   head, tag) {
  own_tag = option("tag") == "" ? "[pid]" side : option("tag")
  if (method == "INVITE" || option("of") == "SUBSCRIBE") {
    tag = invite_fresh ? ";tag=" own_tag : ""
    head = "Via:[$ivia]\n" (last[side == "A" ? "B" : "A"] == method ? "[last_Record-Route:]\n" : side == "B" ? "Record-Route:[$irr]\n" : "") "From:[$ifrom]\nTo:[$ito]" tag "\nCall-ID: [call_id]\nCSeq:[$icseq]\n"
  } else {
    tag = fresh ? ";tag=" own_tag : ""
    head = "[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:]" tag "\n[last_Call-ID:]\n[last_CSeq:]\n"
  }
  send("SIP/2.0 " code " " (code == 200 ? "OK" : "As  It Is") "\n" head (method ~ /^(INVITE|UPDATE|SUBSCRIBE|REFER|NOTIFY)$/ && code > 100 ? contact() "\n" : "") extra() body(), \
    method == "INVITE" && code >= 200 ? " retrans=\"500\"" : "")
}
BEGIN {
  if (auth == "") auth = 1
  own_tag = "[pid]" side
}
/^#/ { next }
/^== / { on = $2 == name; next }
!on || NF == 0 { next }
{
  parts = split($0, part, / *\| */)
  words = split(part[1], word, / +/)
  who = substr(word[1], 1, 1)
  if (word[1] ~ /\// && substr(word[1], 3) != side) next
  what = word[2]
  if (!started++) {
    out("<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"" name "\">")
    if (side == "A") {
      send(register(""), " retrans=\"500\"")
      recv("response=\"100\"", "", " optional=\"true\"")
      if (auth) {
        recv("response=\"401\"", "", " auth=\"true\"")
        send(register("[authentication]\n"), " retrans=\"500\"")
        recv("response=\"100\"", "", " optional=\"true\"")
      }
      recv("response=\"200\"")
    }
  }
  if (what == "pause") { if (who == side) out("  <pause milliseconds=\"" word[3] "\"/>"); next }
  if (who == "K" && side == "B") next
  if (what ~ /^[0-9]+$/) {
    method = option("of") == "" ? last[who == "B" || who == "K" ? "A" : "B"] : option("of")
    if (who == side) answers(what, method)
    else {
      actions = ""
      if (what >= 300) { actions = take("To", "refuser"); if (method == "INVITE") refused = 1 }
      else if (what > 100 && who != "K" && caller == side && method ~ /^(INVITE|SUBSCRIBE|REFER)$/) { actions = take("To", "peer") take("Contact", "target", "sip:[^>]*"); inside = 1 }
      else if (who != "K" && method ~ /^(INVITE|UPDATE)$/) actions = take("Contact", "target", "sip:[^>]*")
      if (method == "INVITE" && what != 100) recv("response=\"100\"", "", " optional=\"true\"")
      recv("response=\"" what "\"", actions, what > 100 && what < 300 && who != "K" && method ~ /^(INVITE|SUBSCRIBE|REFER)$/ ? " rrs=\"true\"" : "")
    }
    next
  }
  last[who] = what
  if (who == side) sends(what)
  else receives(what)
}
END {
  for (variable in used) names = names (names == "" ? "" : ",") variable
  if (names != "") out("  <Reference variables=\"" names "\"/>")
  out("</scenario>")
  printf "%s", text
}
