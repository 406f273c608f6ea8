"""``python -m nver`` is the command line too."""

from nver.cli import main

if __name__ == "__main__":
    main()
