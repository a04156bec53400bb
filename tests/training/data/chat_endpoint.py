"""A local endpoint that answers like a teacher behind the OpenAI protocol."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from aef_servers import LocalServer

GOOD = "A harbour basin with calm dark water. 2 ships in cells 1 and 9, bright against it; 1 plane in cell 5."


def said(description: str = GOOD, counts: Any = None, **fields: Any) -> str:
    steps = {name: "…" for name in ("geography", "human_use", "scattering", "instances")}
    counts = {"plane": 1, "ship": 2} if counts is None else counts
    return json.dumps({**steps, "counts": counts, "description": description, **fields})


class _Chat(BaseHTTPRequestHandler):
    owner: Endpoint

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.owner.lock:
            self.owner.asked.append((self.path, self.headers.get("Authorization"), body))
            answer = self.owner.answers.pop(0) if self.owner.answers else said()
        if isinstance(answer, int):
            return self._send(answer, b'{"error": {"message": "no"}}')
        if isinstance(answer, bytes):
            return self._send(200, answer)
        content = {  # the shape that vLLM and OpenAI answer in
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1700000000,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer},
                    "finish_reason": "stop",
                    "logprobs": None,
                }
            ],
            "usage": {"prompt_tokens": 900, "completion_tokens": 120, "total_tokens": 1020},
        }
        self._send(200, json.dumps(content).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(content)


@dataclass
class Endpoint(LocalServer):
    """answers: what comes next, a text, a status, or a raw body; a good one when they run out."""

    handler: type[BaseHTTPRequestHandler] = _Chat
    answers: list[Any] = field(default_factory=list)
    asked: list[tuple[str, str | None, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
