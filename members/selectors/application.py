"""Reads of applications: the office's list, one file, and members that look the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.permissions import can
from alliance.kernel.registry import Registry
from members.choices import RIGHTS_ENDED, ApplicationState, InstitutionKind
from members.models import Application, ApplicationEvidence, Institution

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

SEARCH_MAX_LENGTH = 100
TOLD = tuple(state for state in ApplicationState.values if state != ApplicationState.UNCONFIRMED)
"""States the office sees: an application nobody has confirmed is nobody's yet."""
WAITING_FOR_OFFICE = (ApplicationState.SUBMITTED, ApplicationState.SCREENING, ApplicationState.COMPLETE)


def evidence_kinds(application: Application) -> set[str]:
    """Kinds of evidence that came with an application; one query."""
    rows = ApplicationEvidence.objects.of(application.alliance).filter(application=application)
    return set(rows.values_list("kind", flat=True))


def find_members_like(application: Application) -> QuerySet[Institution]:
    """Institutions of the alliance, past members too, with the application's registry code or its name in the same place."""
    same = Q(name_key=application.name_key, country_code=application.country_code, region_code=application.region_code)
    if application.name_zh:
        same |= Q(name_zh=application.name_zh, country_code=application.country_code, region_code=application.region_code)
    if application.registry_code:
        same |= Q(registry_scheme=application.registry_scheme, registry_code=application.registry_code)
    return Institution.objects.of(application.alliance).filter(same)


def find_present_member(application: Application) -> Institution | None:
    """A member whose rights have not ended and that an application looks like, duplicates followed; two queries mostly."""
    for known in find_members_like(application).order_by("id"):
        entry = known
        while entry.merged_into is not None:
            entry = entry.merged_into
        if entry.state not in RIGHTS_ENDED:
            return entry
    return None


def find_other_applications(application: Application) -> QuerySet[Application]:
    """Other open applications with the same name or registry code."""
    same = Q(name_key=application.name_key)
    if application.registry_code:
        same |= Q(registry_code=application.registry_code)
    return Application.objects.of(application.alliance).open().filter(same).exclude(pk=application.pk)


def get_application(alliance: Alliance, code: str) -> Application:
    """One application that was sent; with screener and institution; one query.

    Raises:
        Application.DoesNotExist: None of that code, or its applicant has not sent it.
    """
    return (
        Application.objects.of(alliance)
        .filter(state__in=TOLD, submitted_at__isnull=False)
        .select_related("screened_by", "institution")
        .get(code=code)
    )


def list_evidence(application: Application) -> QuerySet[ApplicationEvidence]:
    """Evidence of an application, oldest first, with the files; one query."""
    return (
        ApplicationEvidence.objects.of(application.alliance)
        .filter(application=application)
        .select_related("file")
        .order_by("added_at", "id")
    )


@dataclass(frozen=True, slots=True)
class ApplicationQuery:
    """What a reader asks the list for.

    Attributes:
        q: Words looked for in names and code.
        states: Chosen states.
        kinds: Chosen kinds.
    """

    q: str = ""
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether everything is shown."""
        return not (self.q or self.states or self.kinds)


def parse_application_query(get_list: Callable[[str], list[str]]) -> ApplicationQuery:
    """The query of an address; unknown values are left aside."""
    return ApplicationQuery(
        q=" ".join(get_list("q")).replace("\0", "").strip()[:SEARCH_MAX_LENGTH],
        states=tuple(value for value in dict.fromkeys(get_list("state")) if value in TOLD),
        kinds=tuple(value for value in dict.fromkeys(get_list("kind")) if value in InstitutionKind.values),
    )


def list_applications(
    alliance: Alliance, query: ApplicationQuery, *, but: str = "", hidden: Collection[str] = ()
) -> QuerySet[Application]:
    """Applications that were sent and fit a query, in no order.

    Args:
        alliance: The tenant.
        query: What is asked for.
        but: A filter that is left aside.
        hidden: Codes of those from which the reader's institution stands aside; not even the search tells their names.
    """
    found = Application.objects.of(alliance).filter(submitted_at__isnull=False)
    if hidden:
        found = found.exclude(code__in=hidden)
    for word in query.q.split():
        found = found.filter(
            Q(name_en__icontains=word) | Q(name_zh__icontains=word) | Q(code__iexact=word) | Q(registry_code__iexact=word)
        )
    if query.states and but != "state":
        found = found.filter(state__in=query.states)
    if query.kinds and but != "kind":
        found = found.filter(kind__in=query.kinds)
    return found


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a filter with the number it would show."""

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


def list_application_facets(alliance: Alliance, query: ApplicationQuery, *, hidden: Collection[str] = ()) -> list[Facet]:
    """The filters with their counts, each counted under the other; two queries."""
    facets = []
    rows: tuple[tuple[str, StrOrPromise, Sequence[tuple[str, Any]], tuple[str, ...]], ...] = (
        ("state", _("State"), ApplicationState.choices, query.states),
        ("kind", _("Kind"), InstitutionKind.choices, query.kinds),
    )
    for name, label, choices, chosen in rows:
        counts = dict(
            list_applications(alliance, query, but=name, hidden=hidden).values_list(name).annotate(n=Count("id")).order_by()
        )
        facets.append(
            Facet(
                name,
                label,
                [
                    Option(value, capfirst(words), counts.get(value, 0), value in chosen)
                    for value, words in choices
                    if counts.get(value) or value in chosen
                ],
            )
        )
    return facets


def waiting_applications(alliance: Alliance, _user: Any = None) -> QuerySet[Application]:
    """Applications that wait for the office."""
    return Application.objects.of(alliance).filter(state__in=WAITING_FOR_OFFICE, submitted_at__isnull=False)


@dataclass(frozen=True, slots=True)
class ApplicationLink:
    """An act on an application that an upper layer adds to its page.

    Attributes:
        label: The act.
        url_name: Tenant route with the argument ``code``.
        states: States of the application in which it is offered.
        permission: Asked with the application.
        icon: Lucide icon.
    """

    label: StrOrPromise
    url_name: str
    states: frozenset[str]
    permission: str
    icon: str = "arrow-right"


application_links: Registry[ApplicationLink] = Registry("act on an application")
decision_links: Registry[Callable[[Application], tuple[str, dict[str, str]] | None]] = Registry("page of a decision")
"""Route and arguments of the page of the motion that decides an application."""


def list_links(application: Application, actor: Any) -> list[ApplicationLink]:
    """The acts of upper layers that this person may take now."""
    return [
        link
        for link in application_links.values()
        if application.state in link.states and can(actor, link.permission, application)
    ]
