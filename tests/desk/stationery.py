"""What ships as templates, loaded once for the tests that write with it."""

from pathlib import Path

from mailtrack.desk.letters import load_stationery

SHIPPED = Path(__file__).parents[2] / "templates"
LANGUAGES = ("en", "ru", "uk")
STATIONERY = load_stationery((SHIPPED,), LANGUAGES)
