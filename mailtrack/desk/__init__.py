"""The rules of the desk, one file a rule of business. Pure: values in, one Decision out.

Nothing here may touch a clock, a disk, the network or a log, and nothing may raise for what a
mail says. ``decide`` is the order of the rules and only the order; read it next.
"""
