"""`fusar sidecar`: the engine as a child process of QGIS."""

from __future__ import annotations

import contextlib
import logging
import os
import sys

import click


@click.command()
@click.option("--verbose", is_flag=True, help="Also log what is done, not only what goes wrong.")
def command(verbose: bool) -> None:
    """Answer JSON-RPC 2.0 requests on stdin, one object a line, until stdin ends.

    The QGIS plugin starts this; people have no need to. Answers and
    notifications go to stdout, the log to stderr.
    """
    from fusar_core.sidecar.server import Sidecar, guarded_stdout

    sink = guarded_stdout()
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with contextlib.suppress(KeyboardInterrupt):
        Sidecar(sys.stdin.buffer, sink).serve()
    # Threads that did not stop in time, and libraries' own, must not keep the process: nobody listens any more.
    sys.stderr.flush()
    os._exit(0)
