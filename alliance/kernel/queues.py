"""The two queues of background work (decision 0019)."""

from __future__ import annotations

from typing import Final

PROMPT: Final = "celery"
"""What somebody waits for and what takes well under a second: events, mails, votes that close, seals. Celery's own default."""
LONG: Final = "long"
"""Work of many seconds: jobs, vectors, weights of an index, asking thousands of members at once. It has a worker of its own, so
that it never stands before what is prompt."""
QUEUES: Final = (PROMPT, LONG)
