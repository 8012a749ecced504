"""Routing; being furnished."""


class Routing:
    """All rules of a desk, compiled."""
