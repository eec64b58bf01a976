"""Acts on many institutions at once: few in one go, many as a job; each can be refused by itself (mock 02).

The record of the act holds whom it was for, what was done with each and why not with the others, so that a job that died goes
on where it stopped and an act can be taken back for ten minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel import jobs, tenancy
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from members.actions.fact import representatives
from members.models import BulkAct, Institution
from members.permissions import BULK_INSTITUTIONS
from members.selectors.bulk import JOB_STEPS, bulk_kinds, can_undo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from alliance.kernel.jobs import Progress
    from alliance.models import Alliance, Job, User

IN_ONE_GO = 50
"""More institutions than this are a job."""
MOST = 50_000
APPLY_JOB = "members.act_on_many"
UNDO_JOB = "members.undo_many"
MESSAGE = "members.message"
texts.register(MESSAGE, Text(title="%(subject)s", body="%(words)s", icon="mail"))


@transaction.atomic
def act_on_many(
    alliance: Alliance, act: str, ids: Sequence[int], *, params: dict[str, Any], actor: User, at: datetime
) -> BulkAct:
    """Do one thing with many institutions; those that refuse it are left aside with the reason.

    Args:
        alliance: The tenant.
        act: Registered kind of act.
        ids: Primary keys of institutions of this alliance; others are left out.
        params: JSON values the act needs.
        actor: Needs ``members.act_on_many`` and, for each institution, what the act itself asks for.
        at: Now.

    Raises:
        InvalidInputError: No such act, nobody chosen, or more than 50,000.
    """
    require(actor, BULK_INSTITUTIONS, alliance)
    if act not in bulk_kinds:
        raise InvalidInputError(_("There is no such act."), code="act_unknown")
    known = set(Institution.objects.of(alliance).filter(pk__in=list(ids)).values_list("pk", flat=True))
    chosen = [pk for pk in dict.fromkeys(ids) if pk in known]
    if not chosen:
        raise InvalidInputError(_("Choose at least one institution, then an action."), code="nothing_chosen")
    if len(chosen) > MOST:
        raise InvalidInputError(
            _("At most %(most)s institutions at once. Narrow the list first.") % {"most": MOST}, code="too_many"
        )
    record = BulkAct.objects.create(
        alliance=alliance, act=act, actor=actor, params=params, institution_ids=chosen, created_at=at
    )
    if len(chosen) > IN_ONE_GO:
        record.job = jobs.start(alliance, APPLY_JOB, actor=actor, params={"act": str(record.uuid)})
        record.save(update_fields=["job"])
    else:
        _apply(alliance, record, chosen, at=at)
        _finish(record, at=at)
    return record


def _apply(alliance: Alliance, record: BulkAct, ids: Sequence[int], *, at: datetime) -> None:
    """Do it for some institutions, each in a savepoint of its own, and note what came of it."""
    kind = bulk_kinds.get(record.act)
    institutions = Institution.objects.of(alliance).in_bulk(ids)
    with translation.override(record.actor.language):
        for pk in ids:
            if pk not in institutions:
                continue
            try:
                with transaction.atomic():
                    record.done.append([pk, kind.apply(alliance, institutions[pk], record.params, record.actor, at)])
            except DomainError as refusal:
                record.refused.append([pk, f"{refusal.reason} {refusal.remedy}".strip()])
    record.save(update_fields=["done", "refused"])


def _finish(record: BulkAct, *, at: datetime) -> None:
    record.finished_at = at
    record.save(update_fields=["finished_at"])
    record_audit(
        record,
        actor=record.actor,
        verb="act_on_many",
        after={"act": record.act, "done": len(record.done), "refused": len(record.refused)},
        at=at,
    )


def _locked(alliance: Alliance, uuid: str) -> BulkAct:
    return BulkAct.objects.of(alliance).select_for_update(of=("self",)).select_related("actor").get(uuid=uuid)


def run_apply_job(alliance: Alliance, job: Job, progress: Progress) -> dict[str, Any]:
    """The job: batches that commit one by one; what is noted as done is not done again."""
    uuid = job.params["act"]
    while True:
        with tenancy.acting_in(alliance.pk):
            record = _locked(alliance, uuid)
            settled = {pk for pk, _info in (*record.done, *record.refused)}
            left = [pk for pk in record.institution_ids if pk not in settled][:IN_ONE_GO]
            if left:
                _apply(alliance, record, left, at=timezone.now())
            elif record.finished_at is None:
                _finish(record, at=timezone.now())
            done = len(record.done) + len(record.refused)
            total = len(record.institution_ids)
            outcome = {"done": len(record.done), "refused": len(record.refused)}
        if not left:
            return outcome
        progress.step("apply", done, total)


@transaction.atomic
def undo_many(alliance: Alliance, uuid: UUID, *, actor: User, at: datetime) -> BulkAct:
    """Take an act on many institutions back, within ten minutes and by whoever did it.

    Raises:
        BulkAct.DoesNotExist: No such act here.
        DomainError: It is not one's own, cannot be taken back, or was taken back already.
    """
    record = _locked(alliance, str(uuid))
    require(actor, BULK_INSTITUTIONS, alliance)
    if not can_undo(record, actor, at):
        raise DomainError(
            _("This can no longer be undone: for ten minutes, and only by whoever did it."),
            code="undo_over",
            remedy=_("Change the institutions one by one."),
            status=409,
        )
    record.undone_at = at
    record.save(update_fields=["undone_at"])
    if len(record.done) > IN_ONE_GO:
        record.job = jobs.start(alliance, UNDO_JOB, actor=actor, params={"act": str(record.uuid)})
        record.save(update_fields=["job"])
    else:
        _undo(alliance, record, record.done, at=at)
    record_audit(record, actor=actor, verb="undo_many", after={"act": record.act, "undone": len(record.done)}, at=at)
    return record


def _undo(alliance: Alliance, record: BulkAct, rows: Sequence[Any], *, at: datetime) -> int:
    """Take it back for some institutions; what has changed since stays as it is. Returns how many were taken back."""
    kind = bulk_kinds.get(record.act)
    institutions = Institution.objects.of(alliance).in_bulk([pk for pk, _info in rows])
    undone = 0
    for pk, info in rows:
        if kind.undo is None or pk not in institutions:
            continue
        try:
            with transaction.atomic():
                kind.undo(alliance, institutions[pk], info, record.actor, at)
            undone += 1
        except DomainError:
            continue  # ended or answered meanwhile
    return undone


def run_undo_job(alliance: Alliance, job: Job, progress: Progress) -> dict[str, Any]:
    """The job that takes an act back in batches; taking back twice changes nothing."""
    with tenancy.acting_in(alliance.pk):
        rows = _locked(alliance, job.params["act"]).done
    undone = 0
    for start in range(0, len(rows), IN_ONE_GO):
        with tenancy.acting_in(alliance.pk):
            record = _locked(alliance, job.params["act"])
            undone += _undo(alliance, record, rows[start : start + IN_ONE_GO], at=timezone.now())
        progress.step("undo", min(start + IN_ONE_GO, len(rows)), len(rows))
    return {"undone": undone}


jobs.kinds.register(APPLY_JOB, jobs.JobKind(APPLY_JOB, gettext_lazy("Act on many institutions"), run_apply_job, JOB_STEPS))
jobs.kinds.register(
    UNDO_JOB, jobs.JobKind(UNDO_JOB, gettext_lazy("Undo an act on many institutions"), run_undo_job, JOB_STEPS)
)


@transaction.atomic
def message_institution(alliance: Alliance, code: str, *, subject: str, words: str, actor: User, at: datetime) -> int:
    """Write to the representatives of an institution: a notice in the platform and a mail.

    Returns:
        How many people were told.

    Raises:
        InvalidInputError: No subject, no text, or nobody represents the institution.
    """
    record = Institution.objects.of(alliance).get(code=code)
    require(actor, BULK_INSTITUTIONS, alliance)
    problems = {name: _("Fill this in.") for name, value in (("subject", subject), ("words", words)) if not value.strip()}
    if problems:
        raise InvalidInputError(_("A message needs a subject and a text."), code="message_empty", fields=problems)
    people = representatives(alliance, record, at)
    if not people:
        raise InvalidInputError(
            _("%(name)s has no representative who could read it.") % {"name": record.name},
            code="no_representative",
            remedy=_("Invite one on the institution's page."),
        )
    entry = record_audit(
        record,
        actor=actor,
        verb="message_institution",
        after={"people": len(people)},
        personal={"subject": subject.strip(), "reason": words.strip()},
        at=at,
    )
    return notify(
        alliance,
        people,
        MESSAGE,
        f"message:{entry.pk}",
        params={"subject": subject.strip(), "words": words.strip()},
        at=at,
        url_name="portal_institution_detail",
        url_kwargs={"code": record.code},
    )
