"""The Celery application of the fault matrix: the product's own, with one quick beat and a clock for each alliance in a file."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from celery.signals import worker_init

from alliance.celery import app

app.conf.beat_schedule = {"advance pilots": {"task": "operations.advance_all_pilots", "schedule": 0.5}}
app.conf.broker_connection_retry_on_startup = True


@worker_init.connect
def _set_clocks(**_kwargs: Any) -> None:
    from django.db import connection

    from operations import tasks
    from operations.actions.workflow import advance_pilot as real

    file = Path(os.environ["FAULT_CLOCKS"])

    def at_its_own_time(alliance: Any, pilot_id: int, *, at: datetime) -> str:  # noqa: ARG001 - the file says when
        clocks = json.loads(file.read_text(encoding="utf-8"))
        text = clocks.get(str(alliance.pk))
        return real(alliance, pilot_id, at=datetime.fromisoformat(text)) if text else ""

    vars(tasks)["advance_pilot"] = at_its_own_time
    connection.close()
