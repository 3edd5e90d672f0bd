#!/usr/bin/env python3
"""rtsp_server.py FILE [--port N] [--loop] - plays a clip as a camera would.

A small RTSP 1.0 server (RFC 2326) with RTP of H.264 (RFC 6184) or H.265
(RFC 7798), interleaved in the connection or by UDP, on 127.0.0.1 alone.  There
is one time for all: who connects late joins at the next key frame, who comes
back finds the world older.  Tests cut connections and refuse them for a while.
Needs the ffmpeg command to take containers apart.
"""
import argparse
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

MTU = 1400


def nal_units(data):
    """Pieces between start codes of an Annex B stream."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        end = data.find(b"\0\0\1", at + 3)
        unit = data[at + 3:end if end >= 0 else len(data)]
        yield unit.rstrip(b"\0") if end >= 0 else unit
        at = end


class Clip:
    """Pictures as lists of NAL units, with the parameter sets aside."""

    def __init__(self, path, fps=None):
        probe = subprocess.run(
            ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=codec_name,r_frame_rate",
             "-of", "csv=p=0", path], capture_output=True, text=True, check=True).stdout.strip().split(",")
        self.hevc = probe[0] == "hevc"
        num, den = probe[1].split("/")
        self.fps = fps or float(num) / float(den)
        form = "hevc" if self.hevc else "h264"
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-an", "-c:v", "copy", "-bsf:v",
                              form + "_mp4toannexb", "-f", form, "-"], capture_output=True, check=True).stdout
        self.sets, self.pictures, self.keys = {}, [], []
        self._group(raw)
        self.seconds = len(self.pictures) / self.fps

    def _group(self, raw):
        fresh = []
        for unit in nal_units(raw):
            if not unit:
                continue
            kind = (unit[0] >> 1) & 63 if self.hevc else unit[0] & 31
            is_set = kind in ((32, 33, 34) if self.hevc else (7, 8))
            is_slice = kind < 32 if self.hevc else 1 <= kind <= 5
            first = is_slice and unit[2 if self.hevc else 1] & 0x80  # the picture's first slice
            if is_set:
                self.sets[kind] = unit
            if first:
                self.pictures.append(fresh + [unit])
                self.keys.append(16 <= kind <= 21 if self.hevc else kind == 5)
                fresh = []
            elif is_slice:
                self.pictures[-1].append(unit)
            else:
                fresh.append(unit)

    def sdp(self, control):
        from base64 import b64encode
        words = [b64encode(self.sets[k]).decode() for k in sorted(self.sets)]
        if self.hevc:
            fmtp = ";".join(f"sprop-{n}={w}" for n, w in zip(("vps", "sps", "pps"), words))
            name = "H265"
        else:
            fmtp = "packetization-mode=1;sprop-parameter-sets=" + ",".join(words)
            name = "H264"
        return ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=clip\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 {name}/90000\r\na=fmtp:96 {fmtp}\r\na=control:{control}\r\n")

    def payloads(self, index):
        """RTP payloads of one picture, in order."""
        for unit in self.pictures[index]:
            if len(unit) <= MTU:
                yield unit
                continue
            head = 2 if self.hevc else 1
            kind = (unit[0] >> 1) & 63 if self.hevc else unit[0] & 31
            body = unit[head:]
            for at in range(0, len(body), MTU - 3):
                part = body[at:at + MTU - 3]
                flags = (0x80 if at == 0 else 0) | (0x40 if at + MTU - 3 >= len(body) else 0) | kind
                if self.hevc:
                    yield bytes([unit[0] & 0x81 | 49 << 1, unit[1], flags]) + part
                else:
                    yield bytes([unit[0] & 0xE0 | 28, flags]) + part


class Session:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.lock = threading.Lock()
        self.udp = None  # (socket, address)
        self.channel = 0
        self.playing = False
        self.seq, self.ssrc = random.randrange(65536), random.randrange(1 << 32)

    def close(self):
        for s in (self.sock, self.udp and self.udp[0]):
            try:
                if s:
                    s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            try:
                if s:
                    s.close()
            except OSError:
                pass

    def send_picture(self, index, stamp):
        payloads = list(self.server.clip.payloads(index))
        for i, p in enumerate(payloads):
            rtp = struct.pack("!BBHII", 0x80, 96 | (0x80 if i == len(payloads) - 1 else 0), self.seq & 0xFFFF,
                              stamp & 0xFFFFFFFF, self.ssrc) + p
            self.seq += 1
            if self.udp:
                self.udp[0].sendto(rtp, self.udp[1])
            else:
                with self.lock:
                    self.sock.sendall(b"$" + struct.pack("!BH", self.channel, len(rtp)) + rtp)

    def run(self):
        try:
            data = b""
            while True:
                while b"\r\n\r\n" not in data:
                    more = self.sock.recv(65536)
                    if not more:
                        return
                    data += more
                    while data[:1] == b"$" and len(data) >= 4:  # their RTCP, not ours to read
                        n = 4 + struct.unpack("!H", data[2:4])[0]
                        if len(data) < n:
                            break
                        data = data[n:]
                head, data = data.split(b"\r\n\r\n", 1)
                if not self.answer(head.decode("latin-1")):
                    return
        except OSError:
            pass
        finally:
            self.playing = False
            self.close()
            self.server.forget(self)

    def reply(self, cseq, status="200 OK", headers=(), body=""):
        lines = [f"RTSP/1.0 {status}", f"CSeq: {cseq}", *headers]
        if body:
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        with self.lock:
            self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def answer(self, text):
        lines = text.split("\r\n")
        method, url = lines[0].split(" ")[:2]
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        cseq = headers.get("cseq", "0")
        self.server.log.append((method, headers.get("transport", "")))
        if self.server.auth and headers.get("authorization") != self.server.auth:
            self.reply(cseq, "401 Unauthorized", ['WWW-Authenticate: Basic realm="clip"'])
        elif method == "OPTIONS":
            self.reply(cseq, headers=["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"])
        elif method == "DESCRIBE":
            self.reply(cseq, headers=[f"Content-Base: {url}/"], body=self.server.clip.sdp("track0"))
        elif method == "SETUP":
            self.set_up(cseq, headers.get("transport", ""))
        elif method == "PLAY":
            self.reply(cseq, headers=["Session: 1", "Range: npt=0.000-"])
            self.playing = True
        elif method == "TEARDOWN":
            self.reply(cseq, headers=["Session: 1"])
            return False
        else:
            self.reply(cseq, headers=["Session: 1"])
        return True

    def set_up(self, cseq, transport):
        words = dict(w.partition("=")[::2] for w in transport.split(";"))
        if "RTP/AVP/TCP" in transport:
            self.channel = int(words.get("interleaved", "0-1").split("-")[0])
            answer = f"RTP/AVP/TCP;unicast;interleaved={self.channel}-{self.channel + 1}"
        else:
            port = int(words["client_port"].split("-")[0])
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("127.0.0.1", 0))
            self.udp = (s, ("127.0.0.1", port))
            mine = s.getsockname()[1]
            answer = f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port={mine}-{mine + 1}"
        self.reply(cseq, headers=[f"Transport: {answer}", "Session: 1"])


class Server:
    """with Server("clip.mp4") as s: ... s.url ...; s.cut(2.0)"""

    def __init__(self, path, port=0, loop=False, speed=1.0, auth=None, tls=None, fps=None, calm=0):
        self.clip = Clip(path, fps)
        self.calm = int(calm * self.clip.fps)  # after each round the first group of pictures for so many seconds
        self.loop, self.speed, self.auth = loop, speed, auth
        self.log, self.sessions, self.lock = [], [], threading.Lock()
        self.stop, self.refuse_until, self.started = threading.Event(), 0.0, None
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*tls)
        self.sock = socket.create_server(("127.0.0.1", port))
        self.port = self.sock.getsockname()[1]
        self.url = f"{'rtsps' if tls else 'rtsp'}://127.0.0.1:{self.port}/clip"
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._accept, self._play)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.sock.close()
        self._drop()

    def _drop(self):
        with self.lock:
            gone, self.sessions = self.sessions, []
        for s in gone:
            s.close()

    def cut(self, seconds):
        """Ends all connections and refuses new ones for a while."""
        self.refuse_until = time.monotonic() + seconds
        self._drop()

    def forget(self, session):
        with self.lock:
            if session in self.sessions:
                self.sessions.remove(session)

    def _accept(self):
        while not self.stop.is_set():
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            if time.monotonic() < self.refuse_until:
                sock.close()
                continue
            try:
                sock.settimeout(20)
                if self.tls:
                    sock = self.tls.wrap_socket(sock, server_side=True)
                sock.settimeout(120)  # players speak every half minute
            except OSError:
                continue
            session = Session(self, sock)
            with self.lock:
                self.sessions.append(session)
            threading.Thread(target=session.run, daemon=True).start()

    def _index(self, n):
        whole = len(self.clip.pictures)
        n %= whole + self.calm
        if n < whole:
            return n
        group = self.clip.keys.index(True, 1) if True in self.clip.keys[1:] else whole
        return (n - whole) % group

    def _play(self):
        """Time starts with the first listener."""
        joined, n = set(), 0
        while not self.stop.is_set():
            with self.lock:
                listeners = [s for s in self.sessions if s.playing]
            if self.started is None:
                if not listeners:
                    self.stop.wait(0.005)
                    continue
                self.started = time.monotonic()
            wait = self.started + n / self.clip.fps / self.speed - time.monotonic()
            if wait > 0:
                self.stop.wait(wait)
            if n >= len(self.clip.pictures) and not self.loop:
                self._drop()
                self.refuse_until = float("inf")
                return
            index = self._index(n)
            for s in listeners:
                if self.clip.keys[index]:
                    joined.add(s)
                try:
                    if s in joined:
                        s.send_picture(index, int(n * 90000 / self.clip.fps / self.speed))
                except OSError:
                    s.playing = False
            n += 1


def main():
    p = argparse.ArgumentParser()
    p.add_argument("file")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--loop", action="store_true")
    a = p.parse_args()
    with Server(a.file, a.port, a.loop) as s:
        print(s.url, flush=True)
        try:
            while not s.stop.wait(1):
                pass
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    sys.exit(main())
