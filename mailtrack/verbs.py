"""The operator's commands: what each is called, what it takes, and where it is done.

Nothing that does one is imported here, so that ``mailtrack --help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

SECONDS_MAX: Final = 3600.0

Build = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True, slots=True)
class Verb:
    """One command: ``run`` in ``module`` takes the arguments, answers the exit code."""

    name: str
    says: str
    module: str
    build: Build
    run: str = "run"


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FOLDER",
        default=os.environ.get("MAILTRACK_CONFIG"),
        help="folder with mailtrack.yaml and its companions (default: MAILTRACK_CONFIG, "
        "/etc/mailtrack, or the example that ships)",
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="answer in JSON, for scripts")


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", help="where to write the files; it is made if it is missing")


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", help="the folder to check; same as --config")
    parser.add_argument("--offline", action="store_true", help="do not try the mailboxes")
    parser.add_argument(
        "--through",
        metavar="HOST[:PORT]",
        help="send test mails through the server where mail from outside comes in; the desk "
        "has to be running",
    )
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long to wait until the test mails are back (default: 60)",
    )
    parser.add_argument(
        "--dns", action="store_true", help="ask the DNS for the records that mail needs"
    )
    parser.add_argument(
        "--nameserver",
        metavar="ADDRESS[:PORT]",
        help="the DNS server to ask (default: those of the system)",
    )
    _config(parser)
    _json(parser)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= SECONDS_MAX:
        raise ValueError(text)
    return seconds


def _serve(parser: argparse.ArgumentParser) -> None:
    _config(parser)


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fast", action="store_true", help="do not wait between the mails")
    parser.add_argument("--plain", action="store_true", help="no colours")


def _inspect(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="one JSON object")
    how.add_argument(
        "--lines",
        action="store_true",
        help="a batch: base64 of one mail a line in, one JSON line out",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="a raw mail (default: stdin)")


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="a raw mail (default: stdin)")
    parser.add_argument("--from", dest="mail_from", metavar="ADDRESS", help="envelope sender")
    parser.add_argument(
        "--to", dest="rcpt", action="append", metavar="ADDRESS", help="envelope recipient"
    )
    _config(parser)


def _status(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    _json(parser)


def _actions(
    parser: argparse.ArgumentParser, wanted: Mapping[str, str], *, metavar: str
) -> None:
    """What can be done with mail that waits: a parser each, so that no order matters."""
    parser.set_defaults(action="list", ids=[])
    actions = parser.add_subparsers(metavar="ACTION")
    for name, says in wanted.items():
        sub = actions.add_parser(name, help=says, description=says + ".")
        sub.set_defaults(action=name)
        if name != "list":
            sub.add_argument("ids", nargs="+", metavar=metavar, help="which, one or several")
        _behind(sub)


def _behind(sub: argparse.ArgumentParser) -> None:
    """The same options behind the action, which must not undo what stands before it."""
    sub.add_argument("--config", metavar="FOLDER", default=argparse.SUPPRESS)
    sub.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def _held(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    _json(parser)
    wanted = {
        "list": "list what is held (this is the default)",
        "show": "print the raw mail",
        "release": "let it through, even if it was rejected before",
        "drop": "reject it; it is kept",
    }
    _actions(parser, wanted, metavar="H12")


def _explained(parser: argparse.ArgumentParser, text: str) -> None:
    """What each action does and what the exit codes mean, below the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = text


def _keys(parser: argparse.ArgumentParser) -> None:
    _explained(
        parser,
        """\
actions:
  list    show the keys by their letters: which one signs, which are recognised (the default)
  add     make a new key that signs from now on; the others are recognised still
  retire  recognise a key no longer; answers to what it signed find their ticket all the same

exit codes:
  0   done
  64  there is no key of that letter
  69  there are no keys yet, or the file is systemd's copy
  78  the key file cannot be used
""",
    )
    parser.set_defaults(action="list", letter="")
    parser.add_argument(
        "--file",
        metavar="FILE",
        help="the key file, where the desk itself has a copy from systemd (default: its own)",
    )
    _config(parser)
    _json(parser)
    actions = parser.add_subparsers(metavar="ACTION")
    for name in ("list", "add", "retire"):
        sub = actions.add_parser(name)
        sub.set_defaults(action=name)
        if name == "retire":
            sub.add_argument("letter", help="the key to retire, by its letter")
        sub.add_argument(
            "--file", metavar="FILE", default=argparse.SUPPRESS, help="the key file"
        )
        _behind(sub)


def _quarantine(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    _json(parser)
    wanted = {
        "list": "list what could not be read (this is the default)",
        "show": "print the raw mail",
        "retry": "have it read once more",
        "reject": "take it off the list; it is kept",
    }
    _actions(parser, wanted, metavar="Q3")


def _queue(parser: argparse.ArgumentParser) -> None:
    _explained(
        parser,
        """\
actions:
  list  show every letter that waits, is leaving, or failed lately, and why (the default)
  show  print one letter: where it stands, and its words
  drop  take one letter out, for good: it is never sent

exit codes:
  0   done
  64  no letter, or more than one, has an id that begins so; or --yes is missing
  75  it is just leaving: look again
""",
    )
    parser.set_defaults(action="list", letter_id="", yes=False)
    _config(parser)
    _json(parser)
    actions = parser.add_subparsers(metavar="ACTION")
    for name in ("list", "show", "drop"):
        sub = actions.add_parser(name)
        sub.set_defaults(action=name)
        if name != "list":
            sub.add_argument("letter_id", metavar="ID", help="the beginning of its id")
        if name == "drop":
            sub.add_argument("--yes", action="store_true", help="drop without asking")
        _behind(sub)


def _retry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "letter_ids", nargs="*", metavar="ID", help="letters that wait, failed or were blocked"
    )
    parser.add_argument("--all", action="store_true", help="all that wait")
    _config(parser)


def _dkim_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("domain", help="the domain of your addresses: help.example")
    parser.add_argument(
        "--selector", default="mailtrack", help="its name in DNS (default: mailtrack)"
    )
    parser.add_argument(
        "--out",
        default="dkim.key",
        metavar="FILE",
        help="where the key goes (default: dkim.key)",
    )


def _deliver(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rcpt",
        action="append",
        required=True,
        metavar="ADDRESS",
        help="envelope recipient; may be given several times",
    )
    parser.add_argument(
        "--from",
        dest="mail_from",
        default="",
        metavar="ADDRESS",
        help="envelope sender (default: none, as of a bounce)",
    )
    _config(parser)


def _fsck(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mend", action="store_true", help="mend what can be mended; the desk must be stopped"
    )
    parser.add_argument(
        "--from",
        dest="source",
        metavar="ARCHIVE",
        help="an archive folder of a backup to bring lost raw mails back from",
    )
    parser.add_argument(
        "--deep",
        action="store_true",
        help="read every archived mail and the search index, too; holds up the desk",
    )
    _config(parser)
    _json(parser)


def _import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="+", metavar="MBOX|MAILDIR", help="mail of the past")
    parser.add_argument("--queue", help="put it all into this queue (default: by its To)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be taken")
    _config(parser)


def _backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="FOLDER|FILE.tar", help="where to write it")
    _config(parser)


def _restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="FOLDER|FILE.tar", help="a backup")
    _config(parser)


def _password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("login", help="an agent's name in people.yaml, or their address")


def _schema(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        choices=("mailtrack", "people", "rules", "sla"),
        help="one file's JSON Schema (default: all, into --folder)",
    )
    parser.add_argument("--folder", default=".", help="where to write NAME.schema.json files")


VERBS: Final[tuple[Verb, ...]] = (
    Verb("init", "write commented configuration files to start from", "init", _init),
    Verb("check", "find every mistake in the configuration and the set-up", "check", _check),
    Verb("serve", "run the desk", "serve", _serve),
    Verb("demo", "play a whole support day in the terminal", "demo", _demo),
    Verb("inspect", "show what mailtrack reads in a mail", "inspect", _inspect),
    Verb("explain", "say what would become of a mail, and why", "explain", _explain),
    Verb("status", "how the desk stands: mails, tickets, letters", "status", _status),
    Verb("held", "list, show, release or drop held mail", "held", _held),
    Verb("queue", "letters that have not left: list, show, drop", "queue", _queue),
    Verb("retry", "try letters again at once", "queue", _retry),
    Verb(
        "dkim-key", "make a key to sign letters with, and its DNS record", "dkim_key", _dkim_key
    ),
    Verb("keys", "list, add or retire the keys of reply addresses", "keys", _keys),
    Verb("quarantine", "show, retry or reject unreadable mail", "quarantine", _quarantine),
    Verb("fsck", "prove that spool, archive and database agree, or mend", "fsck", _fsck),
    Verb("backup", "copy the whole desk while it runs", "backup", _backup, "run_backup"),
    Verb("restore", "bring a backup back, the desk stopped", "backup", _restore, "run_restore"),
    Verb("deliver", "hand over one mail on stdin, from a pipe", "deliver", _deliver),
    Verb("import", "take in mail of the past, silently", "importing", _import),
    Verb("password", "print the line that lets an agent submit mail", "password", _password),
    Verb("schema", "write JSON Schemas that editors complete YAML with", "schema", _schema),
)
