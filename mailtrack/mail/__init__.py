"""What a message is: RFC 5321, 5322, 2045 and their many broken relatives.

This room knows no tickets, no agents and no policy. Nothing in it may raise on any input, read
a clock, or touch the network. ``message`` holds the values, ``parse`` makes them from bytes,
``compose`` makes bytes of outgoing ones.
"""
