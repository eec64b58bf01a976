"""Who could fill a gap of the coverage matrix: eligible institutions, the best fitting first, with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.kernel.formats import format_score
from groups.choices import ELIGIBLE_KINDS, REQUIRED_ELEMENTS, GroupKind
from groups.models import SeatInvitation
from groups.selectors.coverage import WORKING_ROLES, moment_of
from members.choices import KIND_ELEMENTS, Element

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from alliance.models import Alliance
    from groups.selectors.coverage import Coverage

PER_GAP = 3
"""Suggestions for each gap."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An institution that could fill a gap.

    Attributes:
        group: Kind of the group.
        element: The element that is missing or has one supplier; empty where a convenor is missing.
        code: The institution.
        name_en: Its name in English.
        name_zh: Its name in Chinese.
        kind: Its kind.
        supplies: Whether it is noted as supplying the element; else only its kind usually brings it.
        strength: How strongly, 0 to 1; None while nobody has assessed it.
        seats: Working seats it holds now.
        is_invited: Whether a seat is offered to it already.
    """

    group: str
    element: str
    code: str
    name_en: str
    name_zh: str
    kind: str
    supplies: bool
    strength: Decimal | None
    seats: int
    is_invited: bool = False

    @property
    def reason(self) -> str:
        """Why it is suggested, in the active language."""
        seats = ngettext("it holds %(n)s seat now", "it holds %(n)s seats now", self.seats) % {"n": self.seats}
        if not self.element:
            if self.strength is None:
                return _("It sits in the group as a member; %(seats)s.") % {"seats": seats}
            return _("It sits in the group and supplies an element of the group with strength %(strength)s; %(seats)s.") % {
                "strength": format_score(self.strength),
                "seats": seats,
            }
        element = Element(self.element).label
        if not self.supplies:
            return _("Institutions of its kind usually bring %(element)s; nothing is noted yet; %(seats)s.") % {
                "element": element,
                "seats": seats,
            }
        if self.strength is None:
            return _("It supplies %(element)s, not assessed yet; %(seats)s.") % {"element": element, "seats": seats}
        return _("It supplies %(element)s with strength %(strength)s; %(seats)s.") % {
            "element": element,
            "strength": format_score(self.strength),
            "seats": seats,
        }


_CANDIDATES = """
WITH wanted AS (SELECT * FROM unnest(%(groups)s::text[], %(elements)s::text[]) AS w(grp, element)),
eligible AS (SELECT * FROM unnest(%(eligible_groups)s::text[], %(eligible_kinds)s::text[]) AS e(grp, kind)),
usual AS (SELECT * FROM unnest(%(usual_kinds)s::text[], %(usual_elements)s::text[]) AS u(kind, element)),
held AS (
    SELECT m.institution_id, count(*) AS n FROM groups_groupmembership m
    WHERE m.alliance_id = %(alliance)s AND m.role = ANY(%(roles)s)
      AND m.starts_at <= %(at)s AND (m.ends_at IS NULL OR m.ends_at > %(at)s)
    GROUP BY m.institution_id
),
fitting AS (
    SELECT w.grp, w.element, i.id, i.code, i.name_en, i.name_zh, i.kind, i.sort_key,
           s.id IS NOT NULL AS supplies, s.strength, coalesce(h.n, 0) AS seats
    FROM wanted w
    JOIN eligible e ON e.grp = w.grp
    JOIN members_institution i ON i.alliance_id = %(alliance)s AND i.state = 'active' AND i.kind = e.kind
    LEFT JOIN members_elementsupply s ON s.alliance_id = i.alliance_id AND s.institution_id = i.id
         AND s.element = w.element AND s.valid_from <= %(day)s AND (s.valid_to IS NULL OR s.valid_to >= %(day)s)
    LEFT JOIN held h ON h.institution_id = i.id
    WHERE (s.id IS NOT NULL OR EXISTS (SELECT 1 FROM usual u WHERE u.kind = i.kind AND u.element = w.element))
      AND NOT EXISTS (SELECT 1 FROM groups_groupmembership m JOIN groups_virtualgroup g
                      ON g.alliance_id = m.alliance_id AND g.id = m.group_id
                      WHERE m.alliance_id = i.alliance_id AND m.institution_id = i.id AND g.kind = w.grp
                        AND (m.ends_at IS NULL OR m.ends_at > %(at)s))
),
best AS (
    SELECT DISTINCT ON (grp, element, id) * FROM fitting ORDER BY grp, element, id, strength DESC NULLS LAST
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY grp, element
                                 ORDER BY supplies DESC, strength DESC NULLS LAST, seats, sort_key, id) AS place
    FROM best
)
SELECT grp, element, code, name_en, name_zh, kind, supplies, strength, seats FROM ranked
WHERE place <= %(most)s ORDER BY grp, element, place
"""

_CONVENORS = """
WITH required AS (SELECT * FROM unnest(%(required_groups)s::text[], %(required_elements)s::text[]) AS r(grp, element)),
held AS (
    SELECT m.institution_id, count(*) AS n FROM groups_groupmembership m
    WHERE m.alliance_id = %(alliance)s AND m.role = ANY(%(roles)s)
      AND m.starts_at <= %(at)s AND (m.ends_at IS NULL OR m.ends_at > %(at)s)
    GROUP BY m.institution_id
),
fitting AS (
    SELECT g.kind AS grp, i.id, i.code, i.name_en, i.name_zh, i.kind, i.sort_key, max(s.strength) AS strength,
           max(h.n) AS seats
    FROM groups_virtualgroup g
    JOIN groups_groupmembership m ON m.alliance_id = g.alliance_id AND m.group_id = g.id AND m.role = 'member'
         AND m.starts_at <= %(at)s AND (m.ends_at IS NULL OR m.ends_at > %(at)s)
    JOIN members_institution i ON i.alliance_id = g.alliance_id AND i.id = m.institution_id AND i.state = 'active'
    JOIN held h ON h.institution_id = i.id
    LEFT JOIN required r ON r.grp = g.kind
    LEFT JOIN members_elementsupply s ON s.alliance_id = i.alliance_id AND s.institution_id = i.id
         AND s.element = r.element AND s.valid_from <= %(day)s AND (s.valid_to IS NULL OR s.valid_to >= %(day)s)
    WHERE g.alliance_id = %(alliance)s AND g.kind = ANY(%(groups)s)
    GROUP BY g.kind, i.id, i.code, i.name_en, i.name_zh, i.kind, i.sort_key
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY grp ORDER BY strength DESC NULLS LAST, seats, sort_key, id) AS place
    FROM fitting
)
SELECT grp, '' AS element, code, name_en, name_zh, kind, strength IS NOT NULL, strength, seats FROM ranked
WHERE place <= %(most)s ORDER BY grp, place
"""


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _common(alliance: Alliance, on: date, at: datetime, most: int) -> dict[str, Any]:
    return {
        "alliance": alliance.pk,
        "roles": [str(role) for role in WORKING_ROLES],
        "at": at,
        "day": on,
        "most": most,
    }


def suggest_suppliers(
    alliance: Alliance, on: date, wanted: Sequence[tuple[str, str]], *, most: int = PER_GAP
) -> list[Suggestion]:
    """Institutions that could bring an element into a group; two queries whatever the number of gaps.

    Active institutions whose kind may sit in the group, without a seat there now or later, that supply the element on the day
    or whose kind usually brings it (Zheng2018, section 4). Order: who supplies it before who only might, then by strength
    (not assessed last), then by how few seats they hold, then by name.

    Args:
        alliance: The tenant.
        on: The day.
        wanted: Pairs of group and element.
        most: Suggestions per pair.
    """
    if not wanted:
        return []
    eligible = [(group, kind) for group, kinds in ELIGIBLE_KINDS.items() for kind in sorted(kinds)]
    usual = [(kind, element) for kind, elements in KIND_ELEMENTS.items() for element in elements]
    values = {
        **_common(alliance, on, moment_of(on), most),
        "groups": [str(group) for group, _element in wanted],
        "elements": [str(element) for _group, element in wanted],
        "eligible_groups": [str(group) for group, _kind in eligible],
        "eligible_kinds": [str(kind) for _group, kind in eligible],
        "usual_kinds": [str(kind) for kind, _element in usual],
        "usual_elements": [str(element) for _kind, element in usual],
    }
    invited = _invited(alliance)
    found = [Suggestion(*row) for row in _rows(_CANDIDATES, values)]
    return [replace(one, is_invited=(one.group, one.code) in invited) for one in found]


def suggest_convenors(alliance: Alliance, on: date, groups: Sequence[str], *, most: int = PER_GAP) -> list[Suggestion]:
    """Members of groups without a convenor that could convene them, strongest in the group's elements first; one query."""
    if not groups:
        return []
    required = [(group, element) for group, elements in REQUIRED_ELEMENTS.items() for element in sorted(elements)]
    values = {
        **_common(alliance, on, moment_of(on), most),
        "groups": [str(group) for group in groups],
        "required_groups": [str(group) for group, _element in required],
        "required_elements": [str(element) for _group, element in required],
    }
    return [Suggestion(*row) for row in _rows(_CONVENORS, values)]


def _invited(alliance: Alliance) -> set[tuple[str, str]]:
    return set(SeatInvitation.objects.of(alliance).filter(state="open").values_list("group__kind", "institution__code"))


@dataclass(frozen=True, slots=True)
class Weakness:
    """Something missing in the matrix, and who could fill it.

    Attributes:
        group: Kind of the group.
        element: The element; empty where a convenor is missing.
        is_single: One institution alone supplies the element: a single point of failure.
        suggestions: The best fitting institutions.
    """

    group: str
    element: str
    is_single: bool
    suggestions: list[Suggestion]

    @property
    def group_label(self) -> Any:
        """Name of the group."""
        return GroupKind(self.group).label

    @property
    def element_label(self) -> Any:
        """Name of the element, or empty."""
        return Element(self.element).label if self.element else ""


def list_weaknesses(alliance: Alliance, coverage: Coverage) -> list[Weakness]:
    """Gaps, single points of failure and groups without a convenor, each with suggestions; three queries."""
    gaps = [(cell.group, cell.element) for cell in coverage.gaps]
    single = [
        (row.kind, cell.element)
        for row in coverage.rows
        for cell in row.cells
        if cell.expected and cell.count == 1 and (row.kind, cell.element) not in gaps
    ]
    found: dict[tuple[str, str], list[Suggestion]] = {}
    for suggestion in suggest_suppliers(alliance, coverage.on, [*gaps, *single]):
        found.setdefault((suggestion.group, suggestion.element), []).append(suggestion)
    convenors: dict[str, list[Suggestion]] = {}
    for suggestion in suggest_convenors(alliance, coverage.on, coverage.without_convenor):
        convenors.setdefault(suggestion.group, []).append(suggestion)
    return [
        *(Weakness(group, element, False, found.get((group, element), [])) for group, element in gaps),
        *(Weakness(group, element, True, found.get((group, element), [])) for group, element in single),
        *(Weakness(group, "", False, convenors.get(group, [])) for group in coverage.without_convenor),
    ]
