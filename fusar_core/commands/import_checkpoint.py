"""`fusar import-checkpoint`: from the official release to a model directory of ours."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fusar_core.commands.options import say
from fusar_core.engines import needs_model_extra
from fusar_core.errors import BadOption


@click.command()
@click.argument("release", type=click.Path(path_type=Path), required=False)
@click.option("--base", required=True, type=click.Path(path_type=Path), help="Directory of Qwen2.5-VL-7B-Instruct.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Model directory to write.")
@click.option("--adapter", "adapters", multiple=True, metavar="TASK=DIR", help="Adapter of one task; * for any task.")
@click.option("--copy-base", is_flag=True, help="Link or copy the base into OUT, so that it can be moved.")
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on stdout.")
def command(
    release: Path | None, base: Path, out: Path, adapters: tuple[str, ...], copy_base: bool, as_json: bool
) -> None:
    """Import the official FUSAR-GPT release, or single adapters of it.

    \b
    RELEASE is one adapter directory (adapter_config.json, vec64_film.pt …), or the
    release itself, whose stage2/ holds detection, counting, localization and
    classification. Or name adapters one by one: --adapter count=DIR.
    The result answers with: fusar interpret SCENE --engine fusar --model OUT …
    """
    with needs_model_extra("fusar import-checkpoint"):
        from fusar_core.model.checkpoint import read_manifest
        from fusar_core.model.official import find_adapters, import_official
    found = find_adapters(release) if release else {}
    for text in adapters:
        task, equals, path = text.partition("=")
        if not equals or not path:
            raise BadOption(f"'{text}' names no adapter.", "Write --adapter count=DIR.")
        found[task.strip()] = Path(path)
    import_official(found, base, out, copy_base=copy_base)
    manifest = read_manifest(out)
    if as_json:
        say(json.dumps({"model": str(out), "base": str(manifest.base), "tasks": list(manifest.tasks)}))
    else:
        say(f"wrote     {out}\nbase      {manifest.base}\ntasks     {', '.join(manifest.tasks)}")
