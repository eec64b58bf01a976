"""The facts of an institution's entry, each with its mark: what was verified, confirmed, changed since, or fell due (I12).

A mark holds for the value it was given for. It is compared by a digest of that value, so that no road by which an entry
may change (a page, an import, a merge) can carry a mark over to another value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Max, Min, Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from alliance.actions.audit import canonical
from members.choices import FACT_TONES, FactKind, FactState, InstitutionState, RegistryScheme
from members.models import ElementSupply, FactMark, Institution
from members.selectors.regions import region_path

if TYPE_CHECKING:
    from datetime import date

    from alliance.models import Alliance

MARK_LIFE = timedelta(days=365)
"""How long a verified fact counts without being confirmed again."""
REMIND_BEFORE = timedelta(days=30)
IDENTITY: tuple[str, ...] = (FactKind.NAME, FactKind.KIND, FactKind.REGION)
"""Facts that must be verified before an institution as a whole is shown as verified (and its registry code, if it has one)."""

FACT_FIELDS: dict[str, tuple[str, ...]] = {
    FactKind.NAME: ("name_en", "name_zh"),
    FactKind.KIND: ("kind", "subkind"),
    FactKind.REGISTRY: ("registry_scheme", "registry_code"),
    FactKind.REGION: ("country_code", "region_code"),
    FactKind.WEB: ("web",),
    FactKind.CONTACT: ("contact_email",),
}
"""Columns behind each fact; the elements stand in a table of their own."""


def facts_of_fields(names: Iterable[str]) -> list[str]:
    """The facts that a change of these columns changes."""
    changed = set(names)
    return [fact for fact, fields in FACT_FIELDS.items() if changed & set(fields)]


def fact_value(institution: Institution, fact: str, supplies: Iterable[ElementSupply] = ()) -> Any:
    """A fact's value in the form its digest is made of; empty (false) when there is nothing to verify."""
    if fact == FactKind.ELEMENTS:
        return sorted(
            [
                supply.element,
                supply.scale,
                None if supply.strength is None else f"{supply.strength:.2f}",
                supply.evidence_en,
                supply.evidence_zh,
                supply.valid_from.isoformat(),
                supply.valid_to.isoformat() if supply.valid_to else None,
            ]
            for supply in supplies
        )
    values = [getattr(institution, name) for name in FACT_FIELDS[fact]]
    if fact == FactKind.REGISTRY and institution.registry_scheme == RegistryScheme.NONE:
        return []
    return values if any(values) else []


def fact_digest(institution: Institution, fact: str, supplies: Iterable[ElementSupply] = ()) -> str:
    """SHA-256 of a fact's value in canonical JSON, in hex."""
    return hashlib.sha256(canonical([fact, fact_value(institution, fact, supplies)]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact as it is shown.

    Attributes:
        kind: Which fact.
        label: Its name.
        lines: Its value in words.
        url: Address behind it, or empty.
        digest: Digest of the present value.
        state: One of FactState.
        mark: What is kept about it.
    """

    kind: str
    label: str
    lines: list[str]
    digest: str
    state: str
    url: str = ""
    mark: FactMark | None = None

    @property
    def state_label(self) -> str:
        """The state in words."""
        return str(FactState(self.state).label)

    @property
    def tone(self) -> str:
        """How the state is drawn."""
        return FACT_TONES[self.state]

    @property
    def is_verified(self) -> bool:
        """Whether it may be relied on today."""
        return self.state == FactState.VERIFIED

    @property
    def can_be_verified(self) -> bool:
        """Whether there is a value."""
        return self.state != FactState.EMPTY


def state_of(mark: FactMark | None, digest: str, *, has_value: bool, on: date) -> str:
    """How far a fact can be relied on, from its mark and the digest of its present value."""
    if not has_value:
        return FactState.EMPTY
    if mark is None:
        return FactState.UNVERIFIED
    if mark.value_digest != digest:
        return FactState.CHANGED if mark.verified_at or mark.confirmed_at else FactState.UNVERIFIED
    if mark.verified_at is None:
        return FactState.CONFIRMED if mark.confirmed_at else FactState.UNVERIFIED
    if mark.valid_until is None:  # taken off when the value was changed; that it came back is for the office to see
        return FactState.CHANGED
    return FactState.VERIFIED if mark.valid_until >= on else FactState.EXPIRED


def read_facts(
    institution: Institution, marks: Iterable[FactMark], supplies: Sequence[ElementSupply], on: date
) -> list[Fact]:
    """The facts of an entry with their marks, from rows that were read already."""
    by_fact = {mark.fact: mark for mark in marks}
    facts = []
    for kind in FactKind.values:
        digest = fact_digest(institution, kind, supplies)
        mark = by_fact.get(kind)
        facts.append(
            Fact(
                kind=kind,
                label=str(capfirst(FactKind(kind).label)),
                lines=_words(institution, kind, supplies, on),
                digest=digest,
                state=state_of(mark, digest, has_value=bool(fact_value(institution, kind, supplies)), on=on),
                url=_url(institution, kind),
                mark=mark,
            )
        )
    return facts


def list_facts(institution: Institution, on: date) -> list[Fact]:
    """The facts of one entry with their marks; two queries."""
    marks = (
        FactMark.objects.of(institution.alliance)
        .filter(institution=institution)
        .select_related("verified_by", "confirmed_by", "evidence_file")
    )
    supplies = ElementSupply.objects.of(institution.alliance).filter(institution=institution).order_by("element", "id")
    return read_facts(institution, marks, list(supplies), on)


def _words(institution: Institution, kind: str, supplies: Iterable[ElementSupply], on: date) -> list[str]:
    if kind == FactKind.NAME:
        return [name for name in (institution.name_en, institution.name_zh) if name]
    if kind == FactKind.KIND:
        words = [str(capfirst(institution.get_kind_display()))]
        if institution.subkind:
            words.append(str(capfirst(institution.get_subkind_display())))
        return words
    if kind == FactKind.REGISTRY:
        if institution.registry_scheme == RegistryScheme.NONE:
            return []
        return [f"{institution.registry_code} ({institution.get_registry_scheme_display()})"]
    if kind == FactKind.REGION:
        return [region_path(institution.region_code) or institution.country_code]
    if kind == FactKind.WEB:
        return [institution.web] if institution.web else []
    if kind == FactKind.CONTACT:
        return [institution.contact_email] if institution.contact_email else []
    return [
        _("%(element)s (%(scale)s)")
        % {"element": capfirst(supply.get_element_display()), "scale": supply.get_scale_display()}
        for supply in supplies
        if supply.valid_from <= on and (supply.valid_to is None or supply.valid_to >= on)
    ]


def _url(institution: Institution, kind: str) -> str:
    if kind == FactKind.WEB:
        return institution.web
    if kind == FactKind.CONTACT and institution.contact_email:
        return f"mailto:{institution.contact_email}"
    return ""


@dataclass(slots=True)
class Verification:
    """An entry as a whole: which facts are verified, and whether the institution is.

    Attributes:
        verified: Facts that may be relied on.
        open: Facts that have a value and may not.
        identity: Whether name, kind, region and the registry code, if there is one, are all verified.
    """

    verified: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    identity: bool = False


def summarise(facts: Iterable[Fact]) -> Verification:
    """What the facts of one entry come to."""
    summary = Verification()
    for fact in facts:
        if fact.can_be_verified:
            (summary.verified if fact.is_verified else summary.open).append(fact.kind)
    summary.identity = set(IDENTITY) <= set(summary.verified) and FactKind.REGISTRY not in summary.open
    return summary


def verification_of(alliance: Alliance, institutions: Sequence[Institution], on: date) -> dict[int, Verification]:
    """Summaries for the institutions of a page, by id; two queries."""
    ids = [institution.pk for institution in institutions]
    marks: dict[int, list[FactMark]] = {pk: [] for pk in ids}
    for mark in FactMark.objects.of(alliance).filter(institution_id__in=ids):
        marks[mark.institution_id].append(mark)
    supplies: dict[int, list[ElementSupply]] = {pk: [] for pk in ids}
    for supply in ElementSupply.objects.of(alliance).filter(institution_id__in=ids).order_by("element", "id"):
        supplies[supply.institution_id].append(supply)
    return {
        institution.pk: summarise(read_facts(institution, marks[institution.pk], supplies[institution.pk], on))
        for institution in institutions
    }


def list_due_institutions(alliance: Alliance, on: date) -> list[tuple[Institution, date]]:
    """Institutions with verified facts that must be confirmed within a month, with the earliest day; one query."""
    rows = (
        Institution.objects.of(alliance)
        .filter(state__in=[InstitutionState.ACTIVE, InstitutionState.SUSPENDED])
        .annotate(
            due_on=Min("marks__valid_until", filter=Q(marks__verified_at__isnull=False, marks__valid_until__isnull=False))
        )
        .filter(due_on__lte=on + REMIND_BEFORE)
        .order_by("id")
    )
    return [(institution, institution.due_on) for institution in rows]  # type: ignore[attr-defined]


def list_ending_supplies(alliance: Alliance, on: date) -> list[ElementSupply]:
    """Supplies that end within a month and have no successor, with their institutions; one query."""
    return list(
        ElementSupply.objects.of(alliance)
        .filter(
            valid_to__gte=on,
            valid_to__lte=on + REMIND_BEFORE,
            institution__state__in=[InstitutionState.ACTIVE, InstitutionState.SUSPENDED],
        )
        .annotate(
            successor=Max(
                "institution__supplies__valid_from",
                filter=Q(institution__supplies__element=F("element")),
            )
        )
        .filter(successor__lte=F("valid_to"))
        .select_related("institution")
        .order_by("id")
    )
