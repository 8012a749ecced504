"""Who may log in to submit mail: active agents, by the file of passwords."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mailtrack.desk.policy import Policy
from mailtrack.intake.passwords import Passwords


def login_check(file: Path, policy: Callable[[], Policy]) -> Callable[[str, str], bool]:
    """Whether a login is an active agent's and the password theirs; to be called in threads.

    The policy is asked each time: who has left the team is out at the next login.
    """
    passwords = Passwords(file)

    def check(login: str, password: str) -> bool:
        agent = policy().agent(login) or policy().agent_at(login.lower())
        # The password is looked at in any case, so that the time says nothing of the login.
        return passwords.check(login, password) and agent is not None and agent.is_active

    return check
