"""Many recordings in, rows of answers out.

``request`` finds the recordings, ``rows`` says what was asked and answered, ``asking`` asks, ``journal``
keeps answers while it does, and ``formats`` writes them.
"""
