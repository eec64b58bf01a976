#!/usr/bin/env python
"""Runs one management command; ``manage.py help`` lists them.

A command uses the running instance of the data folder, or brings up the embedded servers for its own duration.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))


def main() -> None:
    """Provide the servers, then hand over to Django."""
    from alliance.embedded import ensure_services

    ensure_services()
    if sys.argv[1:2] == ["up"]:
        from alliance.embedded.supervisor import main as up

        raise SystemExit(up(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
