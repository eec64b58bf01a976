"""Links between institutions that make a conflict of interest (S7; charter, articles 21 and 22), found by rule.

The rules stand here and nowhere else: the same person, shares and ownership, shared output, contracts of the last three
years, close relatives, and whatever else was declared. What is neither declared nor on record here cannot be found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from alliance.kernel.registry import Registry
from groups.choices import HoldingDirection, LinkKind
from groups.models import Interest
from members.choices import ExpertState, InterestKind
from members.models import Expert, ExpertInterest, InstitutionStaff

if TYPE_CHECKING:
    from alliance.models import Alliance

LOOK_BACK_YEARS = 3
"""Contracts and shared outputs of so many years count (charter, article 21)."""
LOOKED_BACK_AT = (InterestKind.CONTRACT, InterestKind.SHARED_OUTPUT)
RULE_OF: dict[str, LinkKind] = {
    InterestKind.POST: LinkKind.SAME_PERSON,
    InterestKind.HOLDING: LinkKind.OWNERSHIP,
    InterestKind.CONTRACT: LinkKind.CONTRACT,
    InterestKind.FAMILY: LinkKind.FAMILY,
    InterestKind.SHARED_OUTPUT: LinkKind.SHARED_OUTPUT,
    InterestKind.OTHER: LinkKind.OTHER,
}


@dataclass(frozen=True, slots=True)
class Link:
    """Why two institutions cannot judge each other.

    Attributes:
        first: Primary key of the one institution, the smaller number.
        second: That of the other.
        kind: One of LinkKind.
        source: Where it stands: ``interest:<id>``, ``expert:<code>``, ``person``, or a provider's own name such as
            ``product:P-029``; names no person.
        since: Since when it is on record, where that is known.
    """

    first: int
    second: int
    kind: str
    source: str
    since: datetime | None = None

    def other_than(self, institution_id: int) -> int:
        """The institution at the other end."""
        return self.second if self.first == institution_id else self.first


def link(one: int, other: int, kind: str, source: str, since: datetime | None = None) -> Link:
    """A link with its ends in order."""
    return Link(min(one, other), max(one, other), kind, source, since)


LinkProvider = Callable[["Alliance", frozenset[int], datetime], Iterable[Link]]
link_providers: Registry[LinkProvider] = Registry("provider of links")
"""Upper layers add what they know, such as authors of one product: links with at least one end among the institutions
asked for; one query each."""


def find_links(alliance: Alliance, institution_ids: Iterable[int], at: datetime) -> list[Link]:
    """Every link that has at least one end among some institutions.

    Seven queries whatever their number, and one per provider.

    Args:
        alliance: The tenant.
        institution_ids: Primary keys.
        at: Moment at which the links must hold.
    """
    ids = frozenset(institution_ids)
    if not ids:
        return []
    found: dict[tuple[int, int, str, str], Link] = {}
    for one in (
        *_declared(alliance, ids, at),
        *_declared_by_experts(alliance, ids, at),
        *_same_people(alliance, ids, at),
        *(entry for provider in link_providers.values() for entry in provider(alliance, ids, at)),
    ):
        if one.first != one.second and (one.first in ids or one.second in ids):
            found.setdefault((one.first, one.second, one.kind, one.source), one)
    return sorted(found.values(), key=lambda one: (one.first, one.second, one.kind, one.source))


def find_links_to_outside(alliance: Alliance, keys: Collection[str], at: datetime) -> dict[str, dict[int, list[Link]]]:
    """Institutions with a declared interest in parties that are no members (yet), by the parties' folded names; one query.

    In these links both ends are the institution itself: the other one has no entry.
    """
    wanted = [key for key in keys if key]
    found: dict[str, dict[int, list[Link]]] = {key: defaultdict(list) for key in keys}
    if wanted:
        for interest in _current(alliance, at).filter(outside_key__in=wanted):
            own = interest.institution_id
            entry = Link(own, own, RULE_OF[interest.kind], f"interest:{interest.pk}", interest.declared_at)
            found[interest.outside_key][own].append(entry)
    return found


def holds_on(today: date) -> Q:
    """Condition for declared interests whose dates make them count on a day."""
    try:
        then = today.replace(year=today.year - LOOK_BACK_YEARS)
    except ValueError:  # 29 February
        then = today.replace(year=today.year - LOOK_BACK_YEARS, day=28)
    begun = Q(starts_on__isnull=True) | Q(starts_on__lte=today)
    lasting = Q(ends_on__isnull=True) | Q(ends_on__gte=today) | Q(kind__in=LOOKED_BACK_AT, ends_on__gte=then)
    return begun & lasting


def _current(alliance: Alliance, at: datetime) -> Any:
    return Interest.objects.of(alliance).filter(
        holds_on(timezone.localdate(at)),
        Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=at),
        declared_at__lte=at,
    )


Node = int | str
"""A member by its primary key, an outside party by its folded name."""


def _declared(alliance: Alliance, ids: frozenset[int], at: datetime) -> Iterable[Link]:
    near = list(_current(alliance, at).filter(Q(institution__in=ids) | Q(counterparty__in=ids)))
    for interest in near:
        if interest.counterparty_id is not None:
            yield link(
                interest.institution_id,
                interest.counterparty_id,
                RULE_OF[interest.kind],
                f"interest:{interest.pk}",
                interest.declared_at,
            )
    yield from _owned_together(alliance, ids, [one for one in near if one.kind == InterestKind.HOLDING], at)


def _owned_together(alliance: Alliance, ids: frozenset[int], near: list[Interest], at: datetime) -> Iterable[Link]:
    """Institutions with a common owner, or one owning the other through a third party.

    Two that merely hold shares in the same third party are not linked by it.
    """
    between = {_holding(one)[0] for one in near} | {_holding(one)[1] for one in near}
    members = [node for node in between if isinstance(node, int)]
    outside = [node for node in between if isinstance(node, str)]
    far = _current(alliance, at).filter(
        Q(outside_key__in=outside) | Q(institution__in=members) | Q(counterparty__in=members), kind=InterestKind.HOLDING
    )
    owners: dict[Node, dict[Node, Interest]] = defaultdict(dict)
    owned: dict[Node, dict[Node, Interest]] = defaultdict(dict)
    for interest in far:
        holder, held = _holding(interest)
        owners[held].setdefault(holder, interest)
        owned[holder].setdefault(held, interest)
    for middle in between:
        below = [(node, by) for node, by in owned[middle].items() if isinstance(node, int)]
        above = [(node, by) for node, by in owners[middle].items() if isinstance(node, int)]
        pairs = [*combinations(below, 2), *((one, other) for one in above for other in below)]
        for (one, by), (other, by_other) in pairs:
            if one != other and (one in ids or other in ids):
                latest = max(by, by_other, key=lambda interest: interest.declared_at)
                yield link(one, other, LinkKind.OWNERSHIP, f"interest:{latest.pk}", latest.declared_at)


def _holding(interest: Interest) -> tuple[Node, Node]:
    """Holder and held."""
    other: Node = interest.outside_key if interest.counterparty_id is None else interest.counterparty_id
    if interest.direction == HoldingDirection.THEIRS:
        return other, interest.institution_id
    return interest.institution_id, other


def _declared_by_experts(alliance: Alliance, ids: frozenset[int], at: datetime) -> Iterable[Link]:
    rows = ExpertInterest.objects.of(alliance).filter(
        holds_on(timezone.localdate(at)),
        Q(expert__institution__in=ids) | Q(counterparty__in=ids),
        counterparty__isnull=False,
        declared_at__lte=at,
        expert__state=ExpertState.ACTIVE,
    )
    for own, other, kind, code, since in rows.values_list(
        "expert__institution_id", "counterparty_id", "kind", "expert__code", "declared_at"
    ):
        yield link(own, other, RULE_OF[kind], f"expert:{code}", since)


def _same_people(alliance: Alliance, ids: frozenset[int], at: datetime) -> Iterable[Link]:
    """One person acts for both, is an expert of both, or acts for one and is an expert of the other."""
    staff = InstitutionStaff.objects.of(alliance).at(at)
    experts = Expert.objects.of(alliance).filter(state=ExpertState.ACTIVE)
    addresses: set[str] = set()
    own_staff = staff.filter(institution__in=ids).values_list("user__email", flat=True)
    own_experts = experts.filter(institution__in=ids).values_list("email", "user__email")
    addresses.update(own_staff)
    for email, account in own_experts:
        addresses.update(entry for entry in (email, account) if entry)
    spelled = {*addresses, *(entry.lower() for entry in addresses)}
    places: dict[str, dict[int, datetime]] = defaultdict(dict)
    for institution, address, since in staff.filter(user__email__in=spelled).values_list(
        "institution_id", "user__email", "starts_at"
    ):
        places[address.lower()].setdefault(institution, since)
    for institution, email, account, since in experts.filter(Q(email__in=spelled) | Q(user__email__in=spelled)).values_list(
        "institution_id", "email", "user__email", "created_at"
    ):
        for address in {entry.lower() for entry in (email, account) if entry}:
            places[address].setdefault(institution, since)
    for held in places.values():
        for (one, since), (other, other_since) in combinations(held.items(), 2):
            yield link(one, other, LinkKind.SAME_PERSON, "person", max(since, other_since))
