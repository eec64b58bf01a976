"""Facts of an entry: verified by the office, confirmed by the institution, void when the value changes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.actions.files import open_for_reader
from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError, NotFoundError, PermissionRefusedError, SeparationOfDutiesError
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, User
from members.actions.element import add_supply, assess_supply, end_supply
from members.actions.fact import (
    ask_for_confirmation,
    confirm_facts,
    remind_of_facts,
    verify_facts,
    withdraw_marks,
    withdraw_request,
)
from members.actions.institution import change_institution, change_profile
from members.choices import FactKind, FactState, StaffRole
from members.models import FactMark, Institution
from members.selectors.fact import list_facts, summarise, verification_of
from tests.factories.alliance import NOON, make_user
from tests.factories.members import make_institution, make_staff, make_supply

NOTE = "Compared with the public register today."
TODAY = timezone.localdate(NOON)


@pytest.fixture
def institution(act: Alliance) -> Institution:
    return make_institution(
        act, name_en="Loom Works", name_zh="织机厂", region_code="440600", web="https://loom.example.org/"
    )


@pytest.fixture
def representative(institution: Institution) -> User:
    return make_staff(institution, starts_at=NOON - timedelta(days=30)).user


def states(institution: Institution, on: date = TODAY) -> dict[str, str]:
    return {fact.kind: fact.state for fact in list_facts(Institution.objects.get(pk=institution.pk), on)}


def digests(institution: Institution, *kinds: str) -> dict[str, str]:
    found = {fact.kind: fact.digest for fact in list_facts(institution, TODAY) if fact.can_be_verified}
    return {kind: found[kind] for kind in kinds or found}


def test_verified_facts_carry_a_mark_for_a_year(act: Alliance, institution: Institution, secretary: User) -> None:
    marks = verify_facts(act, institution.code, ["name", "kind", "region"], actor=secretary, at=NOON, note=NOTE)

    assert {mark.valid_until for mark in marks} == {TODAY + timedelta(days=365)}
    found = states(institution)
    assert found["name"] == found["kind"] == found["region"] == FactState.VERIFIED
    assert found["web"] == FactState.UNVERIFIED
    assert found["registry"] == FactState.EMPTY
    assert summarise(list_facts(institution, TODAY)).identity
    entry = AuditEntry.objects.of(act).get(verb="verify_facts")
    assert entry.actor_id == secretary.uuid
    assert NOTE not in entry.record, "free text stands in the personal values only"


def test_a_mark_is_void_when_its_value_changes_and_only_then(
    act: Alliance, institution: Institution, secretary: User
) -> None:
    verify_facts(act, institution.code, ["name", "web"], actor=secretary, at=NOON, note=NOTE)
    values = {
        "kind": institution.kind,
        "name_en": "Loom Works Ltd",
        "name_zh": institution.name_zh,
        "country": "CN",
        "region": institution.region_code,
        "web": institution.web,
    }

    change_institution(act, institution.code, actor=secretary, at=NOON, **values)

    found = states(institution)
    assert found["name"] == FactState.CHANGED
    assert found["web"] == FactState.VERIFIED
    assert FactMark.objects.of(act).get(fact="name").valid_until is None, "the API and the lists see it too"


def test_a_change_past_the_actions_voids_the_mark_as_well(act: Alliance, institution: Institution, secretary: User) -> None:
    verify_facts(act, institution.code, ["name"], actor=secretary, at=NOON, note=NOTE)

    Institution.objects.of(act).filter(pk=institution.pk).update(name_en="Something else")

    assert states(institution)["name"] == FactState.CHANGED


@pytest.mark.parametrize("act_on", ["add", "assess", "end"])
def test_elements_changed_after_verification_are_no_longer_verified(
    act: Alliance, institution: Institution, secretary: User, act_on: str
) -> None:
    supply = make_supply(institution)
    verify_facts(act, institution.code, ["elements"], actor=secretary, at=NOON, note=NOTE)

    if act_on == "add":
        add_supply(
            act, institution.code, element="talent", scale="meso", strength=None, valid_from=TODAY, actor=secretary, at=NOON
        )
    elif act_on == "assess":
        assess_supply(act, institution.code, supply.pk, scale="macro", strength=None, actor=secretary, at=NOON)
    else:
        end_supply(act, institution.code, supply.pk, on=TODAY, actor=secretary, at=NOON)

    assert states(institution)["elements"] == FactState.CHANGED


def test_a_mark_expires_after_a_year_unless_the_institution_confirms(
    act: Alliance, institution: Institution, secretary: User, representative: User
) -> None:
    verify_facts(act, institution.code, ["name", "web"], actor=secretary, at=NOON, note=NOTE)
    later = NOON + timedelta(days=340)

    confirm_facts(act, institution.code, digests(institution, "name"), actor=representative, at=later)

    after = TODAY + timedelta(days=366)
    assert states(institution, after)["name"] == FactState.VERIFIED
    assert states(institution, after)["web"] == FactState.EXPIRED
    assert AuditEntry.objects.of(act).filter(verb="confirm_facts", actor_id=representative.uuid).count() == 1


def test_confirming_what_the_office_has_not_verified_makes_no_verified_fact(
    act: Alliance, institution: Institution, representative: User
) -> None:
    confirm_facts(act, institution.code, digests(institution), actor=representative, at=NOON)

    assert states(institution)["name"] == FactState.CONFIRMED
    assert not summarise(list_facts(institution, TODAY)).verified


def test_nobody_confirms_a_value_they_have_not_seen(act: Alliance, institution: Institution, representative: User) -> None:
    seen = digests(institution, "web")
    change_profile(
        act,
        institution.code,
        actor=representative,
        at=NOON,
        short_en="",
        short_zh="",
        web="https://other.example.org/",
        contact_email="",
    )

    with pytest.raises(InvalidInputError, match="fact_changed"):
        confirm_facts(act, institution.code, seen, actor=representative, at=NOON)


def test_who_may_verify_and_confirm(act: Alliance, institution: Institution, secretary: User, representative: User) -> None:
    officer = make_staff(institution, role=StaffRole.STAFF, starts_at=NOON - timedelta(days=1)).user
    for actor in (representative, officer, make_user()):
        with pytest.raises(PermissionRefusedError):
            verify_facts(act, institution.code, ["name"], actor=actor, at=NOON, note=NOTE)
        with pytest.raises(PermissionRefusedError):
            withdraw_marks(act, institution.code, ["name"], actor=actor, at=NOON, reason="x")
    for actor in (secretary, officer, make_user()):
        with pytest.raises(PermissionRefusedError):
            confirm_facts(act, institution.code, digests(institution), actor=actor, at=NOON)
    make_staff(institution, secretary, role=StaffRole.STAFF, starts_at=NOON - timedelta(days=1))
    secretary.__dict__.pop("_grants", None)
    with pytest.raises(SeparationOfDutiesError, match="own_institution"):
        verify_facts(act, institution.code, ["name"], actor=secretary, at=timezone.now(), note=NOTE)


@pytest.mark.parametrize(
    ("facts", "note", "code"),
    [
        ([], NOTE, "fact_unknown"),
        (["age"], NOTE, "fact_unknown"),
        (["registry"], NOTE, "fact_empty"),
        (["name"], " ", "evidence_missing"),
    ],
)
def test_what_cannot_be_verified(
    act: Alliance, institution: Institution, secretary: User, facts: list[str], note: str, code: str
) -> None:
    with pytest.raises(InvalidInputError, match=code):
        verify_facts(act, institution.code, facts, actor=secretary, at=NOON, note=note)
    assert not FactMark.objects.of(act).exists()


def test_marks_are_taken_off_with_a_reason(act: Alliance, institution: Institution, secretary: User) -> None:
    verify_facts(act, institution.code, ["name"], actor=secretary, at=NOON, note=NOTE)

    with pytest.raises(InvalidInputError, match="reason_missing"):
        withdraw_marks(act, institution.code, ["name"], actor=secretary, at=NOON, reason=" ")
    withdraw_marks(act, institution.code, ["name"], actor=secretary, at=NOON, reason="The register was misread.")

    assert states(institution)["name"] == FactState.UNVERIFIED
    with pytest.raises(InvalidInputError, match="fact_not_verified"):
        withdraw_marks(act, institution.code, ["name"], actor=secretary, at=NOON, reason="again")


def test_evidence_opens_for_the_office_and_the_institution_only(
    act: Alliance, institution: Institution, secretary: User, representative: User, committee_member: User
) -> None:
    file = SimpleUploadedFile("register.txt", b"Loom Works, registered 2010", content_type="text/plain")
    (mark,) = verify_facts(act, institution.code, ["name"], actor=secretary, at=NOON, evidence=file)
    stored = mark.evidence_file
    assert stored is not None
    stranger = make_staff(make_institution(act)).user

    for reader in (secretary, representative):
        open_for_reader(act, stored.uuid, reader=reader)[1].close()
    for reader in (committee_member, stranger, make_user()):
        with pytest.raises(NotFoundError):
            open_for_reader(act, stored.uuid, reader=reader)


def test_the_yearly_reminder_goes_out_once_and_is_settled_by_confirming(
    act: Alliance, institution: Institution, secretary: User, representative: User
) -> None:
    verify_facts(act, institution.code, [FactKind.NAME], actor=secretary, at=NOON, note=NOTE)
    assert remind_of_facts(act, at=NOON) == 0
    due = NOON + timedelta(days=340)

    for hours in (0, 6, 24):
        remind_of_facts(act, at=due + timedelta(hours=hours))

    item = InboxItem.objects.of(act).get(kind="members.confirm_facts")
    assert item.done_at is None
    assert timezone.localdate(item.due_at) == TODAY + timedelta(days=365)
    assert Notification.objects.of(act).filter(user=representative, kind="members.confirm_facts").count() == 1
    confirm_facts(act, institution.code, digests(institution), actor=representative, at=due + timedelta(days=2))
    item.refresh_from_db()
    assert item.done_by == representative


def test_an_expired_mark_is_told_once(
    act: Alliance, institution: Institution, secretary: User, representative: User
) -> None:
    verify_facts(act, institution.code, [FactKind.NAME], actor=secretary, at=NOON, note=NOTE)

    for days in (370, 371, 400):
        remind_of_facts(act, at=NOON + timedelta(days=days))

    assert Notification.objects.of(act).filter(user=representative, kind="members.facts_expired").count() == 1


def test_an_element_that_ends_soon_is_told_once_unless_it_has_a_successor(
    act: Alliance, institution: Institution, representative: User
) -> None:
    ending = make_supply(institution, "policy", valid_to=TODAY + timedelta(days=20))
    make_supply(institution, "talent", valid_to=TODAY + timedelta(days=20))
    make_supply(institution, "talent", valid_from=TODAY + timedelta(days=21))

    remind_of_facts(act, at=NOON)
    remind_of_facts(act, at=NOON + timedelta(days=1))

    assert [item.key for item in InboxItem.objects.of(act).filter(kind="members.supply_ends")] == [
        f"supply_ends:{ending.pk}"
    ]
    assess_supply(
        act, institution.code, ending.pk, scale="meso", strength=None, valid_to=None, actor=representative, at=NOON
    )
    assert InboxItem.objects.of(act).filter(kind="members.supply_ends", done_at__isnull=True).count() == 0


def test_the_office_asks_and_takes_the_request_back(
    act: Alliance, institution: Institution, secretary: User, representative: User
) -> None:
    with pytest.raises(InvalidInputError, match="due_past"):
        ask_for_confirmation(act, institution.code, actor=secretary, at=NOON, due_on=TODAY - timedelta(days=1))
    ask_for_confirmation(act, institution.code, actor=secretary, at=NOON)
    withdraw_request(act, institution.code, actor=secretary, at=NOON + timedelta(minutes=1))

    assert InboxItem.objects.of(act).filter(kind="members.confirm_facts", done_at__isnull=True).count() == 0
    alone = make_institution(act)
    with pytest.raises(InvalidInputError, match="no_representative"):
        ask_for_confirmation(act, alone.code, actor=secretary, at=NOON)


def test_an_institution_of_another_alliance_is_not_there(act: Alliance, other_alliance: Alliance, secretary: User) -> None:
    with tenancy.acting_in(other_alliance):
        make_institution(other_alliance, code="X-9")
    with pytest.raises(Institution.DoesNotExist):
        verify_facts(act, "X-9", ["name"], actor=secretary, at=NOON, note=NOTE)


def test_summaries_of_a_page_cost_two_queries(act: Alliance, secretary: User, django_assert_num_queries: Any) -> None:
    institutions = [make_institution(act, region_code="440600") for _number in range(12)]
    for institution in institutions[:6]:
        make_supply(institution)
        verify_facts(act, institution.code, ["name", "kind", "region"], actor=secretary, at=NOON, note=NOTE)

    with django_assert_num_queries(2):
        found = verification_of(act, institutions, TODAY)

    assert [found[institution.pk].identity for institution in institutions] == [True] * 6 + [False] * 6
