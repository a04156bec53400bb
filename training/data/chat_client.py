"""Asks an OpenAI-compatible endpoint: POST …/chat/completions, tried again where that may help."""

from __future__ import annotations

import os
import random
import time
from typing import Any

import requests

from training.errors import TeacherDenied, TeacherUnavailable

RETRY_STATUSES = {408, 409, 425, 429, 500, 502, 503, 504, 529}
LONGEST_WAIT_S = 120.0


class ChatClient:
    """One endpoint. url: up to and with /v1. key_env: environment variable with the key, sent where it is set.

    Statuses 408, 409, 425, 429 and 5xx and broken connections are tried again `retries` times with doubling pauses, or
    after the server's Retry-After. May be used from several threads. The key is shown nowhere.
    """

    def __init__(
        self,
        url: str,
        key_env: str = "OPENAI_API_KEY",
        retries: int = 4,
        first_pause_s: float = 1.0,
        timeout_s: float = 120.0,
    ) -> None:
        self.url = f"{url.rstrip('/')}/chat/completions"
        self.key_env = key_env
        self.retries = retries
        self.first_pause_s = first_pause_s
        self.timeout_s = timeout_s
        self._session = requests.Session()
        if key := os.environ.get(key_env, "").strip():
            self._session.headers["Authorization"] = f"Bearer {key}"

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def complete(self, model: str, messages: list[dict[str, Any]], temperature: float, max_tokens: int) -> str:
        """The text that the model answers.

        Raises TeacherDenied (401, 403, 404: key, model or address), TeacherUnavailable for everything else.
        """
        body: Any = {"model": model, "messages": messages, "temperature": temperature, "max_tokens": max_tokens}
        failures = 0
        while True:
            wait_s: float | None = None
            try:
                response = self._session.post(self.url, json=body, timeout=(10.0, self.timeout_s))
            except (
                requests.exceptions.InvalidURL,
                requests.exceptions.MissingSchema,
                requests.exceptions.InvalidSchema,
            ):
                raise TeacherDenied(f"{self.url} is no web address.", "Give e.g. http://localhost:8000/v1.") from None
            except requests.RequestException as cause:
                reason = "no answer in time" if isinstance(cause, requests.Timeout) else "no connection"
            else:
                if response.status_code == 200:
                    return self._text(response)
                if response.status_code not in RETRY_STATUSES:
                    raise self._refusal(response, model)
                reason, wait_s = f"HTTP {response.status_code}", _retry_after(response)
            failures += 1
            if failures > self.retries:
                raise TeacherUnavailable(
                    f"{self.url} does not answer: {reason}, {failures} times.",
                    "What it answered before stays in the cache: run the same command again later.",
                )
            pause_s = min(LONGEST_WAIT_S, self.first_pause_s * 2 ** (failures - 1)) * random.uniform(0.5, 1.0)
            time.sleep(pause_s if wait_s is None else wait_s)

    def _text(self, response: requests.Response) -> str:
        try:
            text = response.json()["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError) as cause:
            raise TeacherUnavailable(
                f"{self.url} answers in another form than chat completions: {response.text[:120]!r}.",
                "Check the address.",
            ) from cause
        return text if isinstance(text, str) else ""

    def _refusal(self, response: requests.Response, model: str) -> TeacherDenied | TeacherUnavailable:
        status, said = response.status_code, response.text[:200].strip()
        if status in (401, 403):
            return TeacherDenied(f"{self.url} refuses the key: HTTP {status}.", f"Set {self.key_env} to a valid key.")
        if status == 404:
            return TeacherDenied(f"{self.url} has no model {model}: HTTP 404. {said}", "Check --model and --endpoint.")
        return TeacherUnavailable(f"{self.url} answered HTTP {status}: {said}", "Check --model and what it can take.")


def _retry_after(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return min(LONGEST_WAIT_S, float(int(text))) if text.isdigit() else None
