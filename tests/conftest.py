"""What every test may ask for: the real servers, and hypothesis in a repeatable mood."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from servers.dovecot import Dovecot
from servers.neomutt import Neomutt
from servers.postfix import Postfix
from servers.postgres import Postgresql

# Deadlines measure the machine, not the code. The default draws the same examples each time,
# so that a red test is red for everybody; `explore` looks for new ones.
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def undo_the_log() -> Iterator[None]:
    """Whatever a test, or a command it runs, does to the log of the process ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    logging.disable(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A running IMAP and LMTP server on which every address is a user."""
    server = Dovecot()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def make_dovecot() -> Iterator[Callable[[], Dovecot]]:
    """Starts a Dovecot of the test's own, which it may stop; all are removed at its end."""
    started: list[Dovecot] = []

    def start() -> Dovecot:
        server = Dovecot()
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.remove()


@pytest.fixture(scope="session")
def make_postfix() -> Iterator[Callable[..., Postfix]]:
    """Starts a Postfix with routes of the test's own; all are stopped at the end of the run."""
    started: list[Postfix] = []

    def start(routes: Mapping[str, str], settings: str = "") -> Postfix:
        server = Postfix(routes, settings)
        started.append(server)
        server.start()
        return server

    try:
        yield start
    finally:
        for server in started:
            server.remove()


@pytest.fixture(scope="session")
def postfix(dovecot: Dovecot, make_postfix: Callable[..., Postfix]) -> Postfix:
    """A running mail server that hands mail for example.org to Dovecot and drops the rest."""
    return make_postfix({"example.org": f"lmtp:inet:{dovecot.host}:{dovecot.port_lmtp}"})


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A running cluster; `postgresql.new_database()` is the URL of an empty database."""
    server = Postgresql()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def neomutt() -> Iterator[Callable[..., Neomutt]]:
    """Makes people who use neomutt: `neomutt("dana@client.example", smtp_port=2525)`."""
    people: list[Neomutt] = []

    def make(address: str, **settings: Any) -> Neomutt:
        person = Neomutt(address, **settings)
        people.append(person)
        return person

    yield make
    for person in people:
        person.remove()
