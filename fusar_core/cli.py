"""The `fusar` command. Each subcommand is a file in `fusar_core/commands`, imported only when it is called."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import traceback
from importlib import import_module
from types import FrameType
from typing import NoReturn, cast

import click

from fusar_core import __version__
from fusar_core.commands.options import say
from fusar_core.errors import DEBUG, FusarError, unforeseen

COMMANDS = {
    "info": "What a scene is: footprint, CRS, pixel size, acquisition, radiometry.",
    "interpret": "Find, count and locate targets in a scene; write them as vector layers.",
    "batch": "Interpret an archive of scenes, several at a time.",
    "classify": "Say to which class the target in a box belongs.",
    "ask": "Ask a question about a scene in words.",
    "anchors": "Sample AlphaEarth embeddings over a scene, aligned to its pixels.",
    "export": "Convert results to a shapefile, GeoJSON or CSV.",
    "evaluate": "Score an engine on a COCO data set.",
    "import-checkpoint": "Import the official FUSAR-GPT release.",
    "serve": "Serve a model to many clients over the OpenAI chat API.",
    "cache": "Show or clear the embeddings that were fetched and kept.",
    "sidecar": "Answer the QGIS plugin over stdin and stdout.",
    "doctor": "Versions, extras, devices and caches of this installation.",
}
"""Name → one line of help; the module of the same name in fusar_core.commands holds the click command `command`."""


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called, so that `fusar --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `COMMANDS`, which is that of the help, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the module of one subcommand; None for a name there is none of, which click reports."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"fusar_core.commands.{cmd_name.replace('-', '_')}")
        return cast(click.Command, module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the subcommands from `COMMANDS`: click's own help would import every one for its first line."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fusar")
def group() -> None:
    """Reads radar (SAR) imagery: targets found, counted and located, as vector layers."""


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs the command and exits: 0 done, 1 an error of ours, 2 wrong usage, 130 stopped by the user.

    An error is one line on stderr with its stable code; with `--json` among the arguments also an object on stdout.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    signal.signal(signal.SIGTERM, _terminate)
    hook = sys.unraisablehook
    sys.unraisablehook = hook if os.environ.get(DEBUG) else lambda _: None  # GDAL's words that are no text end there
    try:
        group.main(arguments, prog_name="fusar", standalone_mode=False)
        status = 0
    except FusarError as error:
        status = _told(error, arguments)
    except click.ClickException as error:
        said = io.StringIO()
        error.show(said)
        say(said.getvalue(), err=True, nl=False)
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("fusar: stopped", err=True)
        status = 130
    except BrokenPipeError:  # `fusar info … | head`
        sys.stderr.close()
        status = 0
    except Exception as error:
        if os.environ.get(DEBUG):
            traceback.print_exception(error)
        status = _told(unforeseen(error), arguments)
    finally:
        sys.unraisablehook = hook
    sys.exit(status)


def _told(error: FusarError, arguments: list[str]) -> int:
    """Prints an error; the status to exit with."""
    if "--json" in arguments:
        click.echo(json.dumps({"error": error.as_dict()}))
    say(f"fusar: {' '.join(str(error).split())} [{error.code}]", err=True)
    return error.exit_status
