"""Reads of institutions: list with facets, one institution with all that belongs to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from alliance.kernel.registry import Registry
from members.choices import RIGHTS_ENDED, Element, InstitutionKind, InstitutionState, SubKind
from members.models import ElementSupply, Institution, InstitutionStaff
from members.selectors.names import sort_field
from members.selectors.regions import region_name
from members.selectors.remembered import remember
from members.selectors.search import worded
from members.transitions import EXPEL, MEMBERSHIP_STEPS

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance

SEARCH_MAX_LENGTH = 100
FACET_OPTIONS = 12


@dataclass(frozen=True, slots=True)
class Mark:
    """Something an upper layer knows about an institution, as drawn in a list: e.g. a seat in a group.

    Attributes:
        value: Value in the facet.
        label: In words.
        note: Short addition, e.g. the role.
        group_kind: Kind of a virtual group, for its colour.
    """

    value: str
    label: StrOrPromise
    note: StrOrPromise = ""
    group_kind: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """A column and a facet of the institution list that an upper layer adds.

    Attributes:
        name: Query parameter.
        label: Heading.
        choices: Values and labels of the facet, in order.
        narrow: Keeps the institutions that have one of the values. Alliance, queryset, values in.
        count: Institutions of a queryset by value. Alliance and queryset in.
        marks: Marks of some institutions by their id. Alliance and ids in; one query.
        in_group_colours: Whether the values are kinds of virtual groups.
    """

    name: str
    label: StrOrPromise
    choices: Sequence[tuple[str, StrOrPromise]]
    narrow: Callable[[Alliance, QuerySet[Institution], Sequence[str]], QuerySet[Institution]]
    count: Callable[[Alliance, QuerySet[Institution]], dict[str, int]]
    marks: Callable[[Alliance, Iterable[int]], dict[int, list[Mark]]]
    in_group_colours: bool = False


extensions: Registry[Extension] = Registry("extension of the institution list")


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet, with the number of institutions it would show."""

    value: str
    label: StrOrPromise
    count: int
    selected: bool
    group_kind: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter of the list."""

    name: str
    label: StrOrPromise
    options: list[Option]


@dataclass(slots=True)
class InstitutionQuery:
    """What a reader asks the list for; unknown values are left aside.

    Attributes:
        q: Words looked for in names and code.
        filters: Facet -> chosen values.
        conditions: Words -> what they mean for the database, once it was asked.
        with_merged: Whether entries merged into others count too, whatever the filters say.
    """

    q: str = ""
    filters: dict[str, list[str]] = field(default_factory=dict)
    conditions: dict[str, Q] = field(default_factory=dict, compare=False, repr=False)
    with_merged: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether everything is shown."""
        return not self.q and not any(self.filters.values())

    @property
    def shows_merged(self) -> bool:
        """Whether entries that were merged into others are asked for; else they are left out."""
        return self.with_merged or InstitutionState.MERGED in self.filters.get("state", ())


PLACE_LABELS: dict[str, StrOrPromise] = {"region": _("Region"), "country": _("Country")}


def parse_query(get_list: Callable[[str], list[str]]) -> InstitutionQuery:
    """The query of an address; ``get_list`` is ``request.GET.getlist``."""
    known: dict[str, set[str] | None] = {
        "kind": set(InstitutionKind.values),
        "subkind": {value for value in SubKind.values if value},
        "state": set(InstitutionState.values),
        "element": set(Element.values),
        "region": None,
        "country": None,
    }
    known.update({name: {value for value, _label in extension.choices} for name, extension in extensions.items()})
    words = " ".join(get_list("q")).replace("\0", "").strip()[:SEARCH_MAX_LENGTH]
    filters = {}
    for name, allowed in known.items():
        values = [
            value
            for value in dict.fromkeys(get_list(name))
            if (value in allowed if allowed is not None else value.isascii() and value.isalnum() and len(value) <= 6)
        ]
        if values:
            filters[name] = values
    return InstitutionQuery(words, filters)


def narrow(
    alliance: Alliance, query: InstitutionQuery, on: date, *, but: str = "", among: QuerySet[Institution] | None = None
) -> QuerySet[Institution]:
    """Institutions that fit a query, in no order.

    Args:
        alliance: The tenant.
        query: Words and filters.
        on: Day on which supplies count.
        but: Facet to leave aside, for its own counts.
        among: Where to look; all of the alliance when None.
    """
    found = Institution.objects.of(alliance) if among is None else among
    if not query.shows_merged:
        found = found.exclude(state=InstitutionState.MERGED)
    if words := query.q.split():
        if query.q not in query.conditions:
            query.conditions[query.q] = worded(words)
        found = found.filter(query.conditions[query.q])
    for name, values in query.filters.items():
        if name == but:
            continue
        if name in extensions:
            found = extensions.get(name).narrow(alliance, found, values)
        elif name == "element":
            supplied = ElementSupply.objects.of(alliance).valid_on(on).filter(element__in=values)
            found = found.filter(Exists(supplied.filter(institution_id=OuterRef("pk"))))
        else:
            column = {"region": "region_code", "country": "country_code"}.get(name, name)
            found = found.filter(**{f"{column}__in": values})
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    """What a query finds and what each value of each facet would find.

    Attributes:
        everything: Institutions of the alliance.
        total: Those that fit the query.
        facets: Facet -> value -> institutions, each counted under all the other facets.
    """

    everything: int
    total: int
    facets: dict[str, dict[str, int]]


OWN_FACETS: dict[str, str] = {
    "kind": "kind",
    "subkind": "subkind",
    "state": "state",
    "region": "region_code",
    "country": "country_code",
}
"""Facets that are columns of the institution."""


def count_all(alliance: Alliance, query: InstitutionQuery, on: date) -> Counts:
    """The counts of the list: one query for all facets that are columns, one for each other, one for the whole.

    Those of a large alliance are kept until its content changes.
    """
    identity = json.dumps([query.q, sorted(query.filters.items()), on.isoformat()], ensure_ascii=False)
    name = f"institutions:{hashlib.sha256(identity.encode()).hexdigest()}"
    return remember(alliance, name, lambda: _count_all(alliance, query, on), lambda counts: counts.everything)


def _count_all(alliance: Alliance, query: InstitutionQuery, on: date) -> Counts:
    columns = list(OWN_FACETS.values())
    rest = InstitutionQuery(
        query.q,
        {k: v for k, v in query.filters.items() if k not in OWN_FACETS},
        query.conditions,
        with_merged=query.shows_merged,
    )
    rows = narrow(alliance, rest, on).values_list(*columns).annotate(n=Count("id")).order_by()
    facets: dict[str, dict[str, int]] = {name: {} for name in OWN_FACETS}
    chosen = {name: set(query.filters.get(name, ())) for name in OWN_FACETS}
    total = seen = 0
    for *values, n in rows:
        seen += n
        misses = [name for name, value in zip(OWN_FACETS, values, strict=True) if chosen[name] and value not in chosen[name]]
        if not misses:
            total += n
        for name, value in zip(OWN_FACETS, values, strict=True):
            if value and (not misses or misses == [name]):
                facets[name][value] = facets[name].get(value, 0) + n
    for name, extension in extensions.items():
        facets[name] = extension.count(alliance, narrow(alliance, query, on, but=name))
    facets["element"] = dict(
        ElementSupply.objects.of(alliance)
        .valid_on(on)
        .filter(institution__in=narrow(alliance, query, on, but="element"))
        .values_list("element")
        .annotate(n=Count("institution", distinct=True))
        .order_by()
    )
    everything = seen if not (rest.q or rest.filters) else Institution.objects.of(alliance).count()
    return Counts(everything, total, facets)


def list_facets(query: InstitutionQuery, counts: Counts) -> list[Facet]:
    """The filters with their counts, ready to draw; no query."""

    def made(
        name: str, label: StrOrPromise, choices: Iterable[tuple[str, StrOrPromise]], *, coloured: bool = False
    ) -> Facet:
        return Facet(
            name,
            label,
            _options(choices, counts.facets.get(name, {}), query.filters.get(name, []), coloured=coloured),
        )

    facets = [made("kind", _("Kind"), InstitutionKind.choices)]
    if {"specialised_think_tank", "leading_enterprise"} & set(query.filters.get("kind", ())) or query.filters.get("subkind"):
        facets.append(made("subkind", _("Finer kind"), [pair for pair in SubKind.choices if pair[0]]))
    facets.extend(
        made(name, extension.label, extension.choices, coloured=extension.in_group_colours)
        for name, extension in extensions.items()
    )
    facets.append(made("element", _("Supplies element"), Element.choices))
    facets.append(made("state", _("Membership"), InstitutionState.choices))
    for name in ("region", "country"):
        found = counts.facets.get(name, {})
        chosen = query.filters.get(name, [])
        if name == "country" and len(found) < 2 and not chosen:
            continue
        values = sorted(found, key=lambda value: (-found[value], value))[:FACET_OPTIONS]  # noqa: B023 - called at once
        places: list[tuple[str, StrOrPromise]] = [
            (value, region_name(value) if name == "region" else value) for value in dict.fromkeys([*values, *chosen])
        ]
        facets.append(made(name, PLACE_LABELS[name], places))
    return [facet for facet in facets if facet.options]


def _options(
    choices: Iterable[tuple[str, StrOrPromise]], counts: dict[str, int], chosen: Sequence[str], *, coloured: bool = False
) -> list[Option]:
    return [
        Option(value, capfirst(label), counts.get(value, 0), value in chosen, value if coloured else "")
        for value, label in choices
        if counts.get(value) or value in chosen
    ]


def with_supplies(alliance: Alliance, institutions: QuerySet[Institution], on: date) -> QuerySet[Institution]:
    """The same institutions with their supplies of a day in ``current_supplies``; one more query."""
    return institutions.prefetch_related(
        Prefetch(
            "supplies",
            ElementSupply.objects.of(alliance).valid_on(on).order_by("-strength", "id"),
            to_attr="current_supplies",
        )
    )


def marks_of(alliance: Alliance, institutions: Iterable[Institution]) -> dict[int, dict[str, list[Mark]]]:
    """Marks of the institutions on a page, by id and extension; one query per extension."""
    ids = [institution.pk for institution in institutions]
    found: dict[int, dict[str, list[Mark]]] = {pk: {} for pk in ids}
    for name, extension in extensions.items():
        for pk, marks in extension.marks(alliance, ids).items():
            found[pk][name] = marks
    return found


def count_institutions(alliance: Alliance, _user: Any = None) -> int:
    """Institutions of the alliance that have not left; one query."""
    gone = RIGHTS_ENDED
    return remember(
        alliance,
        "institutions:present",
        lambda: Institution.objects.of(alliance).exclude(state__in=gone).count(),
        lambda found: found,
    )


def get_institution(alliance: Alliance, code: str) -> Institution:
    """One institution by its code.

    Raises:
        Institution.DoesNotExist: The alliance has none of that code.
    """
    return Institution.objects.of(alliance).get(code=code)


def list_supplies(institution: Institution) -> QuerySet[ElementSupply]:
    """Everything an institution supplies or supplied, present ones first; one query."""
    return institution.supplies.select_related("evidence_file").order_by("-valid_from", "element", "id")


def list_staff(institution: Institution, at: datetime) -> QuerySet[InstitutionStaff]:
    """People who act for an institution now; one query."""
    return (
        InstitutionStaff.objects.of(institution.alliance)
        .at(at)
        .filter(institution=institution)
        .select_related("user", "deputy")
        .order_by("role", "starts_at", "id")
    )


def list_steps(institution: Institution, actor: Any) -> list[Transition]:
    """Steps of the membership that this person may take now; expulsion is the assembly's, by motion."""
    return [
        step
        for step in MEMBERSHIP_STEPS.values()
        if step is not EXPEL and institution.state in step.sources and can(actor, step.permission, institution)
    ]


def list_own_institutions(alliance: Alliance, user: Any) -> list[Institution]:
    """Institutions that a person acts for now, by name; two queries."""
    ids = institutions_acted_for(grant for grant in grants_of(user, alliance) if grant.scope == "institution")
    return list(Institution.objects.of(alliance).filter(pk__in=ids).order_by(sort_field(), "id")) if ids else []


@dataclass(frozen=True, slots=True)
class Panel:
    """A card that an upper layer adds to an institution's page.

    Attributes:
        template: Template of the card.
        context: Its values. Alliance, institution and moment in; constant number of queries.
        order: Place among the cards.
        office_only: Whether the card stands in the console only, not on the institution's own page in the portal.
    """

    template: str
    context: Callable[[Alliance, Institution, datetime], dict[str, Any]]
    order: int = 50
    office_only: bool = False


panels: Registry[Panel] = Registry("panel of an institution")


def list_panels(
    alliance: Alliance, institution: Institution, at: datetime, *, for_office: bool
) -> list[tuple[str, dict[str, Any]]]:
    """Templates and values of the cards that upper layers add, in order; those of the office only where it reads."""
    return [
        (panel.template, panel.context(alliance, institution, at))
        for panel in sorted(panels.values(), key=lambda panel: panel.order)
        if for_office or not panel.office_only
    ]
