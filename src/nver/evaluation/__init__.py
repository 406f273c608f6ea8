"""How clips are divided, and how guesses are scored: arrays in, numbers out."""
