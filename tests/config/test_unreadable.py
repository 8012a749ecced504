"""Files as they come: bytes that are read, bytes that cannot be, how much is told at once."""

from pathlib import Path

import pytest
from config.conftest import DESK, Mistakes, Write
from rights import as_anybody

from mailtrack.config import load
from mailtrack.config.load import MISTAKES_MAX
from mailtrack.config.page import FILE_BYTES_MAX
from mailtrack.errors import ConfigError


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_files_of_windows_editors_are_read(write: Write, before: bytes, ending: str) -> None:
    folder = write()
    text = DESK + "  timezone: Nowhere\n"
    (folder / "mailtrack.yaml").write_bytes(before + text.replace("\n", ending).encode())
    with pytest.raises(ConfigError) as caught:
        load(folder, environ={})
    (told,) = caught.value.mistakes
    assert (told.line, told.column) == (4, 13)


@pytest.mark.parametrize(
    ("content", "place", "found"),
    [
        (b"desk:\n  name: \xff\n", (2, 9), "UTF-8"),
        (b"#" * FILE_BYTES_MAX + b"\n", (1, 1), "larger than"),
        (b"#" * (FILE_BYTES_MAX - 1) + b"\n", (1, 1), "not there, or empty"),
    ],
)
def test_a_file_that_cannot_be_text_or_is_too_large_is_told(
    write: Write, content: bytes, place: tuple[int, int], found: str
) -> None:
    folder = write()
    (folder / "mailtrack.yaml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(folder, environ={})
    (told,) = caught.value.mistakes
    assert (told.line, told.column) == place
    assert found in told.found


def test_a_broken_file_makes_no_mistakes_of_what_refers_to_it(mistakes: Mistakes) -> None:
    rules = "rules: [{name: r, then: {assign: olga, queue: sales, sla: gold}}]\n"
    told = mistakes(mailtrack="desk: [", people="agents: {", sla="policies: '", rules=rules)
    assert [Path(one.file).name for one in told] == [
        "mailtrack.yaml",
        "people.yaml",
        "sla.yaml",
    ]


@pytest.mark.parametrize("count", [MISTAKES_MAX, MISTAKES_MAX + 1])
def test_no_more_mistakes_are_told_than_anybody_mends_at_once(
    mistakes: Mistakes, count: int
) -> None:
    told = mistakes(
        rules="rules:\n" + "".join(f"  - {{name: r{n}, stop: never}}\n" for n in range(count))
    )
    assert len(told) == count
    assert ("1 more mistakes" in told[-1].found) is (count > MISTAKES_MAX)


TLS = "tls: {certificate: shut/c.pem, key: shut/k.pem}"
CA = "outgoing: {smarthost: 'smtps://relay.example', tls_ca: %s}\n"
IMAP = "{host: localhost, user: a, password: x, ca: shut/ca.pem}"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (
            f"intake: {{smtp: {{listen: '127.0.0.1:0', {TLS}}}}}\n",
            ["intake.smtp.tls.certificate", "intake.smtp.tls.key"],
        ),
        (
            f"intake: {{submission: {{listen: '127.0.0.1:0', passwords: shut/pw, {TLS}}}}}\n",
            [
                "intake.submission.passwords",
                "intake.submission.tls.certificate",
                "intake.submission.tls.key",
            ],
        ),
        (f"intake: {{imap: [{IMAP}]}}\n", ["intake.imap[0].ca"]),
        (CA % "shut/ca.pem", ["outgoing.tls_ca"]),
        ("templates: shut/mine\n", ["templates"]),
    ],
)
def test_a_file_that_we_may_not_look_at_is_told_where_it_is_named(
    write: Write, mistakes: Mistakes, text: str, keys: list[str]
) -> None:
    shut = write() / "shut"
    shut.mkdir()
    shut.chmod(0)
    with as_anybody():
        told = mistakes(mailtrack=DESK + text)
    shut.chmod(0o700)
    assert [one.key for one in told] == keys
    assert all("this user may not see" in one.found for one in told), told
    assert all("Let the user that mailtrack runs as" in one.mend for one in told)


def test_an_authority_that_we_may_not_read_is_not_called_a_broken_one(
    write: Write, mistakes: Mistakes
) -> None:
    file = write() / "ca.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\n")
    file.chmod(0)
    with as_anybody():
        (told,) = mistakes(mailtrack=DESK + CA % "ca.pem")
    assert "ca.pem cannot be read: Permission denied" in told.found


def test_a_name_that_no_file_can_have_is_told_where_it_stands(mistakes: Mistakes) -> None:
    (told,) = mistakes(mailtrack=DESK + CA % ("a" * 300))
    assert told.key == "outgoing.tls_ca"
    assert told.found.endswith("File name too long")
    assert told.mend == "Correct the path"
