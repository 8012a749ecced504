"""Who guesses reply addresses is braked, and nobody else is: A58."""

from datetime import timedelta
from itertools import count

from adversary.scene import ADA, CARA, MALLORY, Scene

_NUMBERS = count(1)


def wrong_address() -> str:
    """A reply address that nobody gave out."""
    number = next(_NUMBERS)
    handle = "".join("abcdefghijklmnopqrstuvwxyz234567"[number >> 5 * n & 31] for n in range(8))
    return f"support+ra{handle}{'q' * 20}@help.example"


def guess(
    scene: Scene, *, received: str = "192.0.2.66", to: str | None = None, count: int = 1
) -> str:
    """One mail to so many addresses that nobody gave out; how the desk took it."""
    number = next(_NUMBERS)
    addresses = to or ", ".join(wrong_address() for _ in range(count))
    sender = f"m{number}@evil.example"  # one sender's flood would be grouped
    scene.stage.peer = received
    try:
        handled = scene.mail(sender, f"Hello {number}", f"Guess {number}", to=addresses)
    finally:
        scene.stage.peer = "192.0.2.1"
    return handled.disposition


def guesses_told(scene: Scene) -> int:
    return len([one for one in scene.left_to(ADA) if one.name == "guessed"])


def test_a58_who_guesses_tokens_is_braked_and_the_admins_are_told_once(scene: Scene) -> None:
    scene.mail(CARA)
    good = scene.last(CARA).reply_address
    for _ in range(20):
        assert guess(scene) == "ticket"
    assert guess(scene, to=good) == "entry"
    assert guesses_told(scene) == 0
    assert guess(scene) == "ticket"
    told = scene.last(ADA, "guessed")
    assert "192.0.2.66" in told.text
    # From there not even a good token is one now, and nothing sounds different.
    assert guess(scene, to=good) == "ticket"
    assert guess(scene) == "ticket"
    assert guesses_told(scene) == 1
    # Everybody else's are, and after half an hour theirs as well.
    assert guess(scene, received="192.0.2.67", to=good) == "entry"
    scene.stage.move_to(scene.stage.now + timedelta(minutes=30))
    assert guess(scene, to=good) == "entry"


def test_a58_many_peers_that_guess_little_each_are_braked_one_by_one(scene: Scene) -> None:
    scene.mail(CARA)
    good = scene.last(CARA).reply_address
    for number in range(20):
        guess(scene, received=f"198.51.100.{number}", count=10)
    assert guesses_told(scene) == 0
    assert guess(scene, received="203.0.113.9", to=good) == "entry"
    guess(scene, received="203.0.113.9")
    assert scene.last(ADA, "guessed").name == "guessed"
    assert guess(scene, received="203.0.113.9", to=good) == "ticket"
    assert guess(scene, received="203.0.113.10", to=good) == "entry"


def test_a58_behind_a_relay_of_ours_it_is_the_peer_of_the_relay_that_is_braked(
    scene: Scene,
) -> None:
    scene.mail(CARA)
    good = scene.last(CARA).reply_address
    head = "from x (x [{0}]) by mx.help.example; Mon, 2 Mar 2026 09:00:00 +0200"
    scene.stage.peer = "127.0.0.1"

    def send(peer: str, to: str) -> str:
        number = next(_NUMBERS)
        headers = {"Received": head.format(peer)}
        handled = scene.mail(MALLORY, f"Hi {number}", f"{number}", to=to, headers=headers)
        return handled.disposition

    for _ in range(21):
        send("192.0.2.66", wrong_address())
    assert "192.0.2.66" in scene.last(ADA, "guessed").text
    assert send("192.0.2.66", good) == "ticket"
    assert send("192.0.2.67", good) == "entry"
