"""TLS with a certificate of our own: the cookie, the versions, a server without its key."""
import os
import shutil
import socket
import ssl
import subprocess

from rig import check, folder, post_events, event, raw, run, same, server, skip, trusting


def tls(jiuan, _):
    openssl = shutil.which("openssl")
    if openssl is None:
        skip("TLS: no openssl command to make a certificate")
        return
    with folder() as d:
        cert, key = os.path.join(d, "cert.pem"), os.path.join(d, "key.pem")
        subprocess.run([openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", key, "-out", cert], capture_output=True, check=True)
        with server(jiuan, "--tls-cert", cert, "--tls-key", key) as s:
            check("https://127.0.0.1" in s.said, f"says https: {s.said[:100]!r}")
            c = s.client(tls=trusting())
            answer = c.login("chenxiao")
            same(answer.status, 200, "sign in")
            lines = answer.headers.get_all("Set-Cookie")
            mine = next((x for x in lines if x.startswith("__Host-jiuan_session=")), "")
            for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
                check(word in mine, f"{word} in {mine!r}")
            check("Domain" not in mine, "a __Host- cookie has no Domain")
            check(all("Secure" in x for x in lines), f"every cookie is Secure: {lines}")
            same(c.get("/api/me").status, 200, "the session works")
            bare = {"Cookie": "jiuan_session=" + c.cookies["__Host-jiuan_session"]}
            same(c.get("/api/me", bare).status, 401, "the name without __Host- is not taken over TLS")
            same(c.post("/api/watch/silence", {}, {"Origin": f"https://127.0.0.1:{s.port}"}).status, 400, "this origin")
            same(c.post("/api/watch/silence", {}, {"Origin": "https://evil.example"}).status, 403, "another origin")
            same(post_events(c, s.key(), [event("tls-1")]).json.get("accepted"), 1, "a device over TLS")
            check(b"HTTP/1.1 2" not in raw(s.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 3),
                  "no plain HTTP on this port")
            versions(s)
            half_open(s, c)
            same(s.stop(), 0, "stops")
        mistakes(jiuan, d, cert, key)


def versions(s):
    for low, high, want in ((ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3, "TLSv1.3"),
                            (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2,
                            "TLSv1.2"), (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, None)):
        context = trusting()
        try:
            context.minimum_version, context.maximum_version = low, high
            if want is None:
                context.set_ciphers("ALL:@SECLEVEL=0")
            with socket.create_connection(("127.0.0.1", s.port), timeout=5) as plain, context.wrap_socket(plain) as x:
                got = x.version()
        except (ssl.SSLError, OSError, ValueError):
            got = None
        same(got, want, f"a client of {low.name} to {high.name}")


def half_open(s, c):
    """Fifty clients begin a handshake and say no more."""
    socks = [socket.create_connection(("127.0.0.1", s.port), timeout=5) for _ in range(50)]
    for x in socks:
        x.sendall(b"\x16\x03\x01\x02\x00")
    same(c.get("/api/me").status, 200, "others go on beside half-open handshakes")
    same(s.client(tls=trusting()).get("/healthz").status, 200, "new ones, too")
    for x in socks:
        x.close()


def mistakes(jiuan, d, cert, key):
    at = ["serve", "--data", os.path.join(d, "data"), "--port", "0", "--web", "none"]
    for what, args in (("a certificate without a key", ["--tls-cert", cert]),
                       ("a key without a certificate", ["--tls-key", key]),
                       ("a file that is not there", ["--tls-cert", cert, "--tls-key", os.path.join(d, "none")]),
                       ("the key in place of the certificate", ["--tls-cert", key, "--tls-key", key])):
        r = run(jiuan, *at, *args, seconds=20)
        check(r.returncode == 1 and r.stderr.strip(), f"{what}: {r.returncode} {r.stderr!r}")


TESTS = [tls]
