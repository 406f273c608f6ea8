"""Heads: ``specs`` says what there is, as pure data without torch; ``build`` makes a module of it."""
