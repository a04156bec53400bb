"""`fusar serve`: a model for many clients, over the OpenAI chat API."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from fusar_core.commands.options import say
from fusar_core.errors import BadOption, MissingExtra
from fusar_core.model.bundled import model_directory

PACKAGES = ("ray", "fastapi", "uvicorn", "starlette", "pydantic", "prometheus_client")


@click.command()
@click.option("--model", type=click.Path(path_type=Path), help="Model directory; default: fusar-nano.")
@click.option("--name", help="Under which clients ask for it; default: the directory's name.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; others need a key.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--replicas", default="1", show_default=True, help="Copies of the model, or auto: as the load needs.")
@click.option("--max-replicas", type=click.IntRange(1), help="Most copies with auto; default: as there are GPUs for.")
@click.option(
    "--gpus-per-replica", type=click.FloatRange(0), help="May be a part, e.g. 0.5; default: 1 where there are."
)
@click.option("--ray-address", help="A Ray cluster to use, e.g. auto; default: one of its own on this computer.")
@click.option("--api-key-file", type=click.Path(path_type=Path), help="Keys that are let in, one a line.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate with its chain, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its key, PEM.")
@click.option("--device", help="cpu, cuda, cuda:1 …; default: a GPU where there is one.")
@click.option("--dtype", help="float32 or bfloat16; default: what suits the device.")
@click.option("--quantization", help="8bit or 4bit: the language model in less GPU memory.")
@click.option("--batch-size", default=8, show_default=True, type=click.IntRange(1), help="Questions answered at once.")
@click.option("--threads", type=click.IntRange(1), help="Of the CPU, for each replica.")
@click.option("--runtime", default="transformers", show_default=True, help="transformers, or vllm; see docs/worker.md.")
@click.option("--queue", default=256, show_default=True, type=click.IntRange(1), help="Requests inside; more get 429.")
@click.option(
    "--drain", default=120.0, show_default=True, type=click.FloatRange(0), help="Seconds to end in on SIGTERM."
)
@click.option("--verbose", is_flag=True, help="Also log what is done, not only what goes wrong.")
def command(
    model: Path | None,
    name: str | None,
    host: str,
    port: int,
    replicas: str,
    max_replicas: int | None,
    gpus_per_replica: float | None,
    ray_address: str | None,
    api_key_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    device: str | None,
    dtype: str | None,
    quantization: str | None,
    batch_size: int,
    threads: int | None,
    runtime: str,
    queue: int,
    drain: float,
    verbose: bool,
) -> None:
    """Serve a FUSAR-GPT to many clients over the OpenAI chat API.

    \b
    On this computer:   fusar serve --model fusar-gpt/
                        fusar interpret SCENE --engine http://127.0.0.1:8000/v1 …
    For others:         openssl rand -hex 32 > keys; chmod 600 keys
                        fusar serve --model fusar-gpt/ --host 0.0.0.0 --api-key-file keys \\
                            --tls-cert cert.pem --tls-key key.pem
    On a Ray cluster:   fusar serve --model /shared/fusar-gpt --ray-address auto --replicas auto …
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    count = _replicas(replicas)
    try:
        from fusar_core.worker.cluster import Placement
        from fusar_core.worker.jobs import RuntimeSpec
        from fusar_core.worker.limits import Limits
        from fusar_core.worker.serve import Options, serve
    except ModuleNotFoundError as cause:
        if cause.name not in PACKAGES:
            raise
        raise MissingExtra.of("worker", f"fusar serve needs {cause.name}, which is not installed.") from cause
    directory = model_directory(model).absolute()
    spec = RuntimeSpec(runtime, str(directory), device, dtype, quantization, batch_size, threads)
    options = Options(
        spec=spec,
        name=name or directory.name,
        host=host,
        port=port,
        placement=Placement(count, max_replicas, gpus_per_replica, ray_address),
        api_key_file=api_key_file,
        tls_cert=tls_cert,
        tls_key=tls_key,
        limits=Limits(queue=queue),
        drain_s=drain,
    )
    serve(options, lambda line: say(f"fusar: {line}", err=True))


def _replicas(text: str) -> int:
    """0 stands for auto. Raises BadOption."""
    if text == "auto":
        return 0
    if not text.isdigit() or int(text) < 1:
        raise BadOption(f"'{text}' is no number of replicas.", "Give 1 or more, or auto.")
    return int(text)
