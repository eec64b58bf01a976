"""Amendments: begun by a party, negotiated and signed like a contract, in effect from the seal, without touching what is done."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import faults, tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.kernel.permissions import can, forget_grants
from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent
from groups.actions.conflict import declare_conflict
from members.models import InstitutionStaff
from services import seals
from services.actions import contract_sealing
from services.actions.amendment import start_amendment
from services.actions.contract import cancel_contract, choose_witness, name_signatory
from services.actions.contract_clause import decide_clause, propose_clause
from services.actions.contract_notice import answer_notice, give_notice
from services.actions.contract_sealing import seal_contract
from services.actions.contract_signing import decline_contract, lapse_contract, remind_party
from services.choices import ContractState, NoticeKind, NoticeReason, PaymentState, SubmissionState
from services.contract_pdf import compose
from services.contract_text import Milestone, sections_of
from services.models import Contract, ContractSeal, MilestonePayment, MilestoneSubmission
from services.permissions import VIEW_CONTRACT
from services.selectors.amendment import altered_milestones, milestones_being_altered, settled_milestones
from services.selectors.contract import (
    contract_parties,
    count_waiting_for,
    find_by_verify_code,
    get_contract,
    list_contracts,
    open_contracts,
    readable,
    unfinished_contracts,
)
from services.signals import (
    CONTRACT_AMENDED,
    CONTRACT_AMENDMENT_DROPPED,
    CONTRACT_AMENDMENT_STARTED,
    CONTRACT_ENDED_UNSIGNED,
    CONTRACT_IN_FORCE,
)
from tests.factories.alliance import NOON, make_alliance, make_member, make_user
from tests.factories.contracts import D, S, W, World, amend, bring_in_force, make_draft, make_world
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance, User

HOUR = timedelta(hours=1)
LATER = make_draft().milestones
LONGER = (LATER[0], replace(LATER[1], amount=Decimal("75000.00")))
"""The second milestone costs more."""


@pytest.fixture(autouse=True)
def _quick_seals(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    monkeypatch.setattr(contract_sealing, "compose", lambda _content, evidence: evidence.code.encode())
    monkeypatch.setattr(seals, "apply", lambda document, *_args, **_more: b"%PDF-" + document)


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    made = make_world(act, secretary=secretary, from_match=True)
    bring_in_force(made)
    return made


def agreed(world: World, **fields: Any) -> World:
    """An amendment whose text all three agreed to; it is being signed."""
    amendment = amend(world)
    amendment.propose(**({"milestones": LONGER} | fields))
    amendment.agree(D, S, W)
    return amendment


def sealed(world: World, **fields: Any) -> World:
    amendment = agreed(world, **fields)
    for role in (D, S, W):
        amendment.sign(amendment.people[role])
    assert seal_contract(world.alliance, amendment.contract.pk, at=NOON + HOUR)
    return amendment


def submit(world: World, milestone: int, state: str = SubmissionState.ACCEPTED) -> MilestoneSubmission:
    done = state in {SubmissionState.ACCEPTED, SubmissionState.RETURNED}
    return MilestoneSubmission.objects.create(
        alliance=world.alliance,
        contract=world.contract,
        terms=world.fresh().in_effect,
        milestone=milestone,
        number=1,
        words="Report",
        state=state,
        handed_by=world.people[S],
        handed_at=NOON,
        accept_by=NOON.date(),
        decided_by=world.people[D] if done else None,
        decided_at=NOON if done else None,
        decision_words="x" if state == SubmissionState.RETURNED else "",
        rework_by=NOON.date() if state == SubmissionState.RETURNED else None,
    )


def pay(world: World, submission: MilestoneSubmission, **fields: Any) -> MilestonePayment:
    values: dict[str, Any] = {
        "milestone": submission.milestone,
        "number": 1,
        "amount": Decimal("40000.00"),
        "paid_on": NOON.date(),
        "reference": "T-1",
        "role": D,
        "recorded_by": world.people[D],
        "recorded_at": NOON,
        **fields,
    }
    return MilestonePayment.objects.create(alliance=world.alliance, contract=world.contract, submission=submission, **values)


def events(alliance: Alliance, kind: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.of(alliance).filter(kind=kind).order_by("id").values_list("payload", flat=True))


def verbs(world: World, contract: Contract) -> list[str]:
    rows = AuditEntry.objects.of(world.alliance).filter(object_type="services.contract", object_id=str(contract.pk))
    return list(rows.order_by("id").values_list("verb", flat=True))


# ------------------------------------------------------------------------------------------------------------------- start


@pytest.mark.parametrize("role", [D, S, W])
def test_each_party_begins_an_amendment_whose_first_version_is_the_text_in_effect(world: World, role: str) -> None:
    amendment = amend(world, role=role).fresh()
    main = world.fresh()

    assert (amendment.code, amendment.state, amendment.amends_id) == ("C-0001-A1", ContractState.NEGOTIATING, main.pk)
    assert (main.state, main.in_effect_id) == (ContractState.AMENDING, main.frozen_id)
    assert (amendment.match_id, amendment.demand_id, amendment.amendment_number) == (None, main.demand_id, 1)
    first = amendment.versions.get()
    assert main.in_effect is not None
    old = {one.key: (one.en, one.zh) for one in sections_of(main.in_effect.content)}
    new = {one.key: (one.en, one.zh) for one in sections_of(first.content)}
    assert {key: new[key] for key in old} == old
    assert set(new) - set(old) == {"amends"}
    assert main.in_effect.sha256 in new["amends"][0]
    assert {(one.role, one.place, one.needed, one.institution_id) for one in amendment.parties.all()} == {
        (one.role, one.place, one.needed, one.institution_id) for one in main.parties.all()
    }
    assert set(amendment.signatories.values_list("user", flat=True)) == set(main.signatories.values_list("user", flat=True))
    assert events(world.alliance, CONTRACT_AMENDMENT_STARTED) == [{"contract": "C-0001", "amendment": "C-0001-A1"}]
    assert verbs(world, main)[-1] == "amend_contract"
    assert verbs(world, amendment) == ["amend_contract"]
    assert Notification.objects.of(world.alliance).filter(kind="services.contract_amendment_started").exists()


def test_people_who_may_sign_no_more_are_not_named_again(world: World) -> None:
    InstitutionStaff.objects.of(world.alliance).filter(user=world.second[D]).update(ends_at=NOON)
    amendment = amend(world)
    named = set(amendment.contract.signatories.values_list("user", flat=True))
    assert world.second[D].pk not in named
    assert world.people[D].pk in named


def test_an_amendment_needs_words_and_somebody_of_a_party(world: World) -> None:
    def start(code: str = "C-0001", role: str = S, words: str = "Longer.", actor: User | None = None) -> Contract:
        return start_amendment(world.alliance, code, role=role, words=words, actor=actor or world.people[S], at=NOON)

    for words in ("  ", "x" * 301):
        with pytest.raises(InvalidInputError):
            start(words=words)
    stranger = make_user()
    make_staff(make_institution(world.alliance), stranger)
    for actor, role in ((stranger, S), (world.people[D], S), (world.people[S], W)):
        with pytest.raises(PermissionRefusedError):
            start(actor=actor, role=role)
    with pytest.raises(NotFoundError):
        start(code="C-0001-A7")
    with pytest.raises(NotFoundError):
        start(role="nobody")
    assert world.fresh().state == ContractState.IN_FORCE


def test_a_second_amendment_waits_for_the_first_and_an_amendment_is_not_amended(world: World) -> None:
    amend(world)
    with pytest.raises(TransitionRefusedError):
        amend(world, role=D)
    with pytest.raises(NotFoundError):
        start_amendment(world.alliance, "C-0001-A1", role=S, words="x", actor=world.people[S], at=NOON)


def test_a_contract_that_is_not_in_force_is_not_amended(act: Alliance, secretary: User) -> None:
    with pytest.raises(TransitionRefusedError):
        amend(make_world(act, secretary=secretary))


def test_an_institution_that_stands_aside_begins_no_amendment_and_reads_none(world: World) -> None:
    amendment = amend(world)
    cancel_contract(world.alliance, amendment.code, reason="terms", words="", actor=world.secretary, at=NOON)
    declare_conflict(
        world.alliance, world.demand.code, world.contract.matter, reason="Bought.", actor=world.people[D], at=NOON
    )
    forget_grants(world.people[D])
    assert amendment.fresh().matter == world.contract.matter == "contract:C-0001"
    with pytest.raises(ConflictOfInterestError):
        amend(world, role=D)
    with pytest.raises(NotFoundError):
        get_contract(world.alliance, amendment.code, reader=world.people[D])
    assert not readable(world.alliance, world.people[D]).exists()


def test_another_alliance_finds_no_contract_to_amend(world: World, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance), pytest.raises(NotFoundError):
        start_amendment(other_alliance, "C-0001", role=S, words="x", actor=world.people[S], at=NOON)


# ------------------------------------------------------------------------------------------------------------------- terms


def test_a_sealed_amendment_binds_and_the_contract_is_in_force_again(world: World) -> None:
    old = world.fresh().in_effect
    amendment = sealed(world)
    main, made = world.fresh(), amendment.fresh()

    assert (main.state, made.state) == (ContractState.IN_FORCE, ContractState.IN_FORCE)
    assert main.in_effect_id == made.frozen_id != old.pk
    assert main.frozen_id == old.pk, "what was signed at first stays what it is"
    assert main.in_effect.content["milestones"][1]["amount"] == "75000.00"
    assert events(world.alliance, CONTRACT_AMENDED)[0]["contract"] == "C-0001"
    assert len(events(world.alliance, CONTRACT_IN_FORCE)) == 1, "the contract's own; an amendment is no new contract"
    assert verbs(world, main)[-1] == "put_amendment_in_effect"
    assert ContractSeal.objects.of(world.alliance).count() == 2
    assert not InboxItem.objects.of(world.alliance).filter(done_at__isnull=True, key__startswith="contract").exists()

    second = amend(world).fresh()
    assert second.code == "C-0001-A2"
    assert second.versions.get().content["milestones"][1]["amount"] == "75000.00"


def test_the_text_in_effect_as_it_stands_is_no_amendment(world: World) -> None:
    amendment = amend(world)
    with pytest.raises(DomainError) as refused:
        amendment.agree(D)
    assert refused.value.code == "amendment_changes_nothing"
    with pytest.raises(InvalidInputError, match="nothing was changed"):
        amendment.propose()
    amendment.propose(milestones=LONGER)
    with pytest.raises(DomainError) as again:
        amendment.propose()
    assert again.value.code == "amendment_changes_nothing"


def test_clauses_that_were_not_touched_stay_as_they_were_signed(world: World, office_admin: User) -> None:
    body = {"title_en": "Notices", "title_zh": "通知", "body_en": "By post.", "body_zh": "邮寄。"}
    propose_clause(world.alliance, "notices", base=0, note="n", actor=world.secretary, at=NOON, **body)
    decide_clause(world.alliance, "notices", 1, accept=True, actor=office_admin, at=NOON)
    amendment = amend(world)
    changed = amendment.propose(milestones=LONGER)
    notices = [one for article in changed.content["articles"] for one in article["clauses"] if one["key"] == "notices"]
    assert [one["version"] for one in notices] == [0]
    assert "By post." not in str(changed.content)


@pytest.mark.parametrize(
    "change", ["amount", "title_en", "title_zh", "deliverable_en", "deliverable_zh", "test_en", "test_zh"]
)
def test_an_accepted_milestone_stays_as_it_is(world: World, change: str) -> None:
    submit(world, 1)
    amendment = amend(world)
    fields = {name: getattr(LATER[0], name) for name in LATER[0].__dataclass_fields__}
    fields[change] = Decimal("1.00") if change == "amount" else "Other"
    with pytest.raises(InvalidInputError) as refused:
        amendment.propose(milestones=(Milestone(**fields), LATER[1]))
    assert refused.value.code == "milestone_settled"
    assert "milestone 1" in str(refused.value.reason)
    amendment.propose(milestones=LONGER)


def test_an_accepted_milestone_is_neither_left_out_nor_renumbered(world: World) -> None:
    submit(world, 1)
    amendment = amend(world)
    early = Milestone("Kick-off", "启动", "Minutes", "纪要", "Signed", "签字", make_draft().starts_on, Decimal("1.00"))
    for milestones in ((LATER[1],), (early, *LATER)):
        with pytest.raises(InvalidInputError) as refused:
            amendment.propose(milestones=milestones)
        assert refused.value.details == {"milestones": [1]}


def test_a_milestone_with_work_keeps_its_number_but_what_is_asked_of_it_may_change(world: World) -> None:
    submit(world, 2, SubmissionState.RETURNED)
    amendment = amend(world)
    early = Milestone("Kick-off", "启动", "Minutes", "纪要", "Signed", "签字", make_draft().starts_on, Decimal("1.00"))
    with pytest.raises(InvalidInputError) as refused:
        amendment.propose(milestones=(early, *LATER))
    assert (refused.value.code, refused.value.details) == ("milestone_begun", {"milestones": [2]})
    amendment.propose(milestones=(LATER[0], replace(LATER[1], test_en="Two days", amount=Decimal("50000.00"))))


def test_a_milestone_with_a_payment_on_record_stays_and_one_taken_out_counts_no_more(world: World) -> None:
    accepted = submit(world, 1)
    payment = pay(world, accepted)
    MilestoneSubmission.objects.of(world.alliance).filter(pk=accepted.pk).update(
        state=SubmissionState.RETURNED, decision_words="x", rework_by=NOON.date()
    )
    assert settled_milestones(world.fresh()) == {1}
    MilestonePayment.objects.of(world.alliance).filter(pk=payment.pk).update(
        state=PaymentState.REVERSED, answered_at=NOON, answer_words="typing error"
    )
    assert settled_milestones(world.fresh()) == frozenset()


def test_a_milestone_accepted_while_the_parties_talk_stops_the_last_agreement(world: World) -> None:
    amendment = amend(world)
    amendment.propose(milestones=LONGER)
    amendment.agree(D, S)
    submit(world, 2)
    with pytest.raises(InvalidInputError) as refused:
        amendment.agree(W)
    assert refused.value.code == "milestone_settled"
    assert amendment.fresh().state == ContractState.NEGOTIATING


def test_from_the_freezing_on_the_altered_milestones_are_named(world: World, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        main = world.contract
        main.state = ContractState.IN_FORCE
        assert milestones_being_altered(main) == frozenset()
    amendment = amend(world)
    amendment.propose(milestones=LONGER)
    assert milestones_being_altered(world.fresh()) == frozenset()
    amendment.agree(D, S, W)
    assert milestones_being_altered(
        Contract.objects.of(world.alliance).select_related("in_effect").get(pk=world.contract.pk)
    ) == {2}
    for role in (D, S, W):
        amendment.sign(amendment.people[role])
    assert milestones_being_altered(world.fresh()) == {2}
    seal_contract(world.alliance, amendment.contract.pk, at=NOON)
    assert milestones_being_altered(world.fresh()) == frozenset()


def test_a_new_milestone_and_another_day_alter_nothing_that_was(world: World) -> None:
    old = world.fresh().in_effect.content
    moved = {**old, "milestones": [{**one, "due_on": "2027-05-01"} for one in old["milestones"]]}
    more = {**old, "milestones": [*old["milestones"], {**old["milestones"][1], "number": 3}]}
    assert altered_milestones(old, moved) == altered_milestones(old, more) == frozenset()
    assert altered_milestones(more, old) == {3}


# ------------------------------------------------------------------------------------------------------------ not concluded


def test_a_declined_cancelled_or_lapsed_amendment_leaves_the_contract_as_it_was(world: World) -> None:
    before = world.fresh().in_effect_id
    for number, end in enumerate(("decline", "cancel", "lapse"), start=1):
        amendment = agreed(world)
        assert amendment.code == f"C-0001-A{number}"
        if end == "decline":
            decline_contract(
                world.alliance, amendment.code, role=D, reason="budget", words="", actor=world.people[D], at=NOON
            )
        elif end == "cancel":
            cancel_contract(world.alliance, amendment.code, reason="timing", words="", actor=world.secretary, at=NOON)
        else:
            assert lapse_contract(world.alliance, amendment.contract.pk, at=NOON + timedelta(days=40))
        main = world.fresh()
        assert (main.state, main.in_effect_id) == (ContractState.IN_FORCE, before)
        assert verbs(world, main)[-1] == "drop_amendment"
    assert [one["state"] for one in events(world.alliance, CONTRACT_AMENDMENT_DROPPED)] == [
        "declined",
        "cancelled",
        "lapsed",
    ]
    assert events(world.alliance, CONTRACT_ENDED_UNSIGNED) == []
    kinds = set(Notification.objects.of(world.alliance).values_list("kind", flat=True))
    assert "services.contract_amendment_ended" in kinds
    assert "services.contract_ended" not in kinds


def test_signatories_are_asked_and_reminded_for_the_amendment_by_its_name(world: World) -> None:
    amendment = agreed(world)
    asked = InboxItem.objects.of(world.alliance).filter(done_at__isnull=True, key__startswith="contract-sign:C-0001-A1:")
    assert set(asked.values_list("kind", flat=True)) == {"services.contract_amendment_to_sign"}
    remind_party(world.alliance, amendment.code, actor=world.secretary, at=NOON + timedelta(days=2))
    assert Notification.objects.of(world.alliance).filter(kind="services.contract_amendment_reminder").exists()


def test_the_witness_of_an_amendment_is_that_of_its_contract(world: World) -> None:
    amendment = amend(world)
    with pytest.raises(DomainError) as refused:
        choose_witness(world.alliance, amendment.code, witness="", actor=world.secretary, at=NOON)
    assert refused.value.code == "witness_fixed"


# ----------------------------------------------------------------------------------------------------------------- reading


def test_amendments_are_in_no_list_or_count_but_open_to_the_readers_of_their_contract(world: World, act: Alliance) -> None:
    amendment = agreed(world)
    assert [one.code for one in list_contracts(act, world.secretary)] == ["C-0001"]
    assert [one.code for one in list_contracts(act, world.people[D])] == ["C-0001"]
    assert unfinished_contracts(act).count() == 0
    assert count_waiting_for(act, world.demand.pk) == (0, 0)
    assert set(open_contracts(act)) == {"C-0001"}
    assert contract_parties(act, "C-0001") == contract_parties(act, "C-0001-A1")
    for reader in (world.people[D], world.second[S], world.secretary):
        assert get_contract(act, amendment.code, reader=reader).amends is not None
        assert readable(act, reader).filter(code=amendment.code).exists()
    stranger = make_user()
    make_staff(make_institution(act), stranger)
    with pytest.raises(NotFoundError):
        get_contract(act, amendment.code, reader=stranger)


def test_who_signs_the_contract_or_the_amendment_alone_reads_both(world: World, act: Alliance) -> None:
    member = world.second[W]
    other = make_member(act, AllianceRole.COMMITTEE)
    amendment = amend(world)
    assert not can(member, VIEW_CONTRACT, world.fresh())
    name_signatory(act, amendment.code, role=W, user=member, actor=world.secretary, at=NOON)
    for code in ("C-0001", amendment.code):
        assert get_contract(act, code, reader=member).code == code
    assert set(readable(act, member).values_list("code", flat=True)) == {"C-0001", "C-0001-A1"}
    assert not readable(act, other).exists()


def test_the_verification_names_sealed_amendments_and_the_contract_of_one(world: World) -> None:
    amendment = agreed(world)
    found = find_by_verify_code(world.alliance, world.fresh().verify_code)
    assert found is not None
    assert found.sealed_amendments == []  # type: ignore[attr-defined]
    assert find_by_verify_code(world.alliance, amendment.fresh().verify_code) is None
    for role in (D, S, W):
        amendment.sign(amendment.people[role])
    seal_contract(world.alliance, amendment.contract.pk, at=NOON)
    found = find_by_verify_code(world.alliance, world.fresh().verify_code)
    assert [one.code for one in found.sealed_amendments] == ["C-0001-A1"]  # type: ignore[union-attr]
    theirs = find_by_verify_code(world.alliance, amendment.fresh().verify_code)
    assert theirs is not None
    assert theirs.amends is not None
    assert theirs.amends.code == "C-0001"


def test_the_document_of_an_amendment_says_what_it_changes(world: World) -> None:
    amendment = agreed(world)
    for role in (D, S, W):
        amendment.sign(amendment.people[role])
    prepared = contract_sealing.prepare(world.alliance, amendment.contract.pk, at=NOON)
    assert prepared is not None
    assert prepared.evidence.amends == "C-0001"
    assert prepared.content["amends"]["replaces_sha256"] == world.fresh().in_effect.sha256
    assert compose(prepared.content, prepared.evidence).startswith(b"%PDF")


# --------------------------------------------------------------------------------------------------------- faults and races


@pytest.mark.parametrize("point", ["contract.composed", "contract.sealed", "contract.stored", "contract.kept"])
def test_a_worker_that_dies_leaves_the_contract_being_amended_and_the_next_run_finishes(
    world: World, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    amendment = agreed(world)
    for role in (D, S, W):
        amendment.sign(amendment.people[role])
    before = world.fresh().in_effect_id
    with monkeypatch.context() as patch:
        patch.setattr(faults, "point", die)
        with pytest.raises(Killed):
            seal_contract(world.alliance, amendment.contract.pk, at=NOON + HOUR)
    assert (amendment.fresh().state, world.fresh().state) == (ContractState.SEALING, ContractState.AMENDING)
    assert world.fresh().in_effect_id == before
    assert seal_contract(world.alliance, amendment.contract.pk, at=NOON + 2 * HOUR)
    assert world.fresh().in_effect_id == amendment.fresh().frozen_id
    assert verbs(world, world.contract).count("put_amendment_in_effect") == 1


def together(*acts: Any) -> list[str]:
    """Acts that begin at the same moment, each in a thread; what came of them in their order."""
    start = threading.Barrier(len(acts))
    answers = [""] * len(acts)

    def run(place: int) -> None:
        try:
            start.wait()
            answers[place] = str(acts[place]())
        except DomainError as refusal:
            answers[place] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_begin_an_amendment_at_once_one_does() -> None:
    alliance, now = make_alliance("racing-amendments"), timezone.now()
    with tenancy.acting_in(alliance):
        world = make_world(alliance)
        bring_in_force(world, at=now)

    def start(role: str) -> str:
        with tenancy.acting_in(alliance):
            return start_amendment(alliance, world.code, role=role, words="x", actor=world.people[role], at=now).state

    answers = together(lambda: start(D), lambda: start(S), lambda: start(W))
    assert sorted(answers) == ["negotiating", "transition_refused", "transition_refused"]
    with tenancy.acting_in(alliance):
        assert Contract.objects.of(alliance).filter(amends=world.contract).count() == 1
        assert world.fresh().state == ContractState.AMENDING


@pytest.mark.django_db(transaction=True)
def test_the_seal_of_an_amendment_that_races_with_an_early_end_is_never_lost() -> None:
    alliance, now = make_alliance("racing-end"), timezone.now()
    with tenancy.acting_in(alliance):
        world = make_world(alliance)
        bring_in_force(world, at=now)
        amendment = amend(world, at=now)
        amendment.propose(milestones=LONGER, at=now)
        amendment.agree(D, S, W, at=now)
        notice = give_notice(
            alliance,
            world.code,
            role=D,
            kind=NoticeKind.TERMINATE,
            reason=NoticeReason.AIM_GONE,
            words="The plant closes.",
            actor=world.people[D],
            at=now,
        )
        amendment.sign(world.people[D], at=now)
        amendment.sign(world.people[S], at=now)

    def finish() -> str:
        with tenancy.acting_in(alliance):
            amendment.sign(world.people[W], at=now)
        seal_contract(alliance, amendment.contract.pk, at=now)
        return "sealed"

    def end() -> str:
        with tenancy.acting_in(alliance):
            answer_notice(
                alliance, world.code, number=notice.number, role=S, agrees=True, words="", actor=world.people[S], at=now
            )
        return "ended"

    signed, ended = together(finish, end)
    with tenancy.acting_in(alliance):
        main, made = world.fresh(), amendment.fresh()
    if signed == "sealed":
        assert made.state == ContractState.IN_FORCE
        assert main.in_effect_id == made.frozen_id
        assert main.state == (ContractState.TERMINATED if ended == "ended" else ContractState.IN_FORCE)
        assert ended in {"ended", "amendment_sealing"}
    else:
        assert (ended, made.state, main.state) == ("ended", ContractState.CANCELLED, ContractState.TERMINATED)
        assert main.in_effect_id == main.frozen_id
