"""The Celery application."""

from __future__ import annotations

import os
from typing import Any, Final

from celery import Celery
from celery.signals import setup_logging

from alliance.kernel.queues import LONG

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alliance.settings.local")

app = Celery("alliance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "relay outboxes": {"task": "alliance.relay_all_outboxes", "schedule": 10.0},
    "catch up": {"task": "alliance.catch_up", "schedule": 15.0},
    "seal audit logs": {"task": "alliance.seal_all_audit_logs", "schedule": 60.0},
    "send log heads": {"task": "alliance.send_all_log_heads", "schedule": 4 * 3600.0},
    "keep house": {"task": "alliance.keep_house", "schedule": 3600.0},
    "keep contracts": {"task": "services.keep_all_contracts", "schedule": 60.0},
    "keep the work of contracts": {"task": "services.keep_all_work", "schedule": 3600.0},
    "keep evaluations": {"task": "services.keep_all_reviews", "schedule": 60.0},
    "follow contracts up": {"task": "services.follow_all_contracts_up", "schedule": 6 * 3600.0},
    "advance pilots": {"task": "operations.advance_all_pilots", "schedule": 15.0},
    "note late milestones": {"task": "operations.note_all_late_milestones", "schedule": 3600.0},
    "keep learning": {"task": "operations.keep_all_learning", "schedule": 3600.0},
    "watch risks": {"task": "operations.watch_all_risks", "schedule": 3600.0},
    "close votes": {"task": "groups.close_all_motions", "schedule": 10.0},
    "remind electors": {"task": "groups.remind_all_electors", "schedule": 900.0},
    "guard interests and directives": {"task": "groups.guard_all", "schedule": 3600.0},
    "remind of dates": {"task": "groups.remind_all_of_dates", "schedule": 3600.0},
    "remind members": {"task": "members.remind_all_members", "schedule": 6 * 3600.0},
    "settle ended staff": {"task": "members.settle_all_ended_staff", "schedule": 600.0},
    "follow admissions": {"task": "members.follow_all_admissions", "schedule": 300.0},
    "keep promises": {"task": "groups.keep_all_promises", "schedule": 300.0},
    "keep match indexes": {"task": "services.keep_all_match_indexes", "schedule": 300.0},
    "expire listings": {"task": "services.expire_all_listings", "schedule": 20.0},
    "remind of listings": {"task": "services.remind_all_of_listings", "schedule": 3600.0},
    "measure indicators": {"task": "targets.measure_all_indicators", "schedule": 300.0},
}
"""What runs by the clock, and every how many seconds."""
app.conf.beat_schedule = SCHEDULE
LONG_TASKS: Final = ("alliance.run_job", "groups.keep_charter", "services.embed_listings", "services.keep_match_index")
"""Names of what goes to the long queue: tasks that may take many seconds."""
app.conf.task_routes = {name: {"queue": LONG} for name in LONG_TASKS}


@setup_logging.connect
def use_django_logging(**_kwargs: Any) -> None:
    """Workers log as the web processes do."""
    import logging.config  # noqa: PLC0415 - only in a worker

    from django.conf import settings  # noqa: PLC0415 - likewise

    logging.config.dictConfig(settings.LOGGING)
