"""What the operator's commands do, a file each: ``run(arguments)`` answers an exit code.

Here text is printed for people. ``cli`` imports only the one that was asked for; what several
share is in ``place``.
"""
