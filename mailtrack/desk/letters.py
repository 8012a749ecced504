"""Letters in words; being furnished."""


class Stationery:
    """All compiled templates of a desk."""
