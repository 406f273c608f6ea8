"""Non-verbal vocal emotion recognition."""
