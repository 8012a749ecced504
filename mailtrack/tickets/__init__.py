"""The nouns: tickets, people, tokens, and the values a decision is made from and made of.

Frozen values only. Nothing here touches the world, asks the time or draws a number; ``Fresh``
is the one door by which time and chance come in. ``desk`` makes decisions of these values,
``store`` remembers them.
"""
