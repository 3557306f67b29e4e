"""The command line `riemgn`. Each command is one file of `riemgn.commands`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from riemgn.commands.compare import compare
from riemgn.commands.fit import fit
from riemgn.commands.geometry import geometry
from riemgn.commands.outcomes import DoesNotHold, Interrupted
from riemgn.commands.predict import predict
from riemgn.commands.reproduce import reproduce
from riemgn.commands.scores import scores

BAD_INPUT = 2  # exit codes
BREAKDOWN = 1
INTERRUPTED = 130

app = typer.Typer(
    name="riemgn",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(fit)
app.command()(compare)
app.command()(geometry)
app.command()(predict)
app.command()(scores)
app.command()(reproduce)


def _print_version(asked: bool) -> None:
    if asked:
        from riemgn import __version__

        typer.echo(f"riemgn {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and end.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Riemannian geometry first in Gauss-Newton training of neural networks."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    What a user can mend is one line on standard error and code 2; a numerical breakdown, or a
    claim that does not hold, is code 1, an interruption 130.

    Args:
        arguments: The words after `riemgn`; None takes those of the process.
    """
    from riemgn.errors import NumericalError

    usage_error = typer.BadParameter.__base__  # of the click that this typer works with
    try:
        code = app(arguments, standalone_mode=False)
    except usage_error as error:
        return _fail(error.format_message(), BAD_INPUT)
    except (ValueError, ImportError, OSError) as error:
        return _fail(str(error), BAD_INPUT)
    except (NumericalError, DoesNotHold) as error:
        return _fail(str(error), BREAKDOWN)
    except Interrupted as interruption:
        return _fail(str(interruption), INTERRUPTED)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        return _fail("interrupted", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    print(f"riemgn: {' '.join(message.split())}", file=sys.stderr)
    return code
