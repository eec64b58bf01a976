"""Acts of people on background jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from alliance.actions.audit import record_audit
from alliance.kernel import jobs
from alliance.kernel.permissions import require

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from alliance.models import Alliance, Job

STOP = "alliance.run_job"


@transaction.atomic
def stop_job(alliance: Alliance, job_uuid: UUID, *, actor: Any, at: datetime) -> Job:
    """Ask a job to stop after its present step; whoever started it may, and the office.

    Raises:
        Job.DoesNotExist: No job of this alliance has the identifier.
        PermissionRefusedError: The job is another person's and the actor does not run the office.
    """
    job = jobs.ask_to_stop(alliance, job_uuid)
    if job.actor_id != actor.pk:
        require(actor, STOP, job)
    record_audit(job, actor=actor, verb="stop_job", after={"kind": job.kind}, at=at)
    return job
