"""Celery tasks that act in exactly one alliance."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from celery import shared_task
from django.utils import timezone

from alliance.choices import AuditVia
from alliance.kernel import context, tenancy

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


def tenant_task(name: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A Celery task whose first argument is the alliance's id; the function gets the Alliance itself.

    One transaction with the tenant announced; the context is reset afterwards. A task for an alliance that was removed
    meanwhile ends quietly. Publish with ``transaction.on_commit`` only.

    Args:
        name: Full task name.
        options: Celery's task options.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        @shared_task(name=name, **options)
        @wraps(function)
        def run(alliance_id: int, *args: Any, **kwargs: Any) -> Any:
            from alliance.models import Alliance  # noqa: PLC0415 - tasks load before the models

            token = context.current.set(context.ActContext(via=AuditVia.TASK))
            try:
                with tenancy.acting_in(alliance_id):
                    alliance = Alliance.objects.filter(pk=alliance_id).first()
                    if alliance is None:
                        logger.info("task for a removed alliance", extra={"task": name, "alliance_id": alliance_id})
                        return None
                    return function(alliance, *args, **kwargs)
            finally:
                context.current.reset(token)

        return run

    return decorate


def periodic(name: str) -> Callable[[Callable[[], R]], Any]:
    """A platform-wide beat task; its last run, duration and error are kept for the health screen (S35).

    Such a task reads no tenant rows itself: it fans out to one task per alliance.
    """

    def decorate(function: Callable[[], R]) -> Any:
        @shared_task(name=name)
        @wraps(function)
        def run() -> R:
            from alliance.models import PeriodicRun  # noqa: PLC0415 - tasks load before the models

            started = timezone.now()
            error = ""
            try:
                return function()
            except Exception as raised:
                error = f"{type(raised).__name__}: {raised}"[:2000]
                raise
            finally:
                ended = timezone.now()
                row, _ = PeriodicRun.objects.get_or_create(name=name, defaults={"started_at": started})
                row.started_at, row.finished_at, row.error = started, ended, error
                row.duration_ms = int((ended - started).total_seconds() * 1000)
                row.runs += 1
                row.save()

        return run

    return decorate
