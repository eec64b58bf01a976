"""What the organisational layer says when two entries of one institution are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from groups.choices import MotionState
from groups.models import MotionElector

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance
    from members.models import Institution

_SEALED: StrOrPromise = _("sealed with the result of a vote")
_WRITTEN: StrOrPromise = _("signed or recorded once, and never changed")
UNTOUCHED: dict[str, StrOrPromise] = {
    "groups.MotionElector.institution": _SEALED,
    "groups.Vote.institution": _SEALED,
    "groups.Vote.holder": _SEALED,
    "groups.BallotEnvelope.institution": _SEALED,
    "groups.BallotEnvelope.holder": _SEALED,
    "groups.Participation.institution": _SEALED,
    "groups.Participation.holder": _SEALED,
    "groups.CharterAcceptance.institution": _WRITTEN,
    "groups.DisputeStep.institution": _WRITTEN,
    "groups.MinutesComment.institution": _WRITTEN,
}
"""Columns a merge leaves as they were written: the digest of a result covers the roll, the others are append-only."""


def object_to_merge(alliance: Alliance, kept: Institution, absorbed: Institution) -> list[StrOrPromise]:
    """A vote that is open for one of the two stands against a merge; one query.

    A vote stays with the entry that cast it, and an entry that is closed does not count any more: merged now, a vote that was
    cast would be dropped at the close, and one that is still to come would be lost. In a secret ballot it would show besides
    who voted at all.
    """
    rows = (
        MotionElector.objects.of(alliance)
        .filter(motion__state=MotionState.OPEN, institution__in=[kept, absorbed])
        .order_by("motion__code", "institution__code")
        .values_list("motion__code", "institution__code")
    )
    return [
        _("%(institution)s is on the roll of the vote on motion %(motion)s, which is still open.")
        % {"institution": institution, "motion": motion}
        for motion, institution in rows
    ]
