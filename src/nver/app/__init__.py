"""The page: record or drop a sound in a browser, see and hear the bursts in it. Needs the extra ``app``."""
