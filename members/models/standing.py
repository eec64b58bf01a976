"""Standing of an institution over time, its verified facts, and its exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from members.choices import FactKind, InstitutionState, StandingNoteKind

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self


class TsTzRange(Func):
    """``tstzrange(from, until, bounds)``."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class InstitutionStandingQuerySet(TenantQuerySet["InstitutionStanding"]):
    """Periods of standing."""

    def at(self, moment: datetime) -> Self:
        """The standing at a moment: from the start on, until before the end."""
        return self.filter(Q(starts_at__lte=moment) & (Q(ends_at__isnull=True) | Q(ends_at__gt=moment)))


class InstitutionStanding(TenantModel):
    """In which state an institution was from when to when; periods follow each other and never overlap.

    ``Institution.state`` repeats the open period's state for the lists.
    """

    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="standings")
    state = models.CharField(_("state"), max_length=16, choices=InstitutionState.choices)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    decision_reference = models.CharField(_("decision"), max_length=40, blank=True, default="")
    """Code of the motion that decided it, where one did."""

    objects = InstitutionStandingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=InstitutionState.values), name="institution_standing_state_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="institution_standing_period_forward",
            ),
            ExclusionConstraint(
                name="institution_standing_periods_apart",
                expressions=[
                    ("alliance", RangeOperators.EQUAL),
                    ("institution", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.state}"


class StandingNote(TenantModel):
    """A dated note that a member was reminded in writing or heard, before a body decides on its standing.

    Written by the office (charter, article 10); never changed, so that a motion can rely on it.
    """

    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="standing_notes")
    kind = models.CharField(_("step"), max_length=14, choices=StandingNoteKind.choices)
    on = models.DateField(_("on"))
    words = models.TextField(_("what was said"))
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField()

    objects = TenantQuerySet["StandingNote"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=StandingNoteKind.values), name="standing_note_kind_known")
        ]
        indexes = [models.Index(fields=["alliance", "institution", "-on", "-id"], name="standing_note_newest")]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.kind}"


class FactMark(TenantModel):
    """The office has verified a fact of the entry; the institution confirms it each year (I12).

    The mark holds for the value it was given for: ``value_digest`` is the SHA-256 of that value's canonical form, and a
    changed value no longer fits it.
    """

    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="marks")
    fact = models.CharField(_("fact"), max_length=10, choices=FactKind.choices)
    value_digest = models.CharField(max_length=64)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    evidence_file = TenantForeignKey(
        "alliance.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = TenantQuerySet["FactMark"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "institution", "fact"], name="fact_mark_once"),
            models.CheckConstraint(condition=Q(fact__in=FactKind.values), name="fact_mark_fact_known"),
        ]
        indexes = [models.Index(fields=["alliance", "valid_until"], name="fact_mark_due")]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.fact}"


class InstitutionExit(TenantModel):
    """A member's exit: notice, deadline, and what was handed over before it was complete (charter, article 11)."""

    institution = TenantForeignKey("members.Institution", on_delete=models.CASCADE, related_name="exits")
    notice_at = models.DateTimeField(_("notice given"))
    due_on = models.DateField(_("to be completed by"))
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    called_off_at = models.DateTimeField(_("called off"), null=True, blank=True)
    notice_shortened_to = models.DateField(_("notice shortened to"), null=True, blank=True)
    """Last day of the notice where the committee shortened it; empty: the charter's thirty days."""
    shortened_because = models.TextField(_("why it was shortened"), blank=True, default="")
    shortened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = TenantQuerySet["InstitutionExit"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "institution"],
                condition=Q(completed_at__isnull=True, called_off_at__isnull=True),
                name="institution_exit_open_once",
            ),
            models.CheckConstraint(
                condition=Q(notice_shortened_to__isnull=True) | (~Q(shortened_because="") & Q(shortened_by__isnull=False)),
                name="institution_exit_shortened_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.notice_at:%Y-%m-%d}"


class ExitHandover(TenantModel):
    """One duty of a leaving member and what became of it; written when it is settled, never overwritten."""

    exit = TenantForeignKey(InstitutionExit, on_delete=models.CASCADE, related_name="handovers")
    duty_key = models.CharField(max_length=120)
    """Names the duty across providers, e.g. ``seat:wisdom_group``, ``responsibility:R-01``."""
    label_en = models.CharField(max_length=300)
    label_zh = models.CharField(max_length=300)
    handed_to = TenantForeignKey("members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Who goes on with it; empty when it was ended or settled."""
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField()

    objects = TenantQuerySet["ExitHandover"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "exit", "duty_key"], name="exit_handover_once")]

    def __str__(self) -> str:
        return self.duty_key
