"""The archive: one file a mail, by its hash."""

from pathlib import Path

import pytest

from mailtrack.intake.archive import Archive
from mailtrack.intake.spoolfile import HEAD_NAME

SHA = "ab" + "0" * 62
FILE = HEAD_NAME + b"{}\r\nSubject: x\r\n"


@pytest.mark.parametrize(
    "sha256", ["", "ab", "../../etc/passwd", SHA.upper(), SHA + "\n", SHA * 2]
)
def test_nothing_but_a_hash_becomes_a_path(tmp_path: Path, sha256: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        Archive(tmp_path).path(sha256)


def test_a_mail_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    assert not archive.has(SHA)
    with pytest.raises(FileNotFoundError):
        archive.raw(SHA)


def test_a_mail_comes_out_without_our_line_only(tmp_path: Path) -> None:
    archive, source = Archive(tmp_path / "archive"), tmp_path / "x"
    source.write_bytes(FILE + FILE)
    assert archive.put_file(source, SHA) == tmp_path / "archive" / "ab" / f"{SHA}.eml"
    assert not source.exists()
    assert archive.raw(SHA) == b"Subject: x\r\n" + FILE


def test_putting_a_file_again_after_a_crash_changes_nothing(tmp_path: Path) -> None:
    archive, source = Archive(tmp_path / "archive"), tmp_path / "x"
    source.write_bytes(FILE)
    archive.put_file(source, SHA)
    archive.put_file(source, SHA)
    assert archive.raw(SHA) == b"Subject: x\r\n"


def test_a_file_that_never_was_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Archive(tmp_path / "archive").put_file(tmp_path / "x", SHA)


def test_a_mail_moves_between_disks(tmp_path: Path) -> None:
    other_disk = Path("/dev/shm")
    if not other_disk.is_dir() or other_disk.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk here")
    archive, source = Archive(tmp_path / "archive"), other_disk / f"mailtrack-{tmp_path.name}"
    source.write_bytes(FILE)
    try:
        path = archive.put_file(source, SHA)
        assert not source.exists()
        assert path.read_bytes() == FILE
        assert path.stat().st_mode & 0o777 == 0o600
        assert [found.name for found in path.parent.iterdir()] == [path.name]
    finally:
        source.unlink(missing_ok=True)
