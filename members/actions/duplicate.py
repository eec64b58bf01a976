"""Looks for entries that may be one institution, and keeps what the office decided about each pair (features S23)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.choices import JobState
from alliance.kernel import jobs, tenancy
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import require
from alliance.models import Job
from members.choices import DuplicateState
from members.models import DuplicatePair, Institution
from members.permissions import HANDLE_DUPLICATES
from members.selectors.duplicate import (
    FLOOR,
    find_twins_of,
    index_names,
    pairs_by_key,
    pairs_by_name,
    rate,
    stage,
)
from members.transitions import DISMISS_PAIR, REOPEN_PAIR

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.jobs import Progress
    from alliance.models import Alliance, User
    from members.selectors.duplicate import Pair, Signals

FIND_JOB = "members.find_duplicates"
STEPS: dict[str, StrOrPromise] = {
    "keys": _("Comparing registry codes, pinyin and domains"),
    "names": _("Comparing names"),
    "finish": _("Writing down the result"),
}
BATCH = 1_000
"""Entries compared with all others in one transaction."""


@transaction.atomic
def start_search(alliance: Alliance, *, actor: User) -> Job:
    """Look through the whole alliance as a job; a search that is under way is given back instead of a second one."""
    require(actor, HANDLE_DUPLICATES, alliance)
    running = (
        Job.objects.of(alliance).filter(kind=FIND_JOB, state__in=[JobState.QUEUED, JobState.RUNNING]).order_by("-id").first()
    )
    return running or jobs.start(alliance, FIND_JOB, actor=actor, params={})


def run_search(alliance: Alliance, job: Job, progress: Progress) -> dict[str, Any]:
    """The search. It begins afresh after a death: what it writes is the same.

    Dismissed and merged pairs stay as they are; open pairs that are no longer alike are forgotten.
    """
    with tenancy.acting_in(alliance):
        ids = stage(alliance)
        counts = {"entries": len(ids), "new": 0}
        seen = _keep(alliance, pairs_by_key(), job.created_at, counts)
    progress.step("keys", 0, len(ids))
    for start in range(0, len(ids), BATCH):
        with tenancy.acting_in(alliance):
            stage(alliance)
            index_names()
            seen |= _keep(alliance, pairs_by_name(ids[start : start + BATCH]), job.created_at, counts)
        progress.step("names", min(start + BATCH, len(ids)), len(ids))
    progress.step("finish", len(ids), len(ids))
    with tenancy.acting_in(alliance):
        gone = [
            pk
            for pk, first, second in DuplicatePair.objects.of(alliance)
            .filter(state=DuplicateState.OPEN, found_at__lt=job.created_at, score__gt=0)
            .values_list("pk", "first_id", "second_id")
            if (first, second) not in seen
        ]
        DuplicatePair.objects.of(alliance).filter(pk__in=gone, state=DuplicateState.OPEN).delete()
        counts["open"] = DuplicatePair.objects.of(alliance).filter(state=DuplicateState.OPEN).count()
        counts["forgotten"] = len(gone)
        record_audit(job, actor=job.actor, verb="find_duplicates", after=counts)
    return counts


def _keep(alliance: Alliance, found: dict[Pair, Signals], at: datetime, counts: dict[str, int]) -> set[Pair]:
    """Write pairs down that are alike enough: new ones as open, open ones with their new figures; two statements."""
    rated = {pair: rate(signals) for pair, signals in found.items()}
    rated = {pair: (score, reasons) for pair, (score, reasons) in rated.items() if score >= FLOOR}
    if not rated:
        return set()
    firsts = {pair[0] for pair in rated}
    known = {
        (row.first_id, row.second_id): row
        for row in DuplicatePair.objects.of(alliance).select_for_update().filter(first__in=firsts)
    }
    changed, added = [], []
    for pair, (score, reasons) in rated.items():
        row = known.get(pair)
        if row is None:
            added.append(
                DuplicatePair(
                    alliance=alliance,
                    first_id=pair[0],
                    second_id=pair[1],
                    score=Decimal(str(score)),
                    reasons=reasons,
                    found_at=at,
                )
            )
        elif row.state == DuplicateState.OPEN and (float(row.score) != score or row.reasons != reasons):
            row.score, row.reasons = Decimal(str(score)), reasons
            changed.append(row)
    counts["new"] += len(added)
    DuplicatePair.objects.bulk_create(added, ignore_conflicts=True, batch_size=1_000)
    if changed:
        DuplicatePair.objects.bulk_update(changed, ["score", "reasons"], batch_size=1_000)
    return set(rated)


def note_twins(institution: Institution, *, at: datetime) -> list[DuplicatePair]:
    """Write down which entries may be the same institution as one that was just added; returns the open pairs."""
    alliance = institution.alliance
    noted = []
    for twin in find_twins_of(institution):
        first, second = sorted([institution.pk, twin.institution.pk])
        pair, _made = DuplicatePair.objects.of(alliance).get_or_create(
            first_id=first,
            second_id=second,
            defaults={"alliance": alliance, "score": str(twin.score), "reasons": twin.reasons, "found_at": at},
        )
        if pair.state == DuplicateState.OPEN:
            noted.append(pair)
    return noted


def _locked(alliance: Alliance, pair_uuid: UUID) -> DuplicatePair:
    return (
        DuplicatePair.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("first", "second")
        .get(uuid=pair_uuid)
    )


@transaction.atomic
def dismiss_pair(alliance: Alliance, pair_uuid: UUID, *, actor: User, at: datetime) -> DuplicatePair:
    """Note that two entries are two institutions; no search brings the pair back.

    Raises:
        DuplicatePair.DoesNotExist: No such pair here.
        TransitionRefusedError: It is dismissed or merged already.
    """
    return _decide(alliance, pair_uuid, DISMISS_PAIR, actor=actor, at=at)


@transaction.atomic
def reopen_pair(alliance: Alliance, pair_uuid: UUID, *, actor: User, at: datetime) -> DuplicatePair:
    """Take a dismissal back.

    Raises:
        DuplicatePair.DoesNotExist: No such pair here.
        TransitionRefusedError: It was not dismissed.
        InvalidInputError: One of the entries was merged meanwhile.
    """
    return _decide(alliance, pair_uuid, REOPEN_PAIR, actor=actor, at=at)


def _decide(alliance: Alliance, pair_uuid: UUID, step: Any, *, actor: User, at: datetime) -> DuplicatePair:
    pair = _locked(alliance, pair_uuid)
    require(actor, step.permission, pair)
    step.check(pair.state)
    if step is REOPEN_PAIR and (pair.first.merged_into_id or pair.second.merged_into_id):
        raise InvalidInputError(_("One of the two entries was merged meanwhile."), code="pair_settled")
    before = pair.state
    pair.state = step.target
    pair.decided_at, pair.decided_by = (None, None) if step is REOPEN_PAIR else (at, actor)
    pair.save(update_fields=["state", "decided_at", "decided_by"])
    record_audit(
        pair,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": pair.state, "first": pair.first.code, "second": pair.second.code},
        at=at,
    )
    return pair


@transaction.atomic
def note_pair(alliance: Alliance, one_code: str, other_code: str, *, actor: User, at: datetime) -> DuplicatePair:
    """Write down a pair that a person names, found alike or not; a known pair is given back, a dismissed one opened again.

    Raises:
        InvalidInputError: A code is unknown, both are the same, or an entry is merged already.
    """
    require(actor, HANDLE_DUPLICATES, alliance)
    found = {row.code: row for row in Institution.objects.of(alliance).filter(code__in=[one_code, other_code])}
    problems: dict[str, StrOrPromise] = {}
    for name, code in (("first", one_code), ("second", other_code)):
        if code not in found:
            problems[name] = _("The alliance has no institution of this code.")
        elif found[code].merged_into_id:
            problems[name] = _("This entry was merged into another one already.")
    if one_code == other_code:
        problems.setdefault("second", _("Choose two different entries."))
    if problems:
        raise InvalidInputError(_("The two entries cannot be compared."), code="pair_invalid", fields=problems)
    first, second = sorted((found[one_code], found[other_code]), key=lambda entry: entry.pk)
    alike = {twin.institution.pk: twin for twin in find_twins_of(first)}.get(second.pk)
    pair, made = DuplicatePair.objects.of(alliance).get_or_create(
        first=first,
        second=second,
        defaults={
            "alliance": alliance,
            "score": str(alike.score if alike else 0),
            "reasons": alike.reasons if alike else [],
            "found_at": at,
        },
    )
    if made:
        record_audit(pair, actor=actor, verb="note_pair", after={"first": first.code, "second": second.code}, at=at)
    elif pair.state == DuplicateState.DISMISSED:
        pair = reopen_pair(alliance, pair.uuid, actor=actor, at=at)
    return pair


jobs.kinds.register(
    FIND_JOB, jobs.JobKind(FIND_JOB, _("Search for duplicates"), run_search, STEPS, url_name="duplicate_search_of_job")
)
