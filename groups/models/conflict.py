"""Conflicts of interest declared for a matter."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey
from alliance.models import TenantModel, TenantQuerySet
from groups.choices import ConflictState, LinkKind


class ConflictOfInterest(TenantModel):
    """An institution's interest in one matter (``matter`` is e.g. ``product:P-029``); while it counts, it stands aside.

    What somebody else claims about the institution counts once it agrees, a rule finds it too, or a second person rules so.
    """

    institution = TenantForeignKey("members.Institution", on_delete=models.PROTECT, related_name="conflicts")
    matter = models.CharField(_("matter"), max_length=80)
    state = models.CharField(_("state"), max_length=10, choices=ConflictState.choices, default=ConflictState.DECLARED)
    reason = models.TextField(_("reason"), blank=True, default="")
    """In the words of who declared it; empty where a rule found it."""
    detected_by = models.CharField(_("found by"), max_length=20, choices=LinkKind.choices, blank=True, default="")
    """Rule that found it (kind of the link); empty: declared by a person."""
    facts = models.JSONField(default=list)
    """What the rule found: [{"kind", "party": code of the institution at the other end, "source"}]."""
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ConflictOfInterest"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ConflictState.values), name="conflict_state_known"),
            models.CheckConstraint(condition=Q(detected_by__in=["", *LinkKind.values]), name="conflict_rule_known"),
            models.CheckConstraint(condition=~Q(reason="") | ~Q(detected_by=""), name="conflict_says_why"),
            models.UniqueConstraint(
                fields=["alliance", "institution", "matter"],
                condition=Q(ended_at__isnull=True),
                name="conflict_open_once_per_matter",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "matter"], name="conflict_of_matter"),
            models.Index(fields=["alliance", "-declared_at", "-id"], name="conflict_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.institution_id} {self.matter}"
