"""A sidecar that misbehaves as its argument says; what the real one does is tested with the real one."""

from __future__ import annotations

import json
import os
import sys
import time

behaviour = sys.argv[1]


def write(message: dict) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
    sys.stdout.flush()


if behaviour == "broken":
    sys.exit("ImportError: libproj.so.25: cannot open shared object file")
if behaviour == "old":
    sys.stderr.write("Usage: fusar [OPTIONS] COMMAND [ARGS]...\nError: No such command 'sidecar'.\n")
    sys.exit(2)

for line in sys.stdin:
    request = json.loads(line)
    ident, method = request.get("id"), request["method"]
    if behaviour == "noise":
        print("Warning: a library that prints\n[1, 2]\n{}\n\x00")
        write({"id": 999, "result": {"for": "nobody"}})
        write({"method": "progress", "params": {"id": 999, "done": 1, "total": 1}})
    if method == "initialize":
        protocol = 0 if behaviour == "another protocol" else 1
        write({"id": ident, "result": {"protocol": protocol, "version": "0.0.1", "engines": []}})
    elif method == "shutdown":
        write({"id": ident, "result": {}})
        sys.exit(0)
    elif behaviour == "dies":
        write({"method": "progress", "params": {"id": ident, "done": 1, "total": 9}})
        os._exit(3)
    elif behaviour == "deaf":  # to cancels
        if method != "cancel":
            write({"method": "progress", "params": {"id": ident, "done": 1, "total": 9}})
    elif behaviour == "environment":
        write({"id": ident, "result": dict(os.environ)})
    elif behaviour == "slow":
        time.sleep(0.3)
        write({"id": ident, "result": request["params"]})
    else:
        write({"id": ident, "result": request["params"]})
