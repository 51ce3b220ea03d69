#!/usr/bin/env python3
"""Opens sessions on an rtpengine by its ng protocol (bencoded requests over UDP): media_rtpengine.py STREAMS MAP

Each session is an offer and an answer between 10.77.1.2 and 10.77.2.2; MAP gets the ports, a line a session."""
import re
import socket
import sys
import time


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        octets = value.encode()
        return b"%d:%s" % (len(octets), octets)
    if isinstance(value, list):
        return b"l" + b"".join(bencode(item) for item in value) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


class Engine:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", 2223))
        self.socket.settimeout(5)
        self.cookie = 0

    def ask(self, **request):
        self.cookie += 1
        request = {key.replace("_", "-"): value for key, value in request.items()}
        self.socket.send(b"%d " % self.cookie + bencode(request))
        return self.socket.recv(65536)

    def port(self, **request):
        """The port of the session description that comes back."""
        answer = self.ask(flags=["trust-address"], replace=["origin", "session-connection"], **request)
        found = re.search(rb"m=audio (\d+)", answer)
        if not found:
            sys.exit("rtpengine said: %r" % answer)
        return int(found.group(1))


def description(address, port):
    return ("v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio {1} RTP/AVP 0\r\n"
            "a=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n").format(address, port)


def main():
    streams, path = int(sys.argv[1]), sys.argv[2]
    engine = Engine()
    start = time.time()
    with open(path, "w") as out:
        for i in range(streams):
            port, call = 30000 + 2 * i, "call-%d" % i
            to_server = engine.port(command="offer", call_id=call, from_tag="a", direction=["int", "ext"], ICE="remove",
                                    sdp=description("10.77.1.2", port))
            to_phone = engine.port(command="answer", call_id=call, from_tag="a", to_tag="b",
                                   sdp=description("10.77.2.2", port))
            out.write("%d %d %d %d\n" % (port, to_phone, port, to_server))
    print("ready streams=%d setups_per_s=%.0f" % (streams, streams / (time.time() - start)))


main()
