"""Links that make conflicts of interest: all found, none invented (S7)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from alliance.kernel import tenancy
from groups.choices import HoldingDirection, LinkKind
from groups.models import Interest
from groups.selectors.links import find_links, link, link_providers
from groups.selectors.matters import detect_conflicts, matter_parties, split
from members.choices import InterestKind
from members.models import Expert, ExpertInterest
from tests.factories.alliance import make_user
from tests.factories.groups import make_interest
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance.models import Alliance
    from members.models import Institution

THEIRS = HoldingDirection.THEIRS


def make_expert(institution: Institution, **fields: Any) -> Expert:
    number = Expert.objects.of(institution.alliance).count() + 1
    values = {"name_en": f"Expert {number}", "sort_key": f"expert {number}", **fields}
    return Expert.objects.create(alliance=institution.alliance, code=f"E-{number:03d}", institution=institution, **values)


def expert_declares(institution: Institution, other: Institution, kind: str, **fields: Any) -> ExpertInterest:
    return ExpertInterest.objects.create(
        alliance=institution.alliance,
        expert=make_expert(institution),
        kind=kind,
        counterparty=other,
        declared_at=timezone.now() - timedelta(days=1),
        **fields,
    )


def same_staff(one: Institution, other: Institution) -> None:
    user = make_user()
    make_staff(one, user)
    make_staff(other, user, role="staff")


def expert_is_staff_elsewhere(one: Institution, other: Institution) -> None:
    user = make_user()
    make_expert(one, user=user)
    make_staff(other, user)


def expert_known_by_address(one: Institution, other: Institution) -> None:
    user = make_user()
    make_expert(one, email=user.email.upper())
    make_staff(other, user)


def expert_of_both(one: Institution, other: Institution) -> None:
    address = make_user().email
    make_expert(one, email=address)
    make_expert(other, email=address)


def common_outside_owner(one: Institution, other: Institution) -> None:
    owner = f"Holding of {one.code}"
    make_interest(one, owner, InterestKind.HOLDING, direction=THEIRS)
    make_interest(other, owner.upper() + ".", InterestKind.HOLDING, direction=THEIRS)


def owned_through_an_outside_party(one: Institution, other: Institution) -> None:
    between = f"Between {one.code}"
    make_interest(one, between, InterestKind.HOLDING)
    make_interest(other, between, InterestKind.HOLDING, direction=THEIRS)


def common_member_owner(one: Institution, other: Institution) -> None:
    owner = make_institution(one.alliance)
    make_interest(owner, one, InterestKind.HOLDING)
    make_interest(other, owner, InterestKind.HOLDING, direction=THEIRS)


TODAY = timezone.localdate()
WAYS: list[tuple[str, Callable[[Institution, Institution], Any]]] = [
    (LinkKind.SAME_PERSON, same_staff),
    (LinkKind.SAME_PERSON, expert_is_staff_elsewhere),
    (LinkKind.SAME_PERSON, expert_known_by_address),
    (LinkKind.SAME_PERSON, expert_of_both),
    (LinkKind.SAME_PERSON, lambda a, b: expert_declares(a, b, InterestKind.POST)),
    (LinkKind.SAME_PERSON, lambda a, b: make_interest(a, b, InterestKind.POST, person="Chen Mei")),
    (LinkKind.OWNERSHIP, lambda a, b: make_interest(a, b, InterestKind.HOLDING)),
    (LinkKind.OWNERSHIP, lambda a, b: make_interest(b, a, InterestKind.HOLDING, direction=THEIRS)),
    (LinkKind.OWNERSHIP, lambda a, b: expert_declares(a, b, InterestKind.HOLDING)),
    (LinkKind.OWNERSHIP, common_outside_owner),
    (LinkKind.OWNERSHIP, owned_through_an_outside_party),
    (LinkKind.OWNERSHIP, common_member_owner),
    (LinkKind.SHARED_OUTPUT, lambda a, b: make_interest(a, b, InterestKind.SHARED_OUTPUT)),
    (LinkKind.SHARED_OUTPUT, lambda a, b: expert_declares(a, b, InterestKind.SHARED_OUTPUT)),
    (LinkKind.CONTRACT, lambda a, b: make_interest(a, b, InterestKind.CONTRACT)),
    (LinkKind.CONTRACT, lambda a, b: make_interest(b, a, InterestKind.CONTRACT, ends_on=TODAY - timedelta(days=1000))),
    (LinkKind.CONTRACT, lambda a, b: expert_declares(a, b, InterestKind.CONTRACT)),
    (LinkKind.FAMILY, lambda a, b: make_interest(a, b, InterestKind.FAMILY, words="A sister.")),
    (LinkKind.FAMILY, lambda a, b: expert_declares(a, b, InterestKind.FAMILY)),
    (LinkKind.OTHER, lambda a, b: make_interest(a, b, InterestKind.OTHER, words="A suit at law.")),
]


def former_staff(one: Institution, other: Institution) -> None:
    user = make_user()
    make_staff(one, user)
    now = timezone.now()
    make_staff(other, user, starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=1))


def co_investors(one: Institution, other: Institution) -> None:
    make_interest(one, f"Fund {one.code}", InterestKind.HOLDING)
    make_interest(other, f"Fund {one.code}", InterestKind.HOLDING)


def expert_gone(one: Institution, other: Institution) -> None:
    declared = expert_declares(one, other, InterestKind.HOLDING)
    Expert.objects.filter(pk=declared.expert_id).update(state="ended")


HARMLESS: list[Callable[[Institution, Institution], Any]] = [
    lambda _a, _b: None,
    former_staff,
    co_investors,
    expert_gone,
    lambda a, b: make_interest(a, b, InterestKind.CONTRACT, ends_on=date(TODAY.year - 4, 1, 1)),
    lambda a, b: make_interest(a, b, InterestKind.POST, ends_on=TODAY - timedelta(days=1)),
    lambda a, b: make_interest(a, b, InterestKind.FAMILY, words="x", withdrawn_at=timezone.now() - timedelta(hours=1)),
    lambda a, b: make_interest(a, b, InterestKind.CONTRACT, starts_on=TODAY + timedelta(days=30)),
    lambda a, b: make_interest(a, f"Mill near {b.code}", InterestKind.CONTRACT),
    lambda a, b: [make_expert(a, email=f"{a.code}@x.example"), make_expert(b, email=f"{b.code}@x.example")],
]


def test_of_fifty_pairs_every_declared_or_detectable_conflict_is_found_and_no_other(act: Alliance) -> None:
    seeded = [(*WAYS[number % len(WAYS)], make_institution(act), make_institution(act)) for number in range(40)]
    apart = [(HARMLESS[number], make_institution(act), make_institution(act)) for number in range(10)]
    expected = set()
    for kind, way, one, other in seeded:
        way(one, other)
        expected.add((*sorted((one.pk, other.pk)), kind))
    for way, one, other in apart:
        way(one, other)
    pairs = [(one.pk, other.pk) for *_rest, one, other in seeded + apart]
    everybody = {pk for pair in pairs for pk in pair}

    found = {
        (entry.first, entry.second, entry.kind)
        for entry in find_links(act, everybody, timezone.now())
        if {entry.first, entry.second} <= everybody
    }

    assert found == expected
    linked = {pair[:2] for pair in expected}
    for first, second in pairs:
        detected = detect_conflicts(act, "product:none", [first], everybody - {first}, timezone.now())
        conflicted = {second} if tuple(sorted((first, second))) in linked else set()
        assert {entry.institution_id for entry in detected} == conflicted


@pytest.mark.parametrize("count", [2, 30])
def test_links_cost_the_same_queries_however_many_institutions_there_are(
    act: Alliance, count: int, django_assert_num_queries: Any
) -> None:
    institutions = [make_institution(act) for _number in range(count)]
    for one, other in combinations(institutions[:6], 2):
        for _kind, way in WAYS:
            way(one, other)

    with django_assert_num_queries(7):
        find_links(act, [one.pk for one in institutions], timezone.now())


def test_a_layer_above_adds_links_and_only_those_that_touch_the_asked_ones_count(act: Alliance) -> None:
    one, other, third = (make_institution(act) for _number in range(3))
    everything = [
        link(one.pk, other.pk, LinkKind.SHARED_OUTPUT, "product:P-1"),
        link(other.pk, third.pk, LinkKind.SHARED_OUTPUT, "product:P-2"),
    ]
    link_providers.register("test", lambda _alliance, _ids, _at: everything)
    try:
        found = find_links(act, [one.pk], timezone.now())
    finally:
        link_providers._items.pop("test")

    assert [entry.source for entry in found] == ["product:P-1"]


def test_links_of_one_alliance_know_nothing_of_another(act: Alliance, other_alliance: Alliance) -> None:
    user = make_user()
    here = make_institution(act)
    make_staff(here, user)
    with tenancy.acting_in(other_alliance):
        theirs = make_institution(other_alliance)
        make_staff(theirs, user)
        make_interest(theirs, "Common owner", InterestKind.HOLDING, direction=THEIRS)
    make_interest(here, "Common owner", InterestKind.HOLDING, direction=THEIRS)

    assert find_links(act, [here.pk], timezone.now()) == []
    assert Interest.objects.of(other_alliance).count() == 0


def test_every_kind_of_matter_says_nothing_of_what_does_not_exist(act: Alliance) -> None:
    assert {"product", "application", "dispute", "motion", "institution"} <= set(matter_parties)
    for prefix in matter_parties:
        assert matter_parties.get(prefix).parties(act, "no-such-code") is None
        assert matter_parties.get(prefix).open(act) == {}
    assert split("product:P-1") == ("product", "P-1")
