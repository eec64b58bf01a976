"""Docking: who accepts, declines and brings together, what follows, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from alliance.actions.outbox import deliver_next
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
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent
from groups.choices import HoldingDirection
from groups.models import Interest
from members.choices import StaffRole
from services import fit
from services.actions.listing_life import withdraw_listing
from services.actions.match import (
    accept_match,
    accept_suggestion,
    agree_by_contract,
    agree_match,
    decline_for_desk,
    decline_match,
    decline_suggestion,
    end_match,
    keep_questions,
    note_contact,
    propose_match,
)
from services.actions.match_event import note_shown
from services.actions.match_rule import approve_match_rule, propose_match_rule, refuse_match_rule, set_criteria
from services.choices import MatchEventKind, MatchOrigin, MatchState
from services.models import (
    Listing,
    ListingParty,
    Match,
    MatchAnswer,
    MatchCriteria,
    MatchEvent,
    MatchRule,
    MatchRuleProposal,
)
from services.selectors.match import contacts_of, desk_ties, get_match, tied_to
from services.selectors.suggestion import rule_in_force, suggest
from services.transitions import MATCH_TRANSITIONS
from tests.factories.alliance import make_user
from tests.factories.matching import Pair, another_house, index, make_demand, make_pair, make_supply, person_of
from tests.factories.operations import make_officer, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(act: Alliance) -> Pair:
    """Two sides."""
    return make_pair(act)


def now() -> Any:
    """The moment of an act."""
    return timezone.now()


def accept(pair: Pair, **more: Any) -> Match:
    """The demand's side accepts what is suggested."""
    return accept_suggestion(pair.demand.alliance, pair.demand.code, pair.supply.code, actor=pair.buyer, at=now(), **more)


def introduced(pair: Pair) -> Match:
    """Both accepted."""
    match = accept(pair)
    return accept_match(match.alliance, match.code, "supply", actor=pair.seller, at=now())


def verbs(match: Match) -> list[str]:
    """What the log says was done."""
    rows = AuditEntry.objects.of(match.alliance).filter(object_type="services.match", object_id=str(match.pk))
    return list(rows.order_by("id").values_list("verb", flat=True))


def events(alliance: Alliance) -> list[str]:
    """Kinds of the events owed by docking."""
    rows = OutboxEvent.objects.of(alliance).filter(kind__startswith="services.match_").order_by("id")
    return [kind.removeprefix("services.match_") for kind in rows.values_list("kind", flat=True)]


def facts(alliance: Alliance) -> list[tuple[str, str, str]]:
    """Raw facts of docking."""
    rows = MatchEvent.objects.of(alliance).order_by("id")
    return [(row.kind, row.listing.code, row.other.code) for row in rows.select_related("listing", "other")]


def open_items(alliance: Alliance) -> dict[str, tuple[str, int | None]]:
    """Kind and institution of what waits, by key."""
    return {
        item.key: (item.kind, item.institution_id)
        for item in InboxItem.objects.of(alliance).filter(done_at__isnull=True, kind__startswith="services.match_")
    }


# ------------------------------------------------------------------------------------------------------------------- accepting


def test_nobody_is_told_anything_before_a_persons_first_act(act: Alliance, pair: Pair) -> None:
    """Looking at suggestions leaves raw facts and nothing else."""
    found = suggest(act, pair.demand, at=now())
    note_shown(act, pair.demand, found.all, reader=pair.demand.institution_id, at=now())
    assert [one.listing for one in found.all] == [pair.supply]
    assert not Notification.objects.of(act).exists()
    assert not open_items(act)
    assert not Match.objects.of(act).exists()


def test_accepting_asks_the_other_side(act: Alliance, pair: Pair) -> None:
    """The match keeps the fit and the reasons as they were shown."""
    match = accept(pair, words="Could you come in December?")
    assert (match.state, match.origin, match.made_by) == (MatchState.INVITED, MatchOrigin.ENGINE, pair.buyer)
    assert match.fit is not None
    assert sum(Decimal(part["points"]) for part in match.reasons["parts"]) == match.fit
    assert len(match.reasons["reasons"]) >= 2
    assert verbs(match) == ["accept_match"]
    assert events(act) == ["invited"]
    assert facts(act) == [("accepted", pair.demand.code, pair.supply.code)]
    assert open_items(act) == {f"match-answer:{match.code}:supply": ("services.match_asked", pair.supply.institution_id)}


def test_questions_leave_the_inbox_while_a_listing_is_closed_and_come_back_with_it(act: Alliance, pair: Pair) -> None:
    match = accept(pair)
    asked = open_items(act)
    assert set(asked) == {f"match-answer:{match.code}:supply"}
    later = now() + timedelta(days=400)
    for change in ({"state": "withdrawn"}, {"state": "draft"}, {"state": "expired"}):
        Listing.objects.filter(pk=pair.demand.pk).update(**change)
        keep_questions(act, pair.demand.pk, at=now())
        assert open_items(act) == {}, change
        Listing.objects.filter(pk=pair.demand.pk).update(state="published")
        keep_questions(act, pair.demand.pk, at=now())
        keep_questions(act, pair.demand.pk, at=now())
        assert open_items(act) == asked, "asked again, once, and only the side that did not answer"
    Listing.objects.filter(pk=pair.demand.pk).update(expires_on=later.date() - timedelta(days=1))
    keep_questions(act, pair.supply.pk, at=later)
    assert open_items(act) == {}, "past its last day"


def test_a_withdrawn_listing_takes_its_questions_along_by_its_event(act: Alliance, pair: Pair) -> None:
    proposed = propose_match(act, pair.demand.code, pair.supply.code, words="They fit.", actor=pair.secretary, at=now())
    assert len(open_items(act)) == 2
    owner = person_of(pair.supply.institution)
    withdraw_listing(act, pair.supply.code, actor=owner, at=now())
    while deliver_next(act):
        pass
    assert open_items(act) == {}
    assert Match.objects.get(pk=proposed.pk).state == MatchState.SUGGESTED


def test_contacts_are_shown_to_both_only_after_both_accepted(act: Alliance, pair: Pair) -> None:
    """Introduced: both are told, and the demand side is asked to get in touch."""
    match = accept(pair)
    assert contacts_of(match, at=now()) == {}
    match = accept_match(act, match.code, "supply", actor=pair.seller, at=now())
    assert match.state == MatchState.INTRODUCED
    assert match.introduced_at is not None
    contacts = contacts_of(match, at=now())
    assert [one.email for one in contacts["demand"]] == [pair.buyer.email]
    assert [one.email for one in contacts["supply"]] == [pair.seller.email]
    assert set(open_items(act)) == {f"match-contact:{match.code}"}
    assert {row.user for row in Notification.objects.of(act).filter(kind="services.match_introduced")} == {pair.buyer}
    assert verbs(match) == ["accept_match", "introduce_match"]
    assert events(act) == ["invited", "introduced"]
    assert [kind for kind, _listing, _other in facts(act)] == ["accepted", "accepted", "introduced"]


def test_accepting_twice_changes_nothing(act: Alliance, pair: Pair) -> None:
    """Neither from the list nor on the page of the match."""
    match = accept(pair)
    assert accept(pair) == match
    accept_match(act, match.code, "demand", actor=pair.buyer, at=now())
    assert verbs(match) == ["accept_match"]
    assert MatchAnswer.objects.of(act).count() == 1


def test_both_sides_who_accept_from_their_own_lists_meet_in_one_match(act: Alliance, pair: Pair) -> None:
    """A pair has one match at most."""
    first = accept(pair)
    second = accept_suggestion(act, pair.supply.code, pair.demand.code, actor=pair.seller, at=now())
    assert first == second
    assert second.state == MatchState.INTRODUCED
    with pytest.raises(IntegrityError), transaction.atomic():
        Match.objects.create(
            alliance=act, code="M-9999", demand=pair.demand, supply=pair.supply, origin="desk", made_at=now()
        )


def test_interest_from_a_listings_page_says_so(pair: Pair) -> None:
    """The other side reads the words."""
    match = accept(pair, origin=MatchOrigin.INTEREST, words="We saw your offer.")
    assert (match.origin, match.words) == (MatchOrigin.INTEREST, "We saw your offer.")


def test_only_people_who_answer_for_the_listing_accept(act: Alliance, pair: Pair) -> None:
    """Nor may its signatory, the office or the other side."""
    for actor in (person_of(pair.demand.institution, StaffRole.SIGNATORY), pair.secretary, pair.seller, make_user()):
        with pytest.raises(PermissionRefusedError):
            accept_suggestion(act, pair.demand.code, pair.supply.code, actor=actor, at=now())
    match = accept(pair)
    with pytest.raises(PermissionRefusedError):
        accept_match(act, match.code, "supply", actor=pair.buyer, at=now())
    with pytest.raises(InvalidInputError):
        accept_match(act, match.code, "witness", actor=pair.seller, at=now())


def test_a_listing_that_is_over_takes_no_match(act: Alliance, pair: Pair) -> None:
    """Expired, or taken back."""
    pair.demand.expires_on = timezone.localdate() - timedelta(days=1)
    pair.demand.save()
    with pytest.raises(DomainError) as refused:
        accept(pair)
    assert refused.value.code == "listing_not_open"


def test_a_match_whose_listing_expired_meanwhile_is_not_accepted(act: Alliance, pair: Pair) -> None:
    """The other side is told why."""
    match = accept(pair)
    pair.demand.expires_on = timezone.localdate() - timedelta(days=1)
    pair.demand.save()
    with pytest.raises(DomainError) as refused:
        accept_match(act, match.code, "supply", actor=pair.seller, at=now())
    assert refused.value.code == "listing_not_open"


def test_two_listings_of_one_side_are_not_brought_together(act: Alliance, pair: Pair) -> None:
    """A demand needs a supply."""
    another = make_demand(act)
    with pytest.raises(DomainError) as refused:
        accept_suggestion(act, pair.demand.code, another.code, actor=pair.buyer, at=now())
    assert refused.value.code == "sides_equal"


def test_an_institution_is_not_brought_together_with_itself(act: Alliance, pair: Pair) -> None:
    """Nor with one that it owns."""
    own = make_supply(act, institution=pair.demand.institution)
    with pytest.raises(DomainError) as refused:
        accept_suggestion(act, pair.demand.code, own.code, actor=pair.buyer, at=now())
    assert refused.value.code == "too_close"
    owns(pair, act)
    with pytest.raises(DomainError) as refused:
        accept(pair)
    assert refused.value.code == "too_close"


def owns(pair: Pair, alliance: Alliance) -> None:
    """The demand's institution holds shares in the supply's."""
    Interest.objects.create(
        alliance=alliance,
        institution=pair.demand.institution,
        counterparty=pair.supply.institution,
        kind="holding",
        direction=HoldingDirection.OURS,
        declared_by=pair.buyer,
        declared_at=now() - timedelta(days=2),
    )


def test_a_listing_of_another_alliance_is_not_there(act: Alliance, other_alliance: Alliance, pair: Pair) -> None:
    """Nor is its match."""
    with tenancy.acting_in(other_alliance):
        foreign = make_pair(other_alliance)
        match = accept(foreign)
    for code, other in ((pair.demand.code, foreign.supply.code), (foreign.demand.code, pair.supply.code)):
        with pytest.raises(NotFoundError):
            accept_suggestion(act, code, other, actor=pair.buyer, at=now())
    with pytest.raises(NotFoundError):
        accept_match(act, match.code + "9", "supply", actor=foreign.seller, at=now())


# -------------------------------------------------------------------------------------------------------------------- declining


def test_declining_keeps_the_reason_and_tells_nobody(act: Alliance, pair: Pair) -> None:
    """What was declined leaves the list."""
    match = decline_suggestion(
        act, pair.demand.code, pair.supply.code, reason="region", words="Too far.", actor=pair.buyer, at=now()
    )
    assert match.state == MatchState.DECLINED
    assert match.answers.get().reason == "region"
    assert verbs(match) == ["decline_match"]
    assert events(act) == ["declined"]
    assert facts(act) == [("declined", pair.demand.code, pair.supply.code)]
    assert not Notification.objects.of(act).exists()
    assert suggest(act, pair.demand, at=now()).all == ()


def test_a_side_that_had_accepted_is_told_the_reason(act: Alliance, pair: Pair) -> None:
    """In its own language."""
    match = accept(pair)
    decline_match(act, match.code, "supply", reason="capacity", actor=pair.seller, at=now())
    told = Notification.objects.of(act).get(kind="services.match_declined")
    assert told.user == pair.buyer
    assert (told.params["reason_en"], told.params["reason_zh"]) == ("no capacity", "没有余力") or told.params["reason_zh"]
    assert not open_items(act)


def test_a_decline_needs_a_reason(act: Alliance, pair: Pair) -> None:
    """And words where the reason is another one."""
    for reason, words, field in (("", "", "reason"), ("weather", "", "reason"), ("other", " ", "words")):
        with pytest.raises(InvalidInputError) as refused:
            decline_suggestion(
                act, pair.demand.code, pair.supply.code, reason=reason, words=words, actor=pair.buyer, at=now()
            )
        assert field in refused.value.fields
    assert not Match.objects.of(act).exists()


def test_only_whoever_declined_takes_it_up_again(act: Alliance, pair: Pair) -> None:
    """The side that had accepted before is introduced at once."""
    match = accept(pair)
    decline_match(act, match.code, "supply", reason="price", actor=pair.seller, at=now())
    with pytest.raises(DomainError) as refused:
        accept_match(act, match.code, "demand", actor=pair.buyer, at=now())
    assert refused.value.code == "other_side_declined"
    assert accept_match(act, match.code, "supply", actor=pair.seller, at=now()).state == MatchState.INTRODUCED
    with pytest.raises(TransitionRefusedError):
        decline_match(act, match.code, "supply", reason="price", actor=pair.seller, at=now())


def test_declining_the_same_twice_changes_nothing(act: Alliance, pair: Pair) -> None:
    """One answer, one fact."""
    for _turn in range(2):
        decline_suggestion(act, pair.demand.code, pair.supply.code, reason="price", actor=pair.buyer, at=now())
    assert MatchAnswer.objects.of(act).count() == 1
    assert len(facts(act)) == 1


# ------------------------------------------------------------------------------------------------------------------------- desk


def test_the_desk_proposes_and_both_sides_are_asked(act: Alliance, pair: Pair) -> None:
    """With words; each side answers for itself."""
    match = propose_match(
        act, pair.demand.code, pair.supply.code, words="You met at the fair.", actor=pair.secretary, at=now()
    )
    assert (match.state, match.origin, match.words) == (MatchState.SUGGESTED, MatchOrigin.DESK, "You met at the fair.")
    assert set(open_items(act)) == {f"match-answer:{match.code}:{side}" for side in ("demand", "supply")}
    assert verbs(match) == ["propose_match"]
    assert propose_match(act, pair.demand.code, pair.supply.code, actor=pair.member, at=now()) == match
    accept_match(act, match.code, "supply", actor=pair.seller, at=now())
    assert accept_match(act, match.code, "demand", actor=pair.buyer, at=now()).state == MatchState.INTRODUCED


def test_members_do_not_propose_for_the_desk(act: Alliance, pair: Pair) -> None:
    """Nor do editors and auditors."""
    for actor in (pair.buyer, make_officer(act, AllianceRole.AUDITOR), make_officer(act, AllianceRole.EDITOR)):
        with pytest.raises(PermissionRefusedError):
            propose_match(act, pair.demand.code, pair.supply.code, actor=actor, at=now())


def test_who_is_tied_to_a_side_does_not_rule_on_the_match(act: Alliance, pair: Pair) -> None:
    """A committee member who acts for the supply's institution neither proposes nor declines."""
    make_staff(act, pair.supply.institution, StaffRole.STAFF, pair.member)  # type: ignore[arg-type]
    attempts: tuple[Callable[[], Match], ...] = (
        lambda: propose_match(act, pair.demand.code, pair.supply.code, actor=pair.member, at=now()),
        lambda: decline_for_desk(act, pair.demand.code, pair.supply.code, reason="region", actor=pair.member, at=now()),
    )
    for attempt in attempts:
        with pytest.raises(ConflictOfInterestError):
            attempt()
    assert [tie.user for tie in tied_to(desk_ties(act, at=now()), [pair.supply.institution_id])] == [pair.member]


def test_who_is_linked_with_a_side_does_not_rule_either(act: Alliance, pair: Pair) -> None:
    """The member's own institution holds shares in a side."""
    owns(pair, act)
    third = make_supply(act)
    index(act, third)
    make_staff(act, pair.supply.institution, StaffRole.STAFF, pair.member)  # type: ignore[arg-type]
    with pytest.raises(ConflictOfInterestError):
        propose_match(act, pair.demand.code, third.code, actor=pair.member, at=now())
    assert propose_match(act, pair.demand.code, third.code, actor=pair.secretary, at=now()).state == MatchState.SUGGESTED


def test_the_desk_leaves_a_suggestion_aside_and_a_side_may_still_take_it_up(act: Alliance, pair: Pair) -> None:
    """Once a side has spoken, the desk does not decline for it."""
    match = decline_for_desk(act, pair.demand.code, pair.supply.code, reason="region", actor=pair.secretary, at=now())
    assert match.state == MatchState.DECLINED
    assert verbs(match) == ["decline_match_for_desk"]
    with pytest.raises(DomainError) as refused:
        propose_match(act, pair.demand.code, pair.supply.code, actor=pair.secretary, at=now())
    assert refused.value.code == "declined_before"
    assert accept_match(act, match.code, "supply", actor=pair.seller, at=now()).state == MatchState.INVITED
    with pytest.raises(DomainError) as refused:
        decline_for_desk(act, pair.demand.code, pair.supply.code, reason="region", actor=pair.secretary, at=now())
    assert refused.value.code == "answered_already"


def test_the_secretariat_answers_for_a_listing_from_an_outside_source(act: Alliance) -> None:
    """Which no institution answers for."""
    demand = make_demand(act, institution=None, source="CORDIS")
    supply = make_supply(act)
    index(act, demand, supply)
    officer = make_officer(act)
    match = accept_suggestion(act, demand.code, supply.code, actor=officer, at=now())
    assert match.state == MatchState.INVITED
    with pytest.raises(PermissionRefusedError):
        accept_suggestion(act, demand.code, supply.code, actor=person_of(supply.institution), at=now())


# ----------------------------------------------------------------------------------------------------------- after introduction


def test_from_the_first_contact_to_an_agreement(act: Alliance, pair: Pair) -> None:
    """The event names the match, so that a contract can follow."""
    match = introduced(pair)
    match = note_contact(act, match.code, actor=pair.buyer, at=now())
    assert (match.state, match.contacted_at is not None) == (MatchState.IN_TALKS, True)
    assert not open_items(act)
    match = agree_match(act, match.code, outcome="Survey in December", actor=pair.seller, at=now())
    assert (match.state, match.outcome) == (MatchState.AGREED, "Survey in December")
    payload = OutboxEvent.objects.of(act).get(kind="services.match_agreed").payload
    assert payload == {"match": match.code, "demand": pair.demand.code, "supply": pair.supply.code}
    assert [kind for kind, _listing, _other in facts(act)] == [
        "accepted",
        "accepted",
        "introduced",
        "contacted",
        "agreed",
    ]
    assert verbs(match) == ["accept_match", "introduce_match", "note_contact", "agree_match"]
    assert Notification.objects.of(act).get(kind="services.match_agreed").user == pair.buyer


def test_whose_contract_is_in_force_has_agreed_without_noting_it(act: Alliance, pair: Pair) -> None:
    """The event of the seal may come twice, and after one of them noted it: the fact is counted once."""
    match = introduced(pair)
    assert agree_by_contract(act, match.code, at=now())
    assert not agree_by_contract(act, match.code, at=now())
    match.refresh_from_db()
    assert (match.state, match.contacted_at is not None) == (MatchState.AGREED, True)
    assert [kind for kind, _listing, _other in facts(act)][-2:] == ["contacted", "agreed"]
    assert verbs(match)[-1] == "agree_match"
    assert not open_items(act)
    assert OutboxEvent.objects.of(act).filter(kind="services.match_agreed").count() == 1


def test_a_match_that_ended_is_not_agreed_to_by_a_contract(act: Alliance, pair: Pair) -> None:
    match = end_match(act, introduced(pair).code, outcome="No budget", actor=pair.buyer, at=now())
    assert not agree_by_contract(act, match.code, at=now())
    assert match.state == MatchState.ENDED


def test_who_agrees_has_talked(act: Alliance, pair: Pair) -> None:
    """The first contact is noted with the agreement."""
    match = agree_match(act, introduced(pair).code, actor=pair.buyer, at=now())
    assert match.contacted_at == match.ended_at
    assert [kind for kind, _listing, _other in facts(act)][-2:] == ["contacted", "agreed"]


def test_an_end_without_agreement_says_why(act: Alliance, pair: Pair) -> None:
    """The other side is told."""
    match = introduced(pair)
    with pytest.raises(InvalidInputError):
        end_match(act, match.code, outcome=" ", actor=pair.buyer, at=now())
    match = end_match(act, match.code, outcome="The survey costs too much.", actor=pair.buyer, at=now())
    assert match.state == MatchState.ENDED
    assert events(act)[-1] == "ended"
    assert Notification.objects.of(act).get(kind="services.match_ended").user == pair.seller


def test_outsiders_note_nothing(act: Alliance, pair: Pair) -> None:
    """Another member, the committee, a tied officer."""
    match = introduced(pair)
    for actor in (person_of(another_house(act)), pair.member, make_user()):
        with pytest.raises(PermissionRefusedError):
            note_contact(act, match.code, actor=actor, at=now())
    assert note_contact(act, match.code, actor=pair.secretary, at=now()).state == MatchState.IN_TALKS


@pytest.mark.parametrize("state", MatchState.values)
def test_a_step_that_the_state_does_not_allow_is_refused(act: Alliance, pair: Pair, state: str) -> None:
    """As the table of transitions says, for each state."""
    steps = {step.name: step for step in MATCH_TRANSITIONS}
    acts: dict[str, Callable[[str], Match]] = {
        "note_contact": lambda code: note_contact(act, code, actor=pair.buyer, at=now()),
        "agree_match": lambda code: agree_match(act, code, actor=pair.buyer, at=now()),
        "end_match": lambda code: end_match(act, code, outcome="x", actor=pair.buyer, at=now()),
        "decline_match": lambda code: decline_match(act, code, "demand", reason="price", actor=pair.buyer, at=now()),
    }
    for name, attempt in acts.items():
        Match.objects.of(act).delete()
        match = Match.objects.create(
            alliance=act, code="M-0001", demand=pair.demand, supply=pair.supply, origin="desk", state=state, made_at=now()
        )
        if state in steps[name].sources:
            assert attempt(match.code).state == steps[name].target
            MatchAnswer.objects.of(act).filter(match=match).delete()
        else:
            with pytest.raises(TransitionRefusedError):
                attempt(match.code)


# ------------------------------------------------------------------------------------------------------------ rule and criteria


WEIGHTS = {"topic": 50, "record": 20, "time_place": 20, "price": 10}


def test_a_rule_takes_two_people_and_becomes_the_next_version(act: Alliance, pair: Pair) -> None:
    """The list is ordered by it from then on."""
    proposal = propose_match_rule(act, weights=WEIGHTS, balance="0.25", note="Topic first", actor=pair.secretary, at=now())
    assert rule_in_force(act).version == 0
    rule = approve_match_rule(act, proposal.pk, actor=pair.member, at=now())
    assert (rule.version, rule.weights, rule.is_current) == (1, WEIGHTS, True)
    assert suggest(act, pair.demand, at=now()).rule.version == 1
    second = propose_match_rule(act, weights=fit.STANDARD, balance=0, actor=pair.secretary, at=now())
    assert approve_match_rule(act, second.pk, actor=pair.member, at=now()).version == 2
    assert MatchRule.objects.of(act).get(is_current=True).version == 2
    assert events(act) == ["rule_changed", "rule_changed"]
    rows = AuditEntry.objects.of(act).filter(object_type="services.matchruleproposal").order_by("id")
    assert list(rows.values_list("verb", flat=True)) == ["propose_match_rule", "approve_match_rule"] * 2


def test_the_proposer_does_not_approve(act: Alliance, pair: Pair) -> None:
    """Nor does the office."""
    proposal = propose_match_rule(act, weights=WEIGHTS, balance=0, actor=pair.member, at=now())
    with pytest.raises(SeparationOfDutiesError):
        approve_match_rule(act, proposal.pk, actor=pair.member, at=now())
    with pytest.raises(PermissionRefusedError):
        approve_match_rule(act, proposal.pk, actor=pair.secretary, at=now())
    with pytest.raises(DomainError) as refused:
        propose_match_rule(act, weights={**WEIGHTS, "topic": 40, "price": 20}, balance=0, actor=pair.secretary, at=now())
    assert refused.value.code == "rule_waits"


def test_a_refused_rule_changes_nothing(act: Alliance, pair: Pair) -> None:
    """The proposer reads why."""
    proposal = propose_match_rule(act, weights=WEIGHTS, balance=0, actor=pair.secretary, at=now())
    with pytest.raises(InvalidInputError):
        refuse_match_rule(act, proposal.pk, reason="", actor=pair.member, at=now())
    refuse_match_rule(act, proposal.pk, reason="Not now", actor=pair.member, at=now())
    assert rule_in_force(act).version == 0
    assert Notification.objects.of(act).get(kind="services.match_rule_refused").params["reason"] == "Not now"
    with pytest.raises(TransitionRefusedError):
        approve_match_rule(act, proposal.pk, actor=pair.member, at=now())


@pytest.mark.parametrize(
    ("weights", "balance", "field"),
    [
        ({**WEIGHTS, "topic": 60}, 0, "weight_topic"),
        ({**WEIGHTS, "price": -1}, 0, "weight_price"),
        ({"topic": 100}, 0, "weight_record"),
        (WEIGHTS, "1.5", "balance"),
        (WEIGHTS, "much", "balance"),
    ],
)
def test_a_rule_that_cannot_stand_is_refused_field_by_field(
    act: Alliance, pair: Pair, weights: dict[str, int], balance: Any, field: str
) -> None:
    """And nothing is kept."""
    with pytest.raises(InvalidInputError) as refused:
        propose_match_rule(act, weights=weights, balance=balance, actor=pair.secretary, at=now())
    assert field in refused.value.fields
    assert not MatchRuleProposal.objects.of(act).exists()


def test_members_propose_no_rule(act: Alliance, pair: Pair) -> None:
    """The alliance's rule is the alliance's."""
    with pytest.raises(PermissionRefusedError):
        propose_match_rule(act, weights=WEIGHTS, balance=0, actor=pair.buyer, at=now())


def test_a_changed_criterion_changes_the_list_at_once(act: Alliance, pair: Pair) -> None:
    """Place, kind, budget and time; the counts follow."""
    far = make_supply(act, region_code="320500", money_min=500_000, duration_weeks=40)
    index(act, far)
    pair.demand.ends_on = timezone.localdate() + timedelta(weeks=12)
    pair.demand.save()

    def codes(**criteria: Any) -> list[str]:
        values = {"weights": None, "region_codes": (), "kinds": (), "in_budget_only": False, "in_time_only": False}
        set_criteria(act, pair.demand.code, actor=pair.buyer, at=now(), **{**values, **criteria})
        found = suggest(act, pair.demand, at=now())
        assert found.passing == len(found.all)
        assert found.readable == 2
        return sorted(one.listing.code for one in found.all)

    both = sorted([pair.supply.code, far.code])
    assert codes() == both
    assert codes(region_codes=["440000"]) == [pair.supply.code]
    assert codes(in_budget_only=True) == [pair.supply.code]
    assert codes(in_time_only=True) == [pair.supply.code]
    assert codes(kinds=["media_think_tank"]) == []
    assert codes(kinds=["leading_enterprise"]) == both


def test_own_weights_are_used_and_said(act: Alliance, pair: Pair) -> None:
    """And stand in the record."""
    row = set_criteria(act, pair.demand.code, weights=WEIGHTS, actor=pair.buyer, at=now())
    found = suggest(act, pair.demand, at=now())
    assert (found.rule.is_own, found.rule.weights) == (True, WEIGHTS)
    assert {part.name: part.weight for part in found.all[0].fit.parts} == WEIGHTS
    assert set_criteria(act, pair.demand.code, weights=WEIGHTS, actor=pair.buyer, at=now()) == row
    rows = AuditEntry.objects.of(act).filter(object_type="services.matchcriteria")
    assert [entry.verb for entry in rows] == ["set_match_criteria"]


def test_criteria_that_cannot_stand_are_refused(act: Alliance, pair: Pair) -> None:
    """Each at its field; others do not set them."""
    with pytest.raises(InvalidInputError) as refused:
        set_criteria(
            act,
            pair.demand.code,
            weights={**WEIGHTS, "topic": 1},
            region_codes=["440600"],
            kinds=["bakery"],
            actor=pair.buyer,
            at=now(),
        )
    assert set(refused.value.fields) == {"weight_topic", "regions", "kinds"}
    with pytest.raises(PermissionRefusedError):
        set_criteria(act, pair.demand.code, weights=None, actor=pair.secretary, at=now())
    with pytest.raises(NotFoundError):
        set_criteria(act, pair.demand.code, weights=None, actor=pair.seller, at=now())
    assert not MatchCriteria.objects.of(act).exists()


# ------------------------------------------------------------------------------------------------------------------- what leaks


def test_a_confidential_match_is_not_there_for_others(act: Alliance, pair: Pair) -> None:
    """A committee member sees matches of the desk, but not those of listings addressed to named institutions."""
    ListingParty.objects.create(alliance=act, listing=pair.supply, institution=pair.demand.institution)
    pair.supply.audience = "named"
    pair.supply.save()
    index(act, pair.supply)
    ListingParty.objects.create(alliance=act, listing=pair.demand, institution=pair.supply.institution)
    match = accept(pair)
    for reader in (pair.buyer, pair.seller, pair.secretary):
        assert get_match(act, match.code, reader, at=now()) == match
    for stranger in (pair.member, person_of(another_house(act)), make_user()):
        with pytest.raises(NotFoundError):
            get_match(act, match.code, stranger, at=now())


def test_a_confidential_listing_is_not_shown_to_whom_it_does_not_name_by_a_match(act: Alliance, pair: Pair) -> None:
    """Not even by its own owner's acceptance, or by the desk."""
    pair.supply.audience = "named"
    pair.supply.save()
    index(act, pair.supply)
    with pytest.raises(DomainError) as refused:
        accept_suggestion(act, pair.supply.code, pair.demand.code, actor=pair.seller, at=now())
    assert refused.value.code == "not_addressed"
    with pytest.raises(NotFoundError):
        accept(pair)
    with pytest.raises(NotFoundError):
        propose_match(act, pair.demand.code, pair.supply.code, actor=pair.secretary, at=now())
    assert not MatchEvent.objects.of(act).filter(kind=MatchEventKind.ACCEPTED).exists()


def test_what_is_shown_counts_once_a_day_for_each_reader(act: Alliance, pair: Pair) -> None:
    """The desk and the institution are two readers."""
    found = suggest(act, pair.demand, at=now())
    for reader in (None, None, pair.demand.institution_id, pair.demand.institution_id):
        note_shown(act, pair.demand, found.all, reader=reader, at=now())
    assert len(facts(act)) == 2
    note_shown(act, pair.demand, found.all, reader=None, at=now() + timedelta(days=1))
    assert len(facts(act)) == 3
