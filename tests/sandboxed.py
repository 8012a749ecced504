"""A program in the fence of our unit: `python tests/sandboxed.py STATE CONFIG PROGRAM …`.

Does by hand what systemd does with the directives of systemd/mailtrack.service, where there is
no systemd: mounts, capabilities, limits, and the filters of system calls, made of the unit's
own words as systemd (version 252) makes them. Needs root, which it gives up. Exit code 75:
this machine refuses a part of it.
"""

import ctypes
import errno
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
UNIT = CHECKOUT / "systemd" / "mailtrack.service"
REFUSED = 75

MS_PRIVATE, MS_REC = 1 << 18, 1 << 14
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
AT_FDCWD, AT_RECURSIVE, AT_EMPTY_PATH = -100, 0x8000, 0x1000
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH = 1, 4
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442  # the same on every machine
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_NOEXEC = 1, 2, 4, 8
CLONE_NEWNS, CLONE_NEWIPC = 0x20000, 0x8000000
NAMESPACES = (
    CLONE_NEWNS,
    CLONE_NEWIPC,
    0x2000000,
    0x4000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 24, 38, 65
CAPABILITIES = 64

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EQ, GT, MASKED_EQ = 4, 6, 7
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
FAMILIES_MAX = 60

libc = ctypes.CDLL(None, use_errno=True)


class Unit:
    """The directives of a unit file; one that stands several times has several values."""

    def __init__(self, path: Path) -> None:
        self._lines = [
            line.partition("=")[::2]
            for line in path.read_text("utf-8").splitlines()
            if line and line[0] not in "#["
        ]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self._lines if key == name]

    def value(self, name: str) -> str:
        (value,) = self.values(name)
        return value

    def is_on(self, name: str) -> bool:
        return self.values(name) == ["yes"]


# The file system.


def fence_files(state: Path, config: Path) -> None:
    """Everything read-only but the state folder, a /tmp of its own, and /dev."""
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC), "unshare")
    check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount private")
    temporaries = (Path("/tmp"), Path("/var/tmp"))
    # A checkout that lies in a /tmp would be covered by the new one.
    ours = [CHECKOUT] if any(CHECKOUT.is_relative_to(one) for one in temporaries) else []
    kept = [(path, clone_of(path)) for path in (state, config, *ours)]
    careful = MS_NOSUID | MS_NODEV | MS_NOEXEC
    for temporary in map(os.fsencode, temporaries):
        check(libc.mount(b"tmpfs", temporary, b"tmpfs", careful, b"mode=1777"), "mount /tmp")
    only_processes = b"subset=pid,hidepid=invisible"
    check(libc.mount(b"proc", b"/proc", b"proc", careful, only_processes), "mount /proc")
    for path, tree in kept:
        path.mkdir(parents=True, exist_ok=True)
        target = (AT_FDCWD, os.fsencode(path), MOVE_MOUNT_F_EMPTY_PATH)
        check(libc.syscall(MOVE_MOUNT, tree, b"", *target), f"move_mount {path}")
    change_mount("/", add=ATTR_RDONLY | ATTR_NOSUID)
    change_mount("/dev", drop=ATTR_RDONLY)
    for writable in ("/tmp", "/var/tmp", str(state)):
        change_mount(writable, add=ATTR_NOEXEC | ATTR_NODEV, drop=ATTR_RDONLY)
    change_mount(str(config), add=ATTR_RDONLY)
    for path in ours:
        change_mount(str(path), add=ATTR_RDONLY, drop=ATTR_NOEXEC)


def clone_of(path: Path) -> int:
    """A mount of the folder that hangs nowhere yet, for /tmp is about to be covered."""
    flags = OPEN_TREE_CLONE | AT_RECURSIVE
    return check(libc.syscall(OPEN_TREE, AT_FDCWD, os.fsencode(path), flags), "open_tree")


def change_mount(path: str, *, add: int = 0, drop: int = 0) -> None:
    attributes = (ctypes.c_uint64 * 4)(add, drop, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    where = (AT_FDCWD, path.encode(), AT_RECURSIVE)
    check(libc.syscall(MOUNT_SETATTR, *where, attributes, size), f"mount_setattr {path}")


# Rights and limits.


def give_up_rights(unit: Unit) -> None:
    """Nothing of root is left but its files."""
    assert unit.value("CapabilityBoundingSet") == "" and unit.is_on("NoNewPrivileges")
    for capability in range(CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    check(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    os.umask(int(unit.value("UMask"), 8))
    files, core = int(unit.value("LimitNOFILE")), int(unit.value("LimitCORE"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_CORE, (core, core))


# System calls.


class Comparison(ctypes.Structure):
    """One condition on one argument: seccomp_rule_add(3)."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    """A filter in the making. What no rule speaks of is answered by ``otherwise``."""

    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(otherwise)))

    def rule(self, action: int, call: str, *conditions: tuple[int, int, int, int]) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return  # of another architecture, or newer than the library
        compared = (Comparison * len(conditions))(*conditions)
        size = ctypes.c_uint(len(conditions))
        done = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, size, compared
        )
        assert done in (0, -errno.EEXIST, -errno.EACCES), f"{call}: {os.strerror(-done)}"

    def load(self) -> None:
        assert self._library.seccomp_load(self._context) == 0, "seccomp_load"


def allowed_calls(unit: Unit) -> set[str]:
    """What the lines of SystemCallFilter leave, the first of which names what is allowed."""
    allowed = calls_of("@default")
    for line in unit.values("SystemCallFilter"):
        named = {call for word in line.lstrip("~").split() for call in calls_of(word)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def calls_of(word: str) -> set[str]:
    """A call, or those of a group and of the groups in it."""
    if not word.startswith("@"):
        return {word}
    command = ("systemd-analyze", "syscall-filter", "--no-pager", word)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    words = [line.split("#")[0].strip() for line in told.splitlines()[1:]]
    return {call for one in words if one for call in calls_of(one)}


def filters_of(unit: Unit) -> Iterable[Filter]:
    """In the order in which they have to be loaded: the last forbids what the others need."""
    if unit.is_on("MemoryDenyWriteExecute"):
        yield no_memory_both_written_and_run()
    if unit.is_on("RestrictNamespaces"):
        yield no_namespaces()
    yield only_families(unit.value("RestrictAddressFamilies").split())
    assert unit.value("SystemCallErrorNumber") == "EPERM"
    calls = Filter(ERRNO | errno.ENOSYS)  # what systemd does not know, so that libc goes round
    allowed = allowed_calls(unit)
    for call in sorted(calls_of("@known") | allowed):
        calls.rule(ALLOW if call in allowed else ERRNO | errno.EPERM, call)
    yield calls


def no_memory_both_written_and_run() -> Filter:
    both, denied = PROT_WRITE | PROT_EXEC, ERRNO | errno.EPERM
    memory = Filter(ALLOW)
    memory.rule(denied, "mmap", (2, MASKED_EQ, both, both))
    for call in ("mprotect", "pkey_mprotect"):
        memory.rule(denied, call, (2, MASKED_EQ, PROT_EXEC, PROT_EXEC))
    memory.rule(denied, "shmat", (2, MASKED_EQ, SHM_EXEC, SHM_EXEC))
    libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)  # the kernel's own way besides, if it has it
    return memory


def no_namespaces() -> Filter:
    spaces = Filter(ALLOW)
    for flag in NAMESPACES:
        for call in ("clone", "unshare"):
            spaces.rule(ERRNO | errno.EPERM, call, (0, MASKED_EQ, flag, flag))
    spaces.rule(ERRNO | errno.EPERM, "setns")
    spaces.rule(ERRNO | errno.ENOSYS, "clone3")  # its flags cannot be seen
    return spaces


def only_families(names: list[str]) -> Filter:
    allowed = {int(getattr(socket, name)) for name in names}
    families, denied = Filter(ALLOW), ERRNO | errno.EAFNOSUPPORT
    for family in range(FAMILIES_MAX + 1):
        if family not in allowed:
            families.rule(denied, "socket", (0, EQ, family, 0))
    families.rule(denied, "socket", (0, GT, FAMILIES_MAX, 0))
    return families


class RefusedHere(Exception):
    """This machine does not let itself be fenced."""


def check(answer: int, what: str) -> int:
    if answer < 0:
        raise RefusedHere(f"{what}: {os.strerror(ctypes.get_errno())}")
    return answer


def main(state: str, config: str, *program: str) -> None:
    unit = Unit(UNIT)
    filters = list(filters_of(unit))
    try:
        fence_files(Path(state), Path(config))
        give_up_rights(unit)
    except RefusedHere as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(REFUSED)
    for one in filters:
        one.load()
    os.execv(program[0], program)


if __name__ == "__main__":
    main(*sys.argv[1:])
