"""`fusar cache`: what was fetched over the network and kept."""

from __future__ import annotations

import json

import click

from fusar_core.commands.options import say
from fusar_core.prior.aef.cache import ENV_FOLDER, ENV_LIMIT, CacheUse, DiskCache


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Show or clear the cache of embeddings fetched over the network."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(as_json: bool = False) -> None:
    """Show where the cache lies and how full it is (the default)."""
    use = DiskCache().use()
    say(json.dumps(_as_dict(use), indent=2) if as_json else _text(use))


@command.command()
def clear() -> None:
    """Remove everything that was kept; it is fetched again when needed."""
    cache = DiskCache()
    say(f"{_megabytes(cache.clear())} freed in {cache.folder}")


def _as_dict(use: CacheUse) -> dict[str, object]:
    return {
        "folder": str(use.folder),
        "bytes": use.total_bytes,
        "limit_bytes": use.limit_bytes,
        "sources": {name: {"entries": use.entries[name], "bytes": use.bytes[name]} for name in sorted(use.entries)},
    }


def _text(use: CacheUse) -> str:
    lines = [f"folder        {use.folder} ({ENV_FOLDER} chooses another)"]
    lines.append(f"used          {_megabytes(use.total_bytes)} of {_megabytes(use.limit_bytes)} ({ENV_LIMIT} sets it)")
    lines += [f"{n:<13} {use.entries[n]} entries, {_megabytes(use.bytes[n])}" for n in sorted(use.entries)]
    return "\n".join(lines)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
