"""The remote engine: FUSAR-GPT on our worker, or any vision-language model behind an OpenAI-compatible server.

engine = open_engine("https://host:8000/v1", api_key=…)  # the key may also stand in FUSAR_API_KEY
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fusar_core.engines.base import EngineInfo
from fusar_core.engines.options import Option
from fusar_core.engines.speaking import SpeakingEngine
from fusar_core.errors import BadOption
from fusar_core.remote.catalogue import COORDINATES
from fusar_core.remote.secret import KEY_VARIABLE, Secret
from fusar_core.tasks import TASKS

if TYPE_CHECKING:
    from fusar_core.remote.session import Patience

THINKING = "thinking_tokens"
"""Name of the option that gives a model room to think in."""
MOST_REQUESTS = 32
"""Under way at once unless told otherwise; the engine begins with a few and finds out what the server can do."""


class RemoteEngine(SpeakingEngine):
    """Answers by asking a server, many questions at a time, in the order they were asked.

    url: base of an OpenAI-compatible API. model: as the server names it; its only one, or its first FUSAR-GPT, when
    None. coordinates: `pixels` of the image that is sent, `thousandths` or `fractions` of its sides; what the model is
    known for when None. thinking_tokens: more for every answer, for a model that thinks before it speaks. api_key:
    FUSAR_API_KEY when None. ca: file of certificates to trust. concurrency: requests under way at most. classes: those
    that may be asked for, instead of the model's own.

    Raises WorkerUnreachable, WorkerAuth, WorkerTls, WorkerBusy, UnknownModel, BadServer, BadOption.
    """

    info = EngineInfo(
        name="server",
        title="a model behind an address",
        tasks=frozenset(TASKS),
        takes_prior=True,
        confined=True,
        options=(
            Option("model", help="name on the server"),
            Option(
                "coordinates",
                help="Boxes of a server's model: pixels, thousandths or fractions; default: by its name",
                choices=COORDINATES,
            ),
            Option(THINKING, int, 0, "Tokens more for every answer of a server's model that thinks before it speaks"),
            Option("api_key", help="key of the server", decides=False, secret=True, variable=KEY_VARIABLE),
            Option("ca", Path, help="Certificates to trust (PEM), for https://…", decides=False),
            Option("concurrency", int, MOST_REQUESTS, "Requests to a server under way at once, at most", decides=False),
        ),
    )

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        coordinates: str | None = None,
        thinking_tokens: int = 0,
        api_key: str | Secret | None = None,
        ca: str | Path | None = None,
        concurrency: int = MOST_REQUESTS,
        classes: Sequence[str] | None = None,
        patience: Patience | None = None,
    ) -> None:
        from fusar_core.engines.over_http import OverHttp
        from fusar_core.remote.address import read_address
        from fusar_core.remote.session import Patience

        if coordinates is not None and coordinates not in COORDINATES:
            raise BadOption(f"There are no coordinates '{coordinates}'.", f"Choose {' or '.join(COORDINATES)}.")
        if concurrency < 1:
            raise BadOption(f"{concurrency} requests at once are none.", "Give 1 or more.")
        if thinking_tokens < 0:
            raise BadOption(f"{thinking_tokens} tokens more are fewer.", "Give 0 or more.")
        address, patience = read_address(url, api_key, ca), patience or Patience()
        server = OverHttp(address, model, coordinates, concurrency, patience, thinking_tokens)
        super().__init__(server, classes)
        self.name = "worker" if server.served.ours else "server"
