"""The commands agents give by mail: ``[close]``, ``[assign:ivan]``, in three languages.

``table`` is the list of them all and the place to add one; ``order`` says what a command gets
and gives; ``obey`` carries out all commands of a mail, or none.
"""
