"""Where the golden cases run: commands as processes with a fixed environment, a worker, a client of the sidecar."""

from __future__ import annotations

import json
import os
import queue
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from golden_files import contents, read

FUSAR = ("-c", "from fusar_core.cli import main; main()")
"""What the command `fusar` runs."""
PATIENCE_S = 3600.0
"""How long any answer may take before the case has failed."""
TRIES = 3
"""Of a command for which Ray does not come up, as on a computer with much else to do."""
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUDA_VISIBLE_DEVICES": "",
    "COLUMNS": "120",
}
"""Environment in which a model says the same every time, and help is as wide."""
LIBRARIES = (
    "click", "matplotlib.pyplot", "numpy", "PIL.Image", "pyogrio.raw", "pyproj", "rasterio.features", "scipy.ndimage",
    "scipy.optimize", "scipy.spatial", "scipy.stats", "shapely", "peft", "torch",
    "transformers.models.qwen2_5_vl.modeling_qwen2_5_vl",
)  # fmt: skip
"""Of others, loaded once for all commands, where they are there: loading them takes longer than most commands do."""

_WARM = get_context("forkserver")
_WARM.set_forkserver_preload(list(LIBRARIES))


@dataclass(frozen=True)
class Bench:
    """Where a case runs. checkout: the code; data: the real data; work: an empty folder of the case's own."""

    checkout: Path
    data: Path
    work: Path

    @property
    def sample(self) -> Path:
        return self.checkout / "resources" / "sample"

    @property
    def harbour(self) -> Path:
        return self.sample / "harbour.tif"

    @property
    def embeddings(self) -> Path:
        return self.sample / "harbour_aef_2024.tif"

    @property
    def nano(self) -> Path:
        return self.checkout / "resources" / "models" / "fusar-nano"

    @property
    def ssdd_images(self) -> Path:
        return self.data / "detection" / "ssdd" / "images"

    @property
    def environment(self) -> dict[str, str]:
        """The same for every case, with none of the user's settings and an empty cache."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FUSAR_")}
        cache = {"FUSAR_CACHE_DIR": str(self.work / "cache")}
        return kept | ONE_THREAD | cache | {"PYTHONPATH": str(self.checkout)}

    def fusar(self, *words: Any, fresh: bool = False) -> dict[str, Any]:
        """What `fusar WORDS` says. fresh: in a process from nothing, for what starts processes itself.

        Raises RuntimeError where Ray does not come up: that is the computer's answer, not the program's.
        """
        for _ in range(TRIES):
            said = self._said((*FUSAR, *words), fresh)
            if not any("[RAY_UNAVAILABLE]" in line for line in said["stderr"]):
                return said
        raise RuntimeError(said["stderr"][-1])

    def module(self, name: str, *words: Any) -> dict[str, Any]:
        """What `python -m NAME WORDS` says."""
        return self._said(("-m", name, *words), fresh=False)

    def start(self, *words: Any, **pipes: Any) -> subprocess.Popen[bytes]:
        """`fusar WORDS` at work in the case's folder."""
        command = [sys.executable, *map(str, (*FUSAR, *words))]
        return subprocess.Popen(command, cwd=self.work, env=self.environment, **pipes)

    def file(self, name: str) -> Any:
        """What a file of the case's folder holds; see `contents`."""
        return contents(self.work / name)

    def _said(self, words: Sequence[Any], fresh: bool) -> dict[str, Any]:
        """Exit status, stdout, and of stderr what was meant for the user."""
        told = [str(word) for word in words]
        texts = self.work / "stdout.txt", self.work / "stderr.txt"
        if fresh:
            with open(texts[0], "wb") as out, open(texts[1], "wb") as err:
                status = self.start(*told[len(FUSAR) :], stdout=out, stderr=err).wait(PATIENCE_S)
        else:
            process = _WARM.Process(target=_work, args=(told, str(self.work), self.environment, *map(str, texts)))
            process.start()
            process.join(PATIENCE_S)
            if process.exitcode is None:
                process.kill()
                raise TimeoutError(f"{' '.join(told)} takes more than {PATIENCE_S} s.")
            status = process.exitcode
        out_text, err_text = (path.read_text("utf-8") for path in texts)
        for path in texts:
            path.unlink()
        command = told if told[0] == "-m" else ["fusar", *told[len(FUSAR) :]]
        return {
            "command": " ".join(command),
            "status": status,
            "stdout": read(out_text),
            "stderr": _for_the_user(err_text, status),
        }


def _work(words: list[str], folder: str, environment: dict[str, str], out: str, err: str) -> None:
    """What a forked process does: it becomes `python WORDS`, with stdout and stderr in files."""
    for path, number in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = ["", environment["PYTHONPATH"], *sys.path[1:]]
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [words[0], *words[2:]]
        exec(words[1], {"__name__": "__main__"})


def _for_the_user(text: str, status: int) -> list[str]:
    """Of stderr the lines that the program means for its user; of an unforeseen failure its end."""
    lines = [line for line in text.splitlines() if line.strip()]
    meant = [line for line in lines if re.match(r"(fusar|training|warning|note|Error|Usage|Try|rejected)\b", line)]
    return meant if meant or not status else lines[-3:]


def wait_for(happened: Callable[[], bool]) -> None:
    """Raises TimeoutError."""
    until = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > until:
            raise TimeoutError("It did not happen.")
        time.sleep(0.02)


@contextmanager
def worker(at: Bench) -> Iterator[str]:
    """The address of a `fusar serve` with the small model; it answers questions one by one, so always the same."""
    log = at.work / "serve.log"
    with open(log, "wb") as out:
        words = ("serve", "--port", 0, "--threads", 1, "--batch-size", 1)
        process = at.start(*words, stdout=out, stderr=out)
    try:
        wait_for(lambda: bool(_addresses(log)) or process.poll() is not None)
        if not _addresses(log):
            raise RuntimeError(f"fusar serve ended: {log.read_text()[-2000:]}")
        yield _addresses(log)[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def _addresses(log: Path) -> list[str]:
    return re.findall(r"fusar: .*(http://127\.0\.0\.1:\d+/v1)", log.read_text())


class Client:
    """Talks to a sidecar, one request at a time."""

    def __init__(self, at: Bench) -> None:
        pipe = subprocess.PIPE
        self.process = at.start("sidecar", stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        self._inbox: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._last = 0

    def ask(self, method: str, /, **params: Any) -> dict[str, Any]:
        """A request, and all messages up to its answer."""
        return {"method": method, "params": params, "messages": _thinned(self._until(self._send(method, params)))}

    def cancelled(self, method: str, /, **params: Any) -> dict[str, Any]:
        """A request that is cancelled when it has found something; of its messages what does not depend on when."""
        ident = self._send(method, params)
        cancels: list[int] = []

        def seen(message: dict[str, Any]) -> None:
            found = message.get("method") == "features" and message["params"]["geojson"]["features"]
            if found and not cancels:
                cancels.append(self._send("cancel", {"id": ident}))

        messages = self._until(ident, seen)
        final = [m["params"] for m in messages if m.get("method") == "features" and not m["params"]["provisional"]]
        progress = [m["params"] for m in messages if m.get("method") == "progress"]
        return {
            "method": method,
            "params": params,
            "cancel": [m["result"] for m in messages if m.get("id") in cancels],
            "answer": {k: v for k, v in messages[-1].items() if k != "id"},
            "layers at the end": [p["layer"] for p in final],
            "they are partial": [p["partial"] for p in final],
            "they hold some": [bool(p["geojson"]["features"]) for p in final],
            "metadata": [p.get("metadata") for p in final],
            "properties": sorted({k for p in final for f in p["geojson"]["features"] for k in f["properties"]}),
            "chips were left": all(p["done"] < p["total"] for p in progress),
        }

    def close(self) -> None:
        """Ends the sidecar as a client that goes away."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._inbox.put(line)
        self._inbox.put(b"")

    def _send(self, method: str, params: dict[str, Any]) -> int:
        assert self.process.stdin
        self._last += 1
        request = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return self._last

    def _until(self, ident: int, seen: Callable[[dict[str, Any]], None] = lambda message: None) -> list[dict[str, Any]]:
        """All messages up to the answer to a request. Raises RuntimeError where none comes."""
        messages: list[dict[str, Any]] = []
        while line := self._inbox.get(timeout=PATIENCE_S):
            messages.append(json.loads(line))
            seen(messages[-1])
            if messages[-1].get("id") == ident:
                return messages
        raise RuntimeError(f"The sidecar ended before it answered request {ident}.")


def _thinned(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of progress that follows on progress the last; without the number of the request."""
    kept: list[dict[str, Any]] = []
    for message in messages:
        if kept and message.get("method") == "progress" == kept[-1].get("method"):
            kept.pop()
        params = {k: v for k, v in message.get("params", {}).items() if k != "id"}
        kept.append({k: v for k, v in message.items() if k != "id"} | ({"params": params} if params else {}))
    return kept
