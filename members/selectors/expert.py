"""Reads of the talent pool: who sees which expert, search by skill in either language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, roles_in_alliance
from members.choices import ConsentLevel, ExpertState, InstitutionState
from members.models import Expert, ExpertConsent, ExpertInterest
from members.permissions import VIEW_EXPERT_DATA, VIEW_TALENT
from members.selectors.names import fold_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from django.db.models import QuerySet

    from alliance.models import Alliance

SEARCH_MAX_LENGTH = 100
SEE_ALL = frozenset({AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN, AllianceRole.AUDITOR})
"""Roles that see every expert, whatever the consent: they keep the record of it."""


@dataclass(slots=True)
class ExpertQuery:
    """What a reader asks the talent pool for.

    Attributes:
        q: Words looked for in skills and names, in either language.
        language: BCP 47 code of a language the expert works in.
        available: Only experts who have days to give now.
        institution: Code of an institution.
    """

    q: str = ""
    language: str = ""
    available: bool = False
    institution: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether everything is shown."""
        return not (self.q or self.language or self.available or self.institution)


LANGUAGES: tuple[str, ...] = ("zh", "en", "yue", "ja", "ko", "de", "fr", "es", "ru")


def parse_expert_query(get: Callable[..., str | None]) -> ExpertQuery:
    """The query of an address; ``get`` is ``request.GET.get``."""
    language = get("language") or ""
    institution = get("institution") or ""
    return ExpertQuery(
        q=(get("q") or "").replace("\0", "").strip()[:SEARCH_MAX_LENGTH],
        language=language if language in LANGUAGES else "",
        available=get("available") == "1",
        institution=institution if len(institution) <= 40 and "\0" not in institution else "",
    )


def visible_experts(alliance: Alliance, reader: Any) -> QuerySet[Expert]:
    """Experts whose entry a person may see: all for the office, else the own institution's and those with consent."""
    found = Expert.objects.of(alliance).select_related("institution")
    if not can(reader, VIEW_TALENT, alliance):
        return list_public_experts(alliance)
    grants = grants_of(reader, alliance)
    if roles_in_alliance(grants) & SEE_ALL:
        return found
    return found.filter(
        Q(institution_id__in=institutions_acted_for(grants))
        | Q(
            consent__in=[ConsentLevel.PUBLIC, ConsentLevel.MEMBERS_ONLY],
            state=ExpertState.ACTIVE,
            institution__state=InstitutionState.ACTIVE,
        )
    )


def list_public_experts(alliance: Alliance) -> QuerySet[Expert]:
    """Experts of active members whose data everybody may see, by consent on record."""
    return (
        Expert.objects.of(alliance).public().filter(institution__state=InstitutionState.ACTIVE).select_related("institution")
    )


def narrow_experts(found: QuerySet[Expert], query: ExpertQuery, on: date) -> QuerySet[Expert]:
    """Experts that fit a query, in no order; every word must be found in a skill, a name or a title."""
    for word in query.q.split():
        found = found.filter(
            Q(search_text__contains=fold_name(word))
            | Q(name_en__icontains=word)
            | Q(name_zh__icontains=word)
            | Q(title_en__icontains=word)
            | Q(title_zh__icontains=word)
        )
    if query.language:
        found = found.filter(languages__contains=[query.language])
    if query.institution:
        found = found.filter(institution__code=query.institution)
    if query.available:
        found = found.filter(
            Q(available_from__isnull=True) | Q(available_from__lte=on),
            Q(available_until__isnull=True) | Q(available_until__gte=on),
            days_per_month__gt=0,
            state=ExpertState.ACTIVE,
        )
    return found


def get_expert(alliance: Alliance, code: str, reader: Any) -> Expert:
    """One expert, as far as this reader may know of it.

    Raises:
        Expert.DoesNotExist: There is none of that code, or it is not open to the reader: the same answer for both.
    """
    return visible_experts(alliance, reader).get(code=code)


def may_contact(expert: Expert, reader: Any) -> bool:
    """Whether the e-mail address is shown: to the office and the own people, and to members when consent allows it."""
    if can(reader, VIEW_EXPERT_DATA, expert):
        return True
    allowed = expert.consent in {ConsentLevel.PUBLIC, ConsentLevel.MEMBERS_ONLY}
    return allowed and can(reader, VIEW_TALENT, expert.alliance)


def list_interests(expert: Expert) -> QuerySet[ExpertInterest]:
    """Interests an expert declared that still hold, newest first; one query."""
    return (
        ExpertInterest.objects.of(expert.alliance)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate()), expert=expert)
        .select_related("counterparty")
        .order_by("-declared_at", "-id")
    )


def list_consents(expert: Expert) -> QuerySet[ExpertConsent]:
    """The record of an expert's consent, newest first; one query."""
    return (
        ExpertConsent.objects.of(expert.alliance)
        .filter(expert=expert)
        .select_related("recorded_by")
        .order_by("-given_at", "-id")
    )


@dataclass(frozen=True, slots=True)
class PoolSummary:
    """The talent pool in figures.

    Attributes:
        experts: Active experts the reader may see.
        by_consent: Consent level -> how many; only for the office.
    """

    experts: int
    by_consent: dict[str, int] = field(default_factory=dict)


def summarise_pool(alliance: Alliance) -> PoolSummary:
    """The office's figures; one query."""
    counts = dict(
        Expert.objects.of(alliance)
        .filter(state=ExpertState.ACTIVE)
        .values_list("consent")
        .annotate(n=Count("id"))
        .order_by()
    )
    return PoolSummary(sum(counts.values()), counts)
