"""The bounds of the ways in, each with its name and its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sender, one session and all of them together may take.

    ``connections_per_ip_max`` and ``refused_recipients_max`` do not hold for loopback and Unix
    sockets: the relay in front of us sends everything from there. ``idle_seconds_max`` is the
    wait for a command (RFC 5321 section 4.5.3.2.7), ``data_seconds_max`` the wait for the next
    ``data_step_bytes`` of a mail. ``grace_seconds`` is how long a session may do nothing before
    it has to make room for a newcomer when all places are taken.
    """

    size_bytes_max: int = 25 * 1024 * 1024
    recipients_max: int = 100
    hops_max: int = 50
    command_bytes_max: int = 4096  # SRS and BATV senders outgrow the 512 of RFC 5321
    connections_max: int = 64
    connections_per_ip_max: int = 16
    refused_recipients_max: int = 20  # who asks for more is looking for addresses
    mails_per_session_max: int = 5000
    commands_per_session_max: int = 20  # of those that need no repeating: EHLO, NOOP, HELP
    logins_per_session_max: int = 3
    session_seconds_max: float = 900.0
    idle_seconds_max: float = 300.0
    data_seconds_max: float = 300.0
    data_step_bytes: int = 64 * 1024
    grace_seconds: float = 2.0
    data_buffer_bytes_max: int = 256 * 1024 * 1024
    drain_seconds_max: float = 30.0
