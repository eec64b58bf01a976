"""From the beginning of a contract to the open signing: who may, what is refused, what is recorded."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.kernel.permissions import forget_grants
from alliance.models import AuditEntry, InboxItem, OutboxEvent, RoleAssignment
from groups.models import ConflictOfInterest
from members.choices import StaffRole
from members.models import InstitutionStaff
from members.selectors.duties import list_open_duties
from services.actions.contract import (
    arrange_contract,
    cancel_contract,
    choose_witness,
    name_signatory,
    start_contract,
    withdraw_signatory,
)
from services.actions.contract_clause import decide_clause, decide_template, propose_clause, propose_template
from services.actions.contract_terms import agree_terms, comment_terms, open_signing, propose_terms, short_parties
from services.choices import ClauseState, ContractState, MatchState
from services.contract_standard import ARTICLES, CLAUSES, TEMPLATE_KEY
from services.contract_text import amount_in_words, digest, draft_of
from services.models import Contract, ContractComment, ContractSignatory, ContractTerms
from services.selectors.clause import clauses_in_force, template_text
from services.selectors.contract import get_contract, readable
from services.signals import (
    CLAUSES_CHANGED,
    CONTRACT_ENDED_UNSIGNED,
    CONTRACT_SIGNING_OPENED,
    CONTRACT_STARTED,
    CONTRACT_TERMS_FROZEN,
    CONTRACT_TERMS_PROPOSED,
)
from tests.factories.alliance import NOON, address, make_member, make_user
from tests.factories.contracts import D, S, W, World, make_draft, make_match, make_world
from tests.factories.groups import make_conflict, make_interest
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance, User
    from members.models import Institution
    from tests.conftest import ClientFor


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    return make_world(act, secretary=secretary)


def verbs(alliance: Alliance) -> list[str]:
    return list(
        AuditEntry.objects.of(alliance).filter(object_type="services.contract").order_by("id").values_list("verb", flat=True)
    )


def events(alliance: Alliance, kind: str) -> int:
    return OutboxEvent.objects.of(alliance).filter(kind=kind).count()


# ------------------------------------------------------------------------------------------------------------------- start


def test_the_desk_begins_a_contract_and_the_alliance_witnesses(world: World) -> None:
    contract = world.fresh()

    assert (contract.code, contract.state) == ("C-0001", ContractState.DRAFT)
    assert {party.role: party.institution for party in contract.parties.all()} == {D: world.demand, S: world.supply, W: None}
    assert verbs(world.alliance) == ["start_contract", "name_signatory"]
    assert events(world.alliance, CONTRACT_STARTED) == 1
    assert len(contract.verify_code) == 20


def test_a_match_both_sides_want_becomes_a_contract_once(act: Alliance, secretary: User) -> None:
    world = make_world(act, secretary=secretary, from_match=True)
    match = world.contract.match
    assert match is not None
    assert world.contract.demand == match.demand

    with pytest.raises(DomainError) as refused:
        start_contract(act, match.code, actor=secretary, at=NOON)
    assert refused.value.code == "match_has_contract"

    cancel_contract(act, world.code, reason="terms", words="", actor=secretary, at=NOON)
    again = start_contract(act, match.code, actor=world.people[D], at=NOON)
    assert again.code == "C-0002"
    assert again.title_en == match.demand.title_en


@pytest.mark.parametrize("state", [MatchState.SUGGESTED, MatchState.INVITED, MatchState.DECLINED, MatchState.ENDED])
def test_a_match_that_one_side_has_not_accepted_begins_no_contract(act: Alliance, secretary: User, state: str) -> None:
    match = make_match(act, make_institution(act), make_institution(act), state=state)
    with pytest.raises(DomainError) as refused:
        start_contract(act, match.code, actor=secretary, at=NOON)
    assert refused.value.code == "match_not_ready"


def test_strangers_and_plain_staff_begin_no_contract(act: Alliance, world: World) -> None:
    match = make_match(act, world.demand, make_institution(act))
    staff = make_user()
    make_staff(world.demand, staff, role=StaffRole.STAFF)
    stranger = make_user()
    make_staff(make_institution(act), stranger)
    for actor in (staff, stranger):
        with pytest.raises(PermissionRefusedError):
            start_contract(act, match.code, actor=actor, at=NOON)
    with pytest.raises(PermissionRefusedError):
        start_contract(act, None, demand=world.demand.code, supply=world.supply.code, actor=world.people[D], at=NOON)


def test_one_institution_is_not_both_sides_and_a_side_must_be_a_member(act: Alliance, world: World, secretary: User) -> None:
    for demand, supply in ((world.demand.code, world.demand.code), ("nobody", world.supply.code)):
        with pytest.raises(InvalidInputError):
            start_contract(act, None, demand=demand, supply=supply, title_en="T", actor=secretary, at=NOON)
    with pytest.raises(InvalidInputError) as refused:
        start_contract(act, None, demand=world.demand.code, supply=world.supply.code, actor=secretary, at=NOON)
    assert refused.value.code == "title_missing"


def test_a_contract_of_another_alliance_is_not_there(world: World, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        stranger = make_member(other_alliance, AllianceRole.SECRETARIAT)
        with pytest.raises(NotFoundError):
            cancel_contract(other_alliance, world.code, reason="terms", words="", actor=stranger, at=NOON)
        assert not Contract.objects.of(world.alliance).exists()
    with pytest.raises(PermissionRefusedError):
        cancel_contract(world.alliance, world.code, reason="terms", words="", actor=stranger, at=NOON)


# ------------------------------------------------------------------------------------------------------ witness and signatories


def test_a_witness_that_is_linked_with_a_side_is_refused(act: Alliance, world: World, secretary: User) -> None:
    linked = make_institution(act)
    make_interest(linked, world.supply)
    with pytest.raises(ConflictOfInterestError):
        choose_witness(act, world.code, witness=linked.code, actor=secretary, at=NOON)
    neutral = make_institution(act)
    choose_witness(act, world.code, witness=neutral.code, actor=secretary, at=NOON)
    assert world.contract.parties.get(role=W).institution == neutral
    with pytest.raises(InvalidInputError):
        choose_witness(act, world.code, witness=world.demand.code, actor=secretary, at=NOON)
    world.propose()
    with pytest.raises(DomainError) as refused:
        choose_witness(act, world.code, witness="", actor=secretary, at=NOON)
    assert refused.value.code == "witness_fixed"


def test_somebody_of_a_side_cannot_be_named_for_the_witness(act: Alliance, world: World, secretary: User) -> None:
    both = make_member(act, AllianceRole.COMMITTEE)
    make_staff(world.supply, both)
    with pytest.raises(ConflictOfInterestError):
        name_signatory(act, world.code, role=W, user=both, actor=secretary, at=NOON)


def test_only_people_of_a_party_are_named_for_it_and_nobody_for_two(act: Alliance, world: World) -> None:
    stranger = make_user()
    with pytest.raises(InvalidInputError) as refused:
        name_signatory(act, world.code, role=D, user=stranger, actor=world.people[D], at=NOON)
    assert refused.value.code == "not_eligible"
    with pytest.raises(PermissionRefusedError):
        name_signatory(act, world.code, role=D, user=world.second[D], actor=world.people[S], at=NOON)
    make_staff(world.demand, world.people[S])
    with pytest.raises(InvalidInputError) as refused:
        name_signatory(act, world.code, role=D, user=world.people[S], actor=world.people[D], at=NOON)
    assert refused.value.code == "named_already"


def test_a_person_is_taken_off_but_not_below_the_number_needed_while_it_is_signed(world: World) -> None:
    alliance = world.alliance
    withdraw_signatory(alliance, world.code, role=D, user=world.second[D], actor=world.people[D], at=NOON)
    assert ContractSignatory.objects.of(alliance).filter(user=world.second[D], ended_at=NOON).exists()
    world.open()
    with pytest.raises(DomainError) as refused:
        withdraw_signatory(alliance, world.code, role=D, user=world.people[D], actor=world.people[D], at=NOON)
    assert refused.value.code == "too_few"
    with pytest.raises(NotFoundError):
        withdraw_signatory(alliance, world.code, role=D, user=world.second[D], actor=world.people[D], at=NOON)


def test_the_order_takes_each_place_once(world: World, secretary: User) -> None:
    one: dict[str, int] = dict.fromkeys((D, S, W), 1)
    with pytest.raises(InvalidInputError):
        arrange_contract(world.alliance, world.code, places={D: 1, S: 1, W: 2}, needed=one, actor=secretary, at=NOON)
    with pytest.raises(InvalidInputError):
        arrange_contract(
            world.alliance, world.code, places={D: 1, S: 2, W: 3}, needed={**one, D: 0}, actor=secretary, at=NOON
        )
    with pytest.raises(PermissionRefusedError):
        arrange_contract(world.alliance, world.code, places={D: 1, S: 2, W: 3}, needed=one, actor=world.people[D], at=NOON)
    arrange_contract(world.alliance, world.code, places={D: 3, S: 1, W: 2}, needed={**one, D: 2}, actor=secretary, at=NOON)
    assert [(party.role, party.needed) for party in world.contract.parties.order_by("place")] == [(S, 1), (W, 1), (D, 2)]
    world.open()
    with pytest.raises(TransitionRefusedError):
        arrange_contract(world.alliance, world.code, places={D: 1, S: 2, W: 3}, needed=one, actor=secretary, at=NOON)


# ------------------------------------------------------------------------------------------------------------------- terms


def test_a_version_holds_the_whole_text_and_its_digest(world: World) -> None:
    terms = world.propose(note="")
    stored = ContractTerms.objects.of(world.alliance).get(pk=terms.pk)

    assert stored.sha256 == digest(stored.content)
    assert stored.content["price"] == "100000.00"
    assert "甲方20%、乙方70%、联盟基金10%" in str(stored.content["articles"])
    assert "壹拾万元整" in str(stored.content["articles"])
    assert "{{" not in str(stored.content)
    assert draft_of(stored.content).milestones == make_draft().milestones
    assert world.fresh().state == ContractState.NEGOTIATING
    assert events(world.alliance, CONTRACT_TERMS_PROPOSED) == 1
    assert InboxItem.objects.of(world.alliance).filter(key__startswith="contract-agree:", done_at__isnull=True).count() == 3


def test_what_a_party_writes_is_never_read_as_a_placeholder(world: World) -> None:
    terms = world.propose(note="", title_en="Cheap {{price}} {{b.name}}")
    assert "“Cheap {{price}} {{b.name}}”" in terms.content["articles"][0]["clauses"][0]["en"]


def test_a_version_cannot_be_changed_even_by_sql(world: World) -> None:
    terms = world.propose()
    with pytest.raises(DatabaseError, match="kept as they were written"), transaction.atomic():
        ContractTerms.objects.of(world.alliance).filter(pk=terms.pk).update(sha256="0" * 64)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title_en": "", "title_zh": " "}, "title_en"),
        ({"shares": {D: Decimal(20), S: Decimal(70), W: Decimal("9.99")}}, "share_demand"),
        ({"ends_on": date(2026, 11, 30)}, "ends_on"),
        ({"milestones": ()}, "milestones"),
        ({"ends_on": date(2027, 4, 29)}, "milestones-1-due_on"),
        ({"pay_days": 0}, "pay_days"),
        ({"penalty_supply": Decimal("1.5")}, "penalty_supply"),
        ({"left_out": frozenset({"effect"})}, "left_out"),
    ],
)
def test_incomplete_terms_are_refused_beside_their_field(world: World, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        world.propose(**fields)
    assert field in refused.value.fields
    assert world.fresh().state == ContractState.DRAFT


def test_two_proposals_on_one_version_do_not_overwrite_each_other(world: World) -> None:
    world.propose()
    with pytest.raises(DomainError) as refused:
        propose_terms(
            world.alliance,
            world.code,
            role=D,
            draft=make_draft(share_years=5),
            base=0,
            note="n",
            actor=world.people[D],
            at=NOON,
        )
    assert refused.value.code == "newer_version"
    with pytest.raises(InvalidInputError) as same:
        world.propose()
    assert same.value.code == "nothing_changed"
    with pytest.raises(InvalidInputError) as silent:
        world.propose(share_years=5, note="")
    assert silent.value.code == "note_missing"


def test_only_people_of_a_party_propose_comment_and_agree_for_it(world: World) -> None:
    terms = world.propose()
    stranger = make_user()
    make_staff(make_institution(world.alliance), stranger)
    for actor, role in ((stranger, D), (world.people[S], D), (world.people[S], W)):
        with pytest.raises(PermissionRefusedError):
            propose_terms(
                world.alliance,
                world.code,
                role=role,
                draft=make_draft(share_years=9),
                base=1,
                note="n",
                actor=actor,
                at=NOON,
            )
        with pytest.raises(PermissionRefusedError):
            agree_terms(world.alliance, world.code, number=1, sha256=terms.sha256, role=role, actor=actor, at=NOON)
        with pytest.raises(PermissionRefusedError):
            comment_terms(
                world.alliance, world.code, number=1, section="title", role=role, words="No.", actor=actor, at=NOON
            )
    staff = make_user()
    make_staff(world.demand, staff, role=StaffRole.STAFF)
    comment_terms(world.alliance, world.code, number=1, section="title", role=D, words="Hm.", actor=staff, at=NOON)
    with pytest.raises(PermissionRefusedError):
        agree_terms(world.alliance, world.code, number=1, sha256=terms.sha256, role=D, actor=staff, at=NOON)
    assert ContractComment.objects.of(world.alliance).get().words == "Hm."


def test_comments_name_a_section_that_is_there_and_say_something(world: World) -> None:
    world.propose()
    with pytest.raises(NotFoundError):
        comment_terms(
            world.alliance, world.code, number=1, section="article-99", role=D, words="x", actor=world.people[D], at=NOON
        )
    for words in (" ", "x" * 2001):
        with pytest.raises(InvalidInputError):
            comment_terms(
                world.alliance, world.code, number=1, section="title", role=D, words=words, actor=world.people[D], at=NOON
            )


def test_only_the_newest_version_as_it_was_shown_is_agreed_to(world: World) -> None:
    first = world.propose()
    world.agree(D)
    world.propose(share_years=4)
    with pytest.raises(DomainError) as refused:
        agree_terms(world.alliance, world.code, number=1, sha256=first.sha256, role=S, actor=world.people[S], at=NOON)
    assert refused.value.code == "newer_version"
    with pytest.raises(InvalidInputError):
        agree_terms(world.alliance, world.code, number=2, sha256=first.sha256, role=S, actor=world.people[S], at=NOON)
    world.agree(S)
    with pytest.raises(DomainError) as twice:
        world.agree(S)
    assert twice.value.code == "agreed_already"
    world.agree(W)
    assert world.fresh().state == ContractState.NEGOTIATING, "the demand side agreed to version 1 only"


def test_the_third_agreement_freezes_the_text_and_opens_the_signing(world: World) -> None:
    world.open()
    contract = world.fresh()

    assert contract.state == ContractState.SIGNING
    assert contract.frozen is not None
    assert contract.frozen.number == 1
    assert contract.sign_until == date(2026, 12, 12)
    assert contract.parties.get(role=D).asked_at == NOON
    assert contract.parties.get(role=S).asked_at is None
    assert events(world.alliance, CONTRACT_TERMS_FROZEN) == events(world.alliance, CONTRACT_SIGNING_OPENED) == 1
    waiting = InboxItem.objects.of(world.alliance).filter(key__startswith="contract-sign:", done_at__isnull=True)
    assert set(waiting.values_list("user", flat=True)) == {world.people[D].pk, world.second[D].pk}
    with pytest.raises(TransitionRefusedError):
        world.propose(share_years=7)


def test_a_person_who_may_not_sign_any_more_is_none_of_those_needed(world: World, secretary: User) -> None:
    places: dict[str, int] = {D: 1, S: 2, W: 3}
    needed: dict[str, int] = {D: 2, S: 1, W: 1}
    arrange_contract(world.alliance, world.code, places=places, needed=needed, actor=secretary, at=NOON)
    InstitutionStaff.objects.of(world.alliance).filter(user=world.second[D]).update(ends_at=NOON - timedelta(hours=1))

    world.open()

    assert world.fresh().state == ContractState.AGREED
    assert [party.role for party in short_parties(world.fresh(), NOON)] == [D]


def test_without_enough_people_the_desk_opens_the_signing_later(world: World, secretary: User) -> None:
    withdraw_signatory(world.alliance, world.code, role=W, user=secretary, actor=secretary, at=NOON)
    world.open()
    assert world.fresh().state == ContractState.AGREED
    until = date(2026, 12, 1)
    with pytest.raises(DomainError) as refused:
        open_signing(world.alliance, world.code, until=until, actor=secretary, at=NOON)
    assert refused.value.code == "signatories_missing"
    name_signatory(world.alliance, world.code, role=W, user=world.second[W], actor=secretary, at=NOON)
    for day in (date(2026, 11, 21), date(2027, 11, 21)):
        with pytest.raises(InvalidInputError):
            open_signing(world.alliance, world.code, until=day, actor=secretary, at=NOON)
    with pytest.raises(PermissionRefusedError):
        open_signing(world.alliance, world.code, until=until, actor=world.people[D], at=NOON)
    open_signing(world.alliance, world.code, until=until, actor=secretary, at=NOON)
    assert (world.fresh().state, world.fresh().sign_until) == (ContractState.SIGNING, until)


def test_a_contract_is_called_off_with_a_reason_by_the_desk_alone(world: World, secretary: User) -> None:
    for reason, words in (("", ""), ("other", " ")):
        with pytest.raises(InvalidInputError):
            cancel_contract(world.alliance, world.code, reason=reason, words=words, actor=secretary, at=NOON)
    with pytest.raises(PermissionRefusedError):
        cancel_contract(world.alliance, world.code, reason="terms", words="", actor=world.people[D], at=NOON)
    world.open()
    cancel_contract(world.alliance, world.code, reason="budget", words="The grant fell through.", actor=secretary, at=NOON)
    assert world.fresh().state == ContractState.CANCELLED
    assert not InboxItem.objects.of(world.alliance).filter(key__startswith="contract-", done_at__isnull=True).exists()
    assert events(world.alliance, CONTRACT_ENDED_UNSIGNED) == 1
    entry = AuditEntry.objects.of(world.alliance).filter(verb="cancel_contract").get()
    assert "fell through" not in entry.record


# ------------------------------------------------------------------------------------------------------------------ reading


def test_strangers_conflicted_people_and_missing_codes_get_the_same_answer(world: World, secretary: User) -> None:
    stranger = make_user()
    house = make_institution(world.alliance)
    make_staff(house, stranger)
    for reader in (stranger, world.second[W]):
        with pytest.raises(NotFoundError):
            get_contract(world.alliance, world.code, reader=reader)
    assert get_contract(world.alliance, world.code, reader=secretary).code == world.code
    conflicted = make_member(world.alliance, AllianceRole.SECRETARIAT)
    make_staff(house, conflicted)
    make_conflict(house, f"contract:{world.code}")
    with pytest.raises(NotFoundError):
        get_contract(world.alliance, world.code, reader=conflicted)
    with pytest.raises(ConflictOfInterestError):
        cancel_contract(world.alliance, world.code, reason="terms", words="", actor=conflicted, at=NOON)
    name_signatory(world.alliance, world.code, role=W, user=world.second[W], actor=secretary, at=NOON)
    assert get_contract(world.alliance, world.code, reader=world.second[W]).code == world.code


def test_who_was_named_to_sign_and_lost_the_role_reads_the_contract_no_more(
    world: World, secretary: User, client_for: ClientFor
) -> None:
    signatory, member = world.people[D], world.second[W]
    name_signatory(world.alliance, world.code, role=W, user=member, actor=secretary, at=NOON)
    for person in (signatory, member):  # people who come to work for others
        make_staff(make_institution(world.alliance), person)

    def roads(person: User) -> set[str]:
        forget_grants(person)
        client, found = client_for(person), set()
        for name in ("contract_detail", "contract_sign", "api_contract_detail"):
            if client.get(address(world.alliance, name, code=world.code)).status_code == 200:
                found.add(name)
        if client.get(address(world.alliance, "api_contract_list")).json()["results"]:
            found.add("api list")
        if readable(world.alliance, person).exists():
            found.add("list")
        return found

    assert {"contract_detail", "api_contract_detail", "api list", "list"} <= roads(signatory) & roads(member)
    InstitutionStaff.objects.of(world.alliance).filter(institution=world.demand).update(ends_at=timezone.now())
    RoleAssignment.objects.of(world.alliance).filter(user=member).update(ends_at=timezone.now())

    assert roads(signatory) == roads(member) == set()


def test_links_with_a_side_are_noted_when_a_contract_begins(act: Alliance, world: World, secretary: User) -> None:
    linked = make_institution(act)
    make_interest(linked, world.demand)
    start_contract(act, None, demand=world.demand.code, supply=world.supply.code, title_en="T", actor=secretary, at=NOON)
    assert ConflictOfInterest.objects.of(act).filter(matter="contract:C-0002", institution=linked).exists()


# ----------------------------------------------------------------------------------------------------------- clauses, templates


def test_a_clause_comes_in_use_by_a_second_person(act: Alliance, secretary: User, office_admin: User) -> None:
    fields = {"title_en": "Notices", "title_zh": "通知", "body_en": "To {{a.name}}.", "body_zh": "送达{{a.name}}。"}
    row = propose_clause(act, "notices", **fields, note="shorter", base=0, actor=secretary, at=NOON)
    assert clauses_in_force(act)["notices"].version == 0
    with pytest.raises(SeparationOfDutiesError):
        decide_clause(act, "notices", row.version, accept=True, actor=secretary, at=NOON)
    with pytest.raises(DomainError) as refused:
        propose_clause(act, "notices", **fields, note="again", base=0, actor=office_admin, at=NOON)
    assert refused.value.code == "proposed_already"
    decide_clause(act, "notices", row.version, accept=True, actor=office_admin, at=NOON)
    assert clauses_in_force(act)["notices"].version == 1
    assert events(act, CLAUSES_CHANGED) == 1
    with pytest.raises(InvalidInputError):
        propose_clause(act, "notices", **fields, note="same", base=1, actor=secretary, at=NOON)
    with pytest.raises(DomainError) as stale:
        propose_clause(act, "notices", **fields, note="late", base=0, actor=secretary, at=NOON)
    assert stale.value.code == "edit_conflict"
    row.refresh_from_db()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        type(row).objects.of(act).filter(pk=row.pk).update(body_en="x")


def test_a_new_version_of_a_clause_stands_in_the_next_version_of_the_terms_only(
    world: World, secretary: User, office_admin: User
) -> None:
    first = world.propose()
    row = propose_clause(
        world.alliance, "notices", title_en="Notices", title_zh="通知", body_en="By post.", body_zh="邮寄。",
        note="post", base=0, actor=secretary, at=NOON,
    )  # fmt: skip
    decide_clause(world.alliance, "notices", row.version, accept=True, actor=office_admin, at=NOON)
    second = world.propose(share_years=4)
    assert "By post." in str(second.content)
    assert "By post." not in str(first.content)


@pytest.mark.parametrize(
    ("english", "chinese", "field"),
    [
        ("{{nobody}}", "{{nobody}}", "body_en"),
        ("{{price}}", "无", "body_zh"),
        ("", "无", "body_en"),
        ("{{price", "{{price", "body_en"),
    ],
)
def test_a_clause_uses_known_placeholders_in_both_languages(
    act: Alliance, secretary: User, english: str, chinese: str, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        propose_clause(
            act,
            "new-one",
            title_en="N",
            title_zh="新",
            body_en=english,
            body_zh=chinese,
            note="",
            base=-1,
            actor=secretary,
            at=NOON,
        )
    assert field in refused.value.fields


def test_members_keep_no_clauses(act: Alliance, world: World) -> None:
    with pytest.raises(PermissionRefusedError):
        propose_clause(
            act,
            "x-y-z",
            title_en="N",
            title_zh="新",
            body_en="a",
            body_zh="b",
            note="",
            base=-1,
            actor=world.people[D],
            at=NOON,
        )


def test_a_template_keeps_the_clauses_that_every_contract_needs(act: Alliance, secretary: User, office_admin: User) -> None:
    articles = [(one.title_en, one.title_zh, list(one.clauses)) for one in ARTICLES]
    common = {"title_en": "T", "title_zh": "模板", "note": "fewer", "base": 0, "actor": secretary, "at": NOON}
    with pytest.raises(InvalidInputError) as refused:
        propose_template(act, TEMPLATE_KEY, articles=articles[:-1], **common)  # type: ignore[arg-type]
    assert "articles" in refused.value.fields
    row = propose_template(act, TEMPLATE_KEY, articles=[articles[1], articles[3], articles[-1]], **common)  # type: ignore[arg-type]
    decide_template(act, TEMPLATE_KEY, row.version, accept=True, actor=office_admin, at=NOON)
    text = template_text(act, TEMPLATE_KEY)
    assert (text.version, len(text.articles)) == (1, 3)
    assert row.state == ClauseState.PROPOSED


def test_every_shipped_clause_stands_once_in_the_shipped_template() -> None:
    used = [key for article in ARTICLES for key in article.clauses]
    assert sorted(used) == sorted(clause.key for clause in CLAUSES)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("238000", "贰拾叁万捌仟元整"),
        ("10010.05", "壹万零壹拾元零伍分"),
        ("0.50", "伍角整"),
        ("100000001.01", "壹亿零壹元零壹分"),
        ("0", "零元整"),
    ],
)
def test_sums_are_written_in_chinese_capitals(amount: str, words: str) -> None:
    assert amount_in_words(Decimal(amount)) == words


def test_the_days_of_signing_are_counted_from_the_agreement(world: World) -> None:
    world.propose()
    world.agree(D, S, W, at=NOON + timedelta(days=2))
    assert world.fresh().sign_until == date(2026, 12, 14)


def test_a_contract_that_is_not_over_stands_in_the_way_of_an_exit(world: World) -> None:
    def owed(by: Institution) -> list[str]:
        return [duty.key for duty in list_open_duties(world.alliance, by, NOON) if duty.key.startswith("contract")]

    assert owed(world.demand) == owed(world.supply) == [f"contract:{world.code}"]
    assert owed(make_institution(world.alliance)) == []
    cancel_contract(world.alliance, world.code, reason="other", words="No need.", actor=world.secretary, at=NOON)
    assert owed(world.demand) == []
