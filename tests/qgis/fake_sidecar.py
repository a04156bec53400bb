"""A sidecar that misbehaves as its argument says; what the real one does is tested with the real one."""

from __future__ import annotations

import json
import os
import sys
import time

GARBLED = {
    "params is a list": '{"jsonrpc": "2.0", "method": "features", "params": [1, {"id": ID}]}',
    "params is a text": '{"jsonrpc": "2.0", "method": "progress", "params": "ID"}',
    "id is a list": '{"jsonrpc": "2.0", "id": [ID], "result": 3}',
    "result is a list": '{"jsonrpc": "2.0", "id": ID, "result": [1]}',
    "error is a text": '{"jsonrpc": "2.0", "id": ID, "error": "no"}',
    "data is a text": '{"jsonrpc": "2.0", "id": ID, "error": {"code": 1, "data": "no"}}',
    "method is a number": '{"jsonrpc": "2.0", "method": 3, "params": {"id": ID}}',
    "torn": '{"jsonrpc": "2.0", "id": ID, "resu',
    "bottomless": '{"jsonrpc": "2.0", "id": ID, "result": ' + "[" * 100_000,
    "no layer": '{"jsonrpc": "2.0", "method": "features", "params": {"id": ID}}',
}


def write(message: dict) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
    sys.stdout.flush()


def serve(behaviour: str) -> None:
    """Until its client is gone."""
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
        elif behaviour == "garbled" and method in GARBLED:
            sys.stdout.write(GARBLED[method].replace("ID", str(ident)) + "\n")
            sys.stdout.flush()
        elif behaviour == "slow":
            time.sleep(0.3)
            write({"id": ident, "result": request["params"]})
        else:
            write({"id": ident, "result": request["params"]})


if __name__ == "__main__":
    serve(sys.argv[1])
