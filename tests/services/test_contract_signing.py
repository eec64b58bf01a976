"""Signing in order, declining, lapsing, reminding, and the seal: exactly once, whatever dies in between."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, transaction
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from alliance.actions.files import open_content
from alliance.choices import AllianceRole
from alliance.kernel import faults
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.kernel.permissions import forget_grants
from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent, StoredFile
from alliance.selectors.inbox import list_items
from groups.actions.conflict import declare_conflict
from members.models import Expert, InstitutionStaff
from services import seals
from services.actions import contract_sealing
from services.actions.contract import arrange_contract, withdraw_signatory
from services.actions.contract_sealing import seal_contract
from services.actions.contract_signing import (
    SigningLapsedError,
    decline_contract,
    lapse_contract,
    remind_party,
)
from services.choices import ContractState
from services.contract_pdf import compose, numeral
from services.contract_text import digest
from services.models import ContractSeal, ContractSignature
from services.selectors.contract import list_to_lapse, list_to_seal, list_unsigned_to_remind
from services.signals import CONTRACT_IN_FORCE, CONTRACT_SIGNED_BY_ALL
from tests.factories.alliance import NOON, make_member, make_user
from tests.factories.contracts import D, S, W, World, make_world
from tests.factories.groups import make_conflict
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance, User

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path, settings: Any) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    made = make_world(act, secretary=secretary)
    made.open()
    return made


@pytest.fixture
def signed(world: World) -> World:
    for hours, role in enumerate((D, S, W)):
        world.sign(world.people[role], at=NOON + hours * HOUR)
    return world


def refusal(world: World, user: User, **fields: Any) -> str:
    with pytest.raises(DomainError) as refused:
        world.sign(user, **fields)
    return refused.value.code


# ----------------------------------------------------------------------------------------------------------------- signing


def test_the_parties_sign_in_their_order_and_the_last_signature_asks_for_the_seal(world: World) -> None:
    assert refusal(world, world.people[S]) == "not_your_turn"
    assert refusal(world, world.people[W]) == "not_your_turn"
    world.sign(world.people[D])
    assert InboxItem.objects.of(world.alliance).filter(key__endswith=f":{world.people[S].pk}", done_at__isnull=True).exists()
    assert not InboxItem.objects.of(world.alliance).filter(user=world.second[D], done_at__isnull=True).exists()
    assert refusal(world, world.people[W]) == "not_your_turn"
    world.sign(world.people[S])
    world.sign(world.people[W], at=NOON + HOUR)

    contract = world.fresh()
    assert (contract.state, contract.signed_at) == (ContractState.SEALING, NOON + HOUR)
    assert OutboxEvent.objects.of(world.alliance).filter(kind=CONTRACT_SIGNED_BY_ALL).count() == 1
    records = AuditEntry.objects.of(world.alliance).filter(verb="sign_contract").order_by("id")
    assert [json.loads(entry.record)["after"]["role"] for entry in records] == [D, S, W]


def test_k_of_n_people_sign_for_a_party(act: Alliance, secretary: User) -> None:
    world = make_world(act, secretary=secretary)
    arrange_contract(act, world.code, places={D: 1, S: 2, W: 3}, needed={D: 2, S: 1, W: 1}, actor=secretary, at=NOON)
    world.open()
    world.sign(world.people[D])
    assert refusal(world, world.people[D]) == "signed_already"
    assert refusal(world, world.people[S]) == "not_your_turn"
    world.sign(world.second[D])
    world.sign(world.people[S])
    assert refusal(world, world.second[S]) == "party_complete"
    assert sorted(ContractSignature.objects.of(act).values_list("party__role", "slot")) == [(D, 1), (D, 2), (S, 1)]


def test_a_signature_needs_a_fresh_proof_of_who_signs_and_the_very_text(world: World) -> None:
    assert refusal(world, world.people[D], authenticated_at=NOON - timedelta(minutes=6)) == "authentication_not_fresh"
    assert refusal(world, world.people[D], authenticated_at=NOON + timedelta(minutes=6)) == "authentication_not_fresh"
    assert refusal(world, world.people[D], sha256="0" * 64) == "text_differs"


def test_only_named_people_who_still_hold_their_role_sign(world: World) -> None:
    stranger = make_user()
    make_staff(make_institution(world.alliance), stranger)
    with pytest.raises(NotFoundError):
        world.sign(stranger)
    colleague = make_user()
    make_staff(world.demand, colleague)
    with pytest.raises(PermissionRefusedError):
        world.sign(colleague)
    withdraw_signatory(world.alliance, world.code, role=D, user=world.second[D], actor=world.people[D], at=NOON)
    with pytest.raises(PermissionRefusedError):
        world.sign(world.second[D])
    InstitutionStaff.objects.of(world.alliance).filter(user=world.people[D]).update(ends_at=NOON - HOUR)
    forget_grants(world.people[D])
    with pytest.raises(PermissionRefusedError):
        world.sign(world.people[D])


def test_a_witness_who_came_to_act_for_a_side_cannot_sign(world: World) -> None:
    world.sign(world.people[D])
    world.sign(world.people[S])
    make_staff(world.supply, world.people[W])
    forget_grants(world.people[W])
    with pytest.raises(ConflictOfInterestError):
        world.sign(world.people[W])


def test_an_expert_of_a_side_cannot_sign_as_witness(world: World) -> None:
    world.sign(world.people[D])
    world.sign(world.people[S])
    Expert.objects.create(
        alliance=world.alliance, institution=world.supply, code="E-1", user=world.people[W], name_en="A", sort_key="a"
    )
    with pytest.raises(ConflictOfInterestError):
        world.sign(world.people[W])


def test_an_institution_that_declares_a_conflict_signs_no_more(world: World) -> None:
    declare_conflict(
        world.alliance, world.demand.code, f"contract:{world.code}", reason="Bought by us.", actor=world.people[D], at=NOON
    )
    with pytest.raises(ConflictOfInterestError):
        world.sign(world.people[D])


def test_nobody_signs_after_the_last_day_even_before_the_task_noted_it(world: World) -> None:
    contract = world.fresh()
    assert contract.sign_until is not None
    late = NOON + timedelta(days=22)
    world.sign(world.people[D], at=NOON + timedelta(days=21))
    with pytest.raises(SigningLapsedError):
        world.sign(world.people[S], at=late)
    with pytest.raises(SigningLapsedError):
        decline_contract(world.alliance, world.code, role=S, reason="terms", words="", actor=world.people[S], at=late)
    assert list_to_lapse(world.alliance, contract.sign_until) == []
    assert list_to_lapse(world.alliance, contract.sign_until + timedelta(days=1)) == [contract.pk]
    assert not lapse_contract(world.alliance, contract.pk, at=NOON)
    assert lapse_contract(world.alliance, contract.pk, at=late)
    assert not lapse_contract(world.alliance, contract.pk, at=late)
    assert world.fresh().state == ContractState.LAPSED
    with pytest.raises(TransitionRefusedError):
        world.sign(world.people[S], at=NOON)


def test_a_party_declines_with_a_reason_and_that_ends_it_for_all(world: World) -> None:
    with pytest.raises(InvalidInputError):
        decline_contract(world.alliance, world.code, role=S, reason="", words="", actor=world.people[S], at=NOON)
    with pytest.raises(PermissionRefusedError):
        decline_contract(world.alliance, world.code, role=D, reason="budget", words="", actor=world.people[S], at=NOON)
    decline_contract(world.alliance, world.code, role=S, reason="budget", words="No.", actor=world.people[S], at=NOON)
    contract = world.fresh()
    assert (contract.state, contract.end_reason, contract.ended_by) == (ContractState.DECLINED, "budget", world.people[S])
    assert not InboxItem.objects.of(world.alliance).filter(key__startswith="contract-sign:", done_at__isnull=True).exists()
    with pytest.raises(TransitionRefusedError):
        world.sign(world.people[D])


def test_a_party_is_reminded_three_times_at_most_and_never_after_it_signed(world: World, secretary: User) -> None:
    alliance, code = world.alliance, world.code
    assert remind_party(alliance, code, actor=None, at=NOON + HOUR) == 0
    assert remind_party(alliance, code, actor=secretary, at=NOON + HOUR) == 2
    with pytest.raises(DomainError) as refused:
        remind_party(alliance, code, actor=secretary, at=NOON + 2 * HOUR)
    assert refused.value.code == "reminded_today"
    assert list_unsigned_to_remind(alliance, NOON + timedelta(days=6)) == []
    assert list_unsigned_to_remind(alliance, NOON + timedelta(days=7)) == [code]
    assert remind_party(alliance, code, actor=None, at=NOON + timedelta(days=7)) == 2
    assert remind_party(alliance, code, actor=secretary, at=NOON + timedelta(days=9)) == 2
    with pytest.raises(DomainError) as used:
        remind_party(alliance, code, actor=secretary, at=NOON + timedelta(days=11))
    assert used.value.code == "reminders_used_up"
    assert list_unsigned_to_remind(alliance, NOON + timedelta(days=20)) == []
    assert Notification.objects.of(alliance).filter(kind="services.contract_reminder").count() == 6
    world.sign(world.people[D], at=NOON + timedelta(days=11))
    assert remind_party(alliance, code, actor=secretary, at=NOON + timedelta(days=11, hours=1)) == 2
    assert Notification.objects.of(alliance).filter(user=world.people[D], kind="services.contract_reminder").count() == 3
    with pytest.raises(PermissionRefusedError):
        remind_party(alliance, code, actor=world.people[D], at=NOON)


def test_who_may_not_sign_any_more_is_neither_asked_nor_reminded(world: World, secretary: User) -> None:
    leaving = world.second[D]
    assert [item.url_name for item in list_items(world.alliance, leaving)] == ["contract_sign"]
    InstitutionStaff.objects.of(world.alliance).filter(user=leaving).update(ends_at=NOON - HOUR)
    make_staff(make_institution(world.alliance), leaving)
    forget_grants(leaving)

    assert not list_items(world.alliance, leaving).exists()
    assert remind_party(world.alliance, world.code, actor=secretary, at=NOON + HOUR) == 1
    assert not Notification.objects.of(world.alliance).filter(user=leaving, kind="services.contract_reminder").exists()
    InstitutionStaff.objects.of(world.alliance).filter(user=world.second[S]).update(ends_at=NOON - HOUR)
    world.sign(world.people[D])
    asked = InboxItem.objects.of(world.alliance).filter(url_name="contract_sign", done_at__isnull=True)
    assert world.second[S].pk not in set(asked.values_list("user_id", flat=True))


def test_whoever_of_the_office_stands_aside_is_told_nothing_of_a_contract(world: World) -> None:
    conflicted = make_member(world.alliance, AllianceRole.SECRETARIAT)
    house = make_institution(world.alliance)
    make_staff(house, conflicted)
    make_conflict(house, f"contract:{world.code}")
    decline_contract(world.alliance, world.code, role=D, reason="terms", words="", actor=world.people[D], at=NOON)
    told = set(Notification.objects.of(world.alliance).filter(kind="services.contract_ended").values_list("user", flat=True))
    assert world.secretary.pk in told
    assert conflicted.pk not in told


def test_a_signature_cannot_be_changed_even_by_sql(world: World) -> None:
    signature = world.sign(world.people[D])
    with pytest.raises(DatabaseError, match="kept as they were written"), transaction.atomic():
        ContractSignature.objects.of(world.alliance).filter(pk=signature.pk).update(user=world.people[S])


# -------------------------------------------------------------------------------------------------------------------- seal


def test_the_sealed_document_stands_the_validator_of_pyhanko(signed: World) -> None:
    assert list_to_seal(signed.alliance) == [signed.contract.pk]
    assert seal_contract(signed.alliance, signed.contract.pk, at=NOON + 3 * HOUR)
    assert not seal_contract(signed.alliance, signed.contract.pk, at=NOON + 4 * HOUR)

    contract = signed.fresh()
    seal = ContractSeal.objects.of(signed.alliance).get()
    document = open_content(seal.file).read()
    assert contract.state == ContractState.IN_FORCE
    assert seal.sha256 == seal.file.sha256
    assert OutboxEvent.objects.of(signed.alliance).filter(kind=CONTRACT_IN_FORCE).count() == 1
    entry = AuditEntry.objects.of(signed.alliance).filter(verb="seal_contract").get()
    assert seal.sha256 in entry.record

    found = PdfFileReader(BytesIO(document)).embedded_signatures
    status = validate_pdf_signature(
        found[0], signer_validation_context=ValidationContext(trust_roots=[found[0].signer_cert], allow_fetching=False)
    )
    assert len(found) == 1
    assert status.bottom_line
    assert status.docmdp_ok
    assert seals.check(document, fingerprint=seal.certificate_sha256).ok
    assert seals.check(document, fingerprint="0" * 64).reason == "other_certificate"
    assert contract.verify_code.encode() in document
    assert b"pdfaid:part>3<" in document.replace(b" ", b"")


def test_text_evidence_and_signatures_are_attached_to_the_document(signed: World) -> None:
    seal_contract(signed.alliance, signed.contract.pk, at=NOON + 3 * HOUR)
    document = open_content(ContractSeal.objects.of(signed.alliance).get().file).read()
    attached = seals.attachments(document)
    terms, evidence = json.loads(attached["terms.json"]), json.loads(attached["evidence.json"])
    assert digest(terms) == evidence["terms_sha256"] == signed.fresh().frozen.sha256  # type: ignore[union-attr]
    assert [one["role"] for one in evidence["signatures"]] == [D, S, W]


def test_quotes_in_english_lines_are_no_wider_than_english_needs(signed: World) -> None:
    """The Chinese font draws them as wide as a character, so they are set in the other one, which the document then holds."""
    seal_contract(signed.alliance, signed.contract.pk, at=NOON + 3 * HOUR)
    document = open_content(ContractSeal.objects.of(signed.alliance).get().file).read()
    assert b"LibertinusSerif" in document


def test_a_change_of_any_single_byte_fails_the_check(signed: World) -> None:
    seal_contract(signed.alliance, signed.contract.pk, at=NOON + 3 * HOUR)
    seal = ContractSeal.objects.of(signed.alliance).get()
    document = open_content(seal.file).read()
    dice = random.Random(7)  # noqa: S311 - places to change, no secret
    start = document.index(b"<30")
    places = [dice.randrange(len(document)) for _one in range(60)] + [
        dice.randrange(start, start + 2400) for _one in range(60)
    ]
    for place in places:
        changed = bytearray(document)
        changed[place] ^= 1 << dice.randrange(8)
        assert not seals.check(bytes(changed), fingerprint=seal.certificate_sha256).ok, place
    assert not seals.check(document + b"\n").ok
    assert seals.check(b"no document").reason == "not_pdf"


HOSTILE = '#import "@preview/x:1.0.0": * \n#panic("no") *b* _i_ $x^2$ `raw` <script>alert(1)</script> @ref // c /* */ \\ #{1/0} ]] [['


def test_hostile_text_is_set_as_text(act: Alliance, secretary: User) -> None:
    world = make_world(act, secretary=secretary)
    world.propose(title_en=HOSTILE.replace("\n", " "), scope_en=HOSTILE, aims_zh=HOSTILE)
    world.agree(D, S, W)
    for role in (D, S, W):
        world.sign(world.people[role])
    assert seal_contract(act, world.contract.pk, at=NOON + HOUR)
    document = open_content(ContractSeal.objects.of(act).get().file).read()
    assert json.loads(seals.attachments(document)["terms.json"])["scope_en"] == HOSTILE
    assert seals.check(document).ok


def test_terms_that_are_not_those_signed_are_never_set(signed: World) -> None:
    prepared = contract_sealing.prepare(signed.alliance, signed.contract.pk, at=NOON)
    assert prepared is not None
    with pytest.raises(ValueError, match="not those that were signed"):
        compose({**prepared.content, "price": "1.00"}, prepared.evidence)


POINTS = ["contract.composed", "contract.sealed", "contract.stored", "contract.kept"]


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_leaves_nothing_half_sealed_and_the_next_run_seals(
    signed: World, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(faults, "point", die)
        with pytest.raises(Killed):
            seal_contract(signed.alliance, signed.contract.pk, at=NOON + 3 * HOUR)
    assert signed.fresh().state == ContractState.SEALING
    assert not ContractSeal.objects.of(signed.alliance).exists()
    assert not StoredFile.objects.of(signed.alliance).filter(purpose=contract_sealing.PURPOSE).exists()

    assert seal_contract(signed.alliance, signed.contract.pk, at=NOON + 4 * HOUR)
    assert ContractSeal.objects.of(signed.alliance).count() == 1
    assert AuditEntry.objects.of(signed.alliance).filter(verb="seal_contract").count() == 1


def test_of_two_workers_that_seal_at_once_one_keeps_its_document(signed: World) -> None:
    first = contract_sealing.prepare(signed.alliance, signed.contract.pk, at=NOON)
    assert first is not None
    seal = seals.seal_of("under-test", "A", "甲", at=NOON)
    document = seals.apply(compose(first.content, first.evidence), seal, reason="r", name="n")
    assert contract_sealing.keep_seal(signed.alliance, first, document, seal, time_stamped=False, at=NOON)
    assert not contract_sealing.keep_seal(signed.alliance, first, document, seal, time_stamped=False, at=NOON)


def test_an_alliance_keeps_its_key_and_others_have_another(tmp_path: Path) -> None:
    one, again = (seals.seal_of("one", "One", "一", at=NOON) for _turn in range(2))
    other = seals.seal_of("other", "Other", "二", at=NOON)
    assert one == again
    assert one.fingerprint != other.fingerprint
    stored = tmp_path / "keys" / "seals" / "one.pem"
    assert stored.stat().st_mode & 0o777 == 0o600
    assert "BEGIN CERTIFICATE" in one.pem
    assert "PRIVATE" not in one.pem


def test_articles_are_counted_in_chinese() -> None:
    assert [numeral(number) for number in (1, 9, 10, 11, 20, 21, 99)] == [
        "一",
        "九",
        "十",
        "十一",
        "二十",
        "二十一",
        "九十九",
    ]
