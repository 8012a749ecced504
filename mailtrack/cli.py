"""Runs the operator's commands: ``verbs`` lists them, ``operator`` does them.

Only the command that was asked for is imported, so that ``mailtrack --help`` answers at once.
Exit codes are those of ``sysexits.h``: 66 if a file cannot be read, 69 if something is not
there, 74 if a file or a disk cannot be used, 75 if trying again may help, 77 if a file is not
open to us, 78 for a mistake in the configuration; 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Final

from mailtrack import __version__
from mailtrack.errors import ConfigError, MailtrackError, TemporaryFailure
from mailtrack.operator.counted import counted
from mailtrack.verbs import VERBS

EPILOG: Final = """\
first steps:
  mailtrack demo                a whole support day in your terminal, with nothing to set up
  mailtrack serve               run a desk here (SMTP on 127.0.0.1:2525, state in ./var)
  mailtrack init my-desk        write commented configuration files to make it yours
  mailtrack check my-desk       every mistake in them, with file, line and column
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the answer is its exit code."""
    parser = _parser()
    words = sys.argv[1:] if arguments is None else arguments
    try:
        chosen = parser.parse_args(words)
    except SystemExit as end:
        if end.code and tuple(words[:1]) == ("deliver",):
            # A slip in master.cf or .forward: any other code would send the mail back.
            raise SystemExit(os.EX_TEMPFAIL) from end
        raise
    if chosen.verb is None:
        parser.print_help()
        return os.EX_USAGE
    # What is imported stays for good: looking through it for garbage only delays the start.
    gc.disable()
    module = importlib.import_module(f"mailtrack.operator.{chosen.module}")
    gc.freeze()
    gc.enable()
    try:
        code: int = getattr(module, chosen.run)(chosen)
    except ConfigError as error:
        return _refused(error)
    except TemporaryFailure as failure:
        return _failed(failure.reason, os.EX_TEMPFAIL)
    except MailtrackError as error:
        return _failed(str(error), os.EX_UNAVAILABLE)
    except FileNotFoundError as error:
        return _failed(f"there is no {error.filename}", os.EX_NOINPUT)
    except PermissionError as error:
        said = (
            f"{error.filename} is not open to this user. What belongs to the desk is open to "
            "its own: sudo -u mailtrack mailtrack ..."
        )
        return _failed(said, os.EX_NOPERM)
    except BrokenPipeError:
        # The reader of our output left: `mailtrack explain | head`. That is no mistake.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return os.EX_OK
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _failed(f"{place}{error.strerror or error}", os.EX_IOERR)
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailtrack",
        description="The help desk whose whole interface is e-mail.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mailtrack {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND")
    for verb in VERBS:
        sub = verbs.add_parser(verb.name, help=verb.says, description=verb.says + ".")
        verb.build(sub)
        sub.set_defaults(module=verb.module, run=verb.run)
    return parser


def _refused(error: ConfigError) -> int:
    for mistake in error.mistakes:
        print(mistake, file=sys.stderr)
    print(f"{counted(len(error.mistakes), 'mistake')}.", file=sys.stderr)
    return os.EX_CONFIG


def _failed(text: str, code: int) -> int:
    print(f"mailtrack: {text}", file=sys.stderr)
    return code
