#!/usr/bin/env python3
"""registers_real.py JIUAN [FOLDER] - the registers and the own page against a real
server with the demo: registers.mjs as the desk, the head of the community and a
resident.  With FOLDER pictures of every page are left there.  Ends with
registers.mjs's own "N passed, N failed"."""
import os
import signal
import subprocess
import sys
import tempfile

import desk_real


def main(jiuan, folder):
    with tempfile.TemporaryDirectory(prefix="jiuan-registers-") as data:
        server = subprocess.Popen([jiuan, "serve", "--demo", "--data", data, "--port", "0", "--web",
                                   str(desk_real.ROOT / "web/console/dist"), "--log", "error"],
                                  stdout=subprocess.PIPE, text=True, cwd=desk_real.ROOT)
        try:
            url = desk_real.ready_url(server)
            env = {**os.environ, "JIUAN_URL": url, "JIUAN_PASSWORD": desk_real.PASSWORD, "JIUAN_SHOTS": folder}
            return subprocess.run(["node", "tests/browser/registers.mjs"], cwd=desk_real.ROOT, env=env,
                                  timeout=420).returncode
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
