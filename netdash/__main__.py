"""``python -m netdash`` is the command ``netdash``."""

from netdash.cli import main

main()
