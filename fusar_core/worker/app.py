"""The HTTP interface: a FastAPI application that describes itself, behind a guard that nothing gets past unchecked."""

from __future__ import annotations

import base64
import io
import logging
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import HTTPException
from fastapi.responses import JSONResponse, PlainTextResponse
from PIL import Image
from starlette.exceptions import HTTPException as StarletteHTTPException

from fusar_core import __version__
from fusar_core.errors import BadOption, FusarError, UnknownModel, WorkerBusy, WorkerFailed
from fusar_core.tasks import counting
from fusar_core.worker import schema
from fusar_core.worker.body import MOST_KEY, Message, Receive, Scope, Send, send_error
from fusar_core.worker.front import Front
from fusar_core.worker.refusals import error_body

OPEN_PATHS = ("/health", "/ready", "/openapi.json")
"""Paths that anybody may see: they tell nothing about the model."""
COUNTED = (*OPEN_PATHS, "/metrics", "/v1/models", "/v1/chat/completions")
"""Paths by which requests are counted; all others are one."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

log = logging.getLogger(__name__)


def make_app(front: Front, crowded: Callable[[], bool] = lambda: False) -> Guard:
    """The ASGI application that serves a front. crowded: whether there are too many connections to take questions."""
    return Guard(front, describe(front), crowded)


def describe(front: Front) -> FastAPI:
    """The routes and their documentation."""
    app = FastAPI(
        title="FUSAR worker",
        version=__version__,
        summary="Questions about SAR images, answered by FUSAR-GPT, over OpenAI's chat API.",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    locked: dict[str, Any] = {"security": [{"key": []}]} if front.keys else {}
    failures = _failures(401) if front.keys else {}

    @app.get("/health", response_model=schema.Health, tags=["state"])
    async def health() -> Any:
        """The process is alive."""
        return {"status": "ok"}

    @app.get("/ready", response_model=schema.Health, responses={503: {"model": schema.Health}}, tags=["state"])
    async def ready() -> Any:
        """Questions are answered now."""
        state = "ready" if front.ready else "stopping" if front.draining else "starting"
        return JSONResponse({"status": state}, 200 if front.ready else 503)

    @app.get(
        "/metrics", response_class=PlainTextResponse, responses=_as_json(failures), tags=["state"], openapi_extra=locked
    )
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(front.metrics.text(), media_type=PROMETHEUS)

    @app.get(
        "/v1/models",
        response_model=schema.ModelList,
        responses=failures | _failures(503),
        tags=["OpenAI"],
        openapi_extra=locked,
    )
    async def models() -> Any:
        """The model, and one more for each task with an adapter of its own."""
        return front.models()

    @app.get(
        "/v1/models/{model}",
        response_model=schema.ModelEntry,
        responses=failures | _failures(404, 503),
        tags=["OpenAI"],
        openapi_extra=locked,
    )
    async def model(model: str) -> Any:
        """One of the models."""
        found = next((m for m in front.models()["data"] if m["id"] == model), None)
        if found is None:
            raise UnknownModel(f"There is no model '{model[:80]}' here.", "See GET /v1/models.")
        return found

    @app.post(
        "/v1/chat/completions",
        response_model=schema.ChatCompletion,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
        | failures
        | _failures(400, 404, 409, 413, 429, 500, 503),
        tags=["OpenAI"],
        openapi_extra=locked
        | {
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"$ref": "#/components/schemas/ChatRequest"},
                        "examples": {"count": {"value": _example(front.name)}},
                    }
                },
            },
            "parameters": [
                {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "required": False,
                    "schema": {"type": "string", "maxLength": MOST_KEY},
                    "description": "The same request under the same key, within two minutes, has the same answer.",
                }
            ],
        },
    )
    async def chat(request: Request) -> Response:
        """Ask a question about one image."""
        return _Chat(front, request.scope.get("fusar.who", ""))

    app.openapi = _with_request_schema(app)
    app.add_exception_handler(FusarError, _on_error)
    app.add_exception_handler(StarletteHTTPException, _on_http_error)
    return app


def _failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": schema.ErrorBody} for status in statuses}


def _as_json(failures: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """The same for a route whose answers are no JSON otherwise."""
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
    return {status: {"description": "Refused", "content": error} for status in failures}


def _example(model: str) -> dict[str, Any]:
    """A question that is answered as it stands, about an image without a target."""
    file = io.BytesIO()
    Image.new("L", (28, 28)).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": counting.prompt("ship")}]
    return {"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": 16, "logprobs": True}


def _with_request_schema(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document with the body of a question, which FastAPI does not read itself, and with the key."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = plain()
            body = schema.ChatRequest.model_json_schema(ref_template="#/components/schemas/{model}")
            parts = found.setdefault("components", {}).setdefault("schemas", {})
            parts |= body.pop("$defs", {})
            parts["ChatRequest"] = body
            found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        assert app.openapi_schema is not None
        return app.openapi_schema

    return document


class _Chat(Response):
    """The answer to a question: read, checked and sent by the front itself."""

    def __init__(self, front: Front, who: str) -> None:
        super().__init__()
        self._front, self._who = front, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._front.chat(scope, receive, send, self._who)


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, FusarError)
    return _Error(error)


class _Error(Response):
    def __init__(self, error: FusarError) -> None:
        super().__init__()
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_error(self._error, receive, send, unread=False)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | StarletteHTTPException)
    code = "METHOD_NOT_ALLOWED" if error.status_code == 405 else "NOT_FOUND"
    message = f"{request.method} {request.url.path[:200]} is nothing that this worker has. See /openapi.json."
    return JSONResponse(error_body(code, message), error.status_code, headers=dict(error.headers or {}))


class Guard:
    """Checks the key before anything else, counts requests, and lets no stack trace out."""

    def __init__(self, front: Front, app: Any, crowded: Callable[[], bool]) -> None:
        self._front, self._app, self._crowded = front, app, crowded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, receive, noting)
        except FusarError as error:
            await send_error(error, receive, noting, unread=_has_body(scope))
        except Exception as error:
            log.error("a request failed", exc_info=error)
            if status == 0:
                failed = WorkerFailed("The worker failed over this request.", "Its log says why.")
                await send_error(failed, receive, noting, unread=_has_body(scope))
        path = scope["path"] if scope["path"] in COUNTED else "other"
        self._front.metrics.answered(path, status or 499, time.monotonic() - started)

    def _check(self, scope: Scope) -> None:
        """Raises WorkerAuth, WorkerBusy, BadOption."""
        headers = dict(scope["headers"])
        if scope["path"] not in OPEN_PATHS:
            if self._crowded():  # whether it is alive is answered all the same
                raise WorkerBusy("This worker has too many connections.", "Ask again later.")
            scope["fusar.who"] = self._front.keys.check(headers.get(b"authorization", b""))
        if not self._front.keys and not _is_local(headers.get(b"host", b"")):
            # Else any web page could reach a worker without a key, by a name that leads to this computer.
            raise BadOption("This worker has no key and answers to this computer alone.", "Call it localhost.")


def _is_local(host: bytes) -> bool:
    name = host.decode("latin-1").lower()
    return any(name == local or name.startswith(f"{local}:") for local in LOCAL_HOSTS)


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
