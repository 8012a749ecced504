"""Attachments that travel, and those that are only named."""

import pytest

from mailtrack.desk.enclosing import FILES_MAX, enclosed
from mailtrack.mail.message import AttachmentRef


def ref(name: str, size_bytes: int = 10) -> AttachmentRef:
    return AttachmentRef("0" * 64, 0, name, "application/octet-stream", size_bytes)


@pytest.mark.parametrize(
    ("files", "left_out"),
    [
        ([("a.pdf", 100)], ()),
        ([("a.pdf", 101)], ("a.pdf",)),
        ([("a.pdf", 60), ("b.pdf", 60), ("c.pdf", 40)], ("b.pdf",)),
        ([("run.EXE", 1), ("a.pdf", 1)], ("run.EXE",)),
        ([("report.exe.pdf", 1)], ()),
    ],
)
def test_what_does_not_fit_or_would_harm_is_named(files, left_out):
    found = enclosed(tuple(ref(*file) for file in files), bytes_max=100)
    assert found.left_out == left_out
    assert len(found.files) == len(files) - len(left_out)


def test_the_number_of_files_is_bounded():
    many = tuple(ref(f"{number}.txt", 1) for number in range(FILES_MAX + 1))
    assert enclosed(many[:FILES_MAX], bytes_max=10**6).left_out == ()
    assert enclosed(many, bytes_max=10**6).left_out == (f"{FILES_MAX}.txt",)
