"""Reads of technology consortia."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from groups.choices import (
    CONSORTIUM_MIN_KINDS,
    CONSORTIUM_MIN_MEMBERS,
    ConsortiumRole,
    ConsortiumState,
)
from groups.models import Consortium, ConsortiumFile, ConsortiumMembership
from members.selectors.duties import Duty

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User
    from members.models import Institution


@dataclass(frozen=True, slots=True)
class Composition:
    """Who is in a consortium at a moment.

    Attributes:
        present: Parts that have begun and not ended, lead units first.
        invited: Institutions whose answer is awaited.
        past: Parts that are over, and invitations declined or taken back.
    """

    present: list[ConsortiumMembership]
    invited: list[ConsortiumMembership]
    past: list[ConsortiumMembership]

    @property
    def leads(self) -> list[ConsortiumMembership]:
        """Present lead units."""
        return [part for part in self.present if part.role == ConsortiumRole.LEAD]

    @property
    def kinds(self) -> set[str]:
        """Kinds of the present members."""
        return {part.institution.kind for part in self.present}

    @property
    def is_sufficient(self) -> bool:
        """Whether enough institutions of enough kinds are in it."""
        return len(self.present) >= CONSORTIUM_MIN_MEMBERS and len(self.kinds) >= CONSORTIUM_MIN_KINDS


def composition_of(consortium: Consortium, at: datetime) -> Composition:
    """Who is in a consortium, is invited, and was; one query."""
    rows = list(
        ConsortiumMembership.objects.of(consortium.alliance)
        .filter(consortium=consortium)
        .select_related("institution")
        .order_by("starts_at", "id")
    )
    open_rows = [row for row in rows if row.starts_at <= at and (row.ends_at is None or row.ends_at > at)]
    present = [row for row in open_rows if row.accepted_at is not None]
    present.sort(key=lambda row: (row.role != ConsortiumRole.LEAD, row.starts_at, row.pk))
    return Composition(
        present,
        [row for row in open_rows if row.accepted_at is None],
        [row for row in rows if row not in open_rows],
    )


def what_is_missing(consortium: Consortium, parts: Composition) -> list[StrOrPromise]:
    """What a consortium lacks before it can be filed with the committee, in sentences."""
    missing: list[StrOrPromise] = []
    if len(parts.present) < CONSORTIUM_MIN_MEMBERS:
        missing.append(
            _("At least %(count)s institutions must have accepted the terms.") % {"count": CONSORTIUM_MIN_MEMBERS}
        )
    elif len(parts.kinds) < CONSORTIUM_MIN_KINDS:
        missing.append(_("The members must be of at least %(count)s kinds.") % {"count": CONSORTIUM_MIN_KINDS})
    if not (consortium.terms_en or consortium.terms_zh):
        missing.append(_("The terms on inputs, ownership, sharing and exit are not written yet."))
    if not (consortium.plan_en or consortium.plan_zh):
        missing.append(_("The research plan is not written yet."))
    return missing


def list_consortia(
    alliance: Alliance, *, at: datetime, institution_ids: Collection[int] | None = None, public: bool = False
) -> QuerySet[Consortium]:
    """Consortia, newest first, with the present members (``parts``); two queries.

    Args:
        alliance: The tenant.
        at: Now.
        institution_ids: Only those in which one of these institutions is present or invited.
        public: Only those filed with the committee.
    """
    present = ConsortiumMembership.objects.of(alliance).at(at)
    parts = present.filter(accepted_at__isnull=False).select_related("institution").order_by("role", "starts_at", "id")
    found = Consortium.objects.of(alliance)
    if institution_ids is not None:
        found = found.filter(Exists(present.filter(consortium=OuterRef("pk"), institution_id__in=institution_ids)))
    if public:
        found = found.filter(state__in=[ConsortiumState.ACTIVE, ConsortiumState.CLOSED], filed_on__isnull=False)
    return found.prefetch_related(Prefetch("memberships", queryset=parts, to_attr="parts")).order_by("-created_at", "-id")


def find_consortium(alliance: Alliance, code: str) -> Consortium | None:
    """One consortium; one query."""
    return Consortium.objects.of(alliance).select_related("motion").filter(code=code).first()


def list_files(consortium: Consortium) -> QuerySet[ConsortiumFile]:
    """Files shared now, newest first; one query."""
    return (
        ConsortiumFile.objects.of(consortium.alliance)
        .filter(consortium=consortium, withdrawn_at__isnull=True)
        .select_related("file", "institution", "added_by")
        .order_by("-added_at", "-id")
    )


def duty_provider(settle: Callable[..., object]) -> Callable[[Alliance, Institution, datetime], list[Duty]]:
    """The provider of an institution's parts in consortia for its exit.

    Args:
        settle: The action that ends the part and, for a sole lead unit, hands the lead over; handed in, because actions
            build on selectors and not the other way round.
    """

    def provide(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
        rows = (
            ConsortiumMembership.objects.of(alliance)
            .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), institution=institution, accepted_at__isnull=False)
            .exclude(consortium__state=ConsortiumState.CLOSED)
            .select_related("consortium")
            .order_by("id")
        )

        def hand_over(code: str, to: Institution | None, *, actor: User, at: datetime) -> None:
            settle(alliance, code, institution, to, actor=actor, at=at)

        return [
            Duty(
                _("part in the consortium %(code)s (%(role)s)")
                % {"code": row.consortium.code, "role": row.get_role_display()},
                "consortium_detail",
                {"code": row.consortium.code},
                key=f"consortium:{row.consortium.code}",
                hand_over=partial(hand_over, row.consortium.code),
                cannot_move=row.role != ConsortiumRole.LEAD,
            )
            for row in rows
        ]

    return provide


def is_present(consortium: Consortium, institution_id: int) -> bool:
    """Whether an institution is a member at this very moment; one query."""
    return (
        ConsortiumMembership.objects.of(consortium.alliance)
        .at(timezone.now())
        .filter(consortium=consortium, institution_id=institution_id, accepted_at__isnull=False)
        .exists()
    )
