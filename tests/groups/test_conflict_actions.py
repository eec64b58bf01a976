"""Screening of matters, rulings and waivers; declarations that race with acts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent, User
from groups.actions.conflict import (
    agree_conflict,
    clear_conflict,
    declare_conflict,
    grant_waiver,
    propose_waiver,
    recuse,
    refuse_waiver,
    require_no_conflict,
    screen_matter,
    screen_open_matters,
)
from groups.actions.declaration import NewInterest, declare_interest, withdraw_interest
from groups.choices import ConflictState, WaiverState
from groups.models import ConflictOfInterest, ConflictWaiver
from groups.selectors.conflict import is_recused, list_recusals
from groups.signals import CONFLICTS_CHANGED
from groups.tasks import guard_all
from members.choices import InterestKind
from operations.models import Product
from tests.factories.alliance import NOON, give_role, make_alliance, make_member, make_user
from tests.factories.groups import make_conflict, make_interest, make_seat, stand_aside
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance
    from members.models import Institution

MATTER = "product:P-029"


def product_of(institution: Institution, code: str = "P-029", state: str = "draft") -> None:
    Product.objects.create(
        alliance=institution.alliance,
        code=code,
        kind="guide",
        state=state,
        title_en="Guide",
        summary_en="For mills.",
        body_en="Text.",
        author=institution,
        state_since=NOON,
    )


def test_screening_notes_who_is_linked_with_the_author_and_tells_them_and_the_committee(act: Alliance) -> None:
    author, linked, apart = (make_institution(act) for _number in range(3))
    person = make_user()
    make_staff(linked, person)
    make_interest(linked, author, InterestKind.HOLDING)
    product_of(author)

    noted = screen_matter(act, MATTER, at=NOON)

    assert [(row.institution_id, row.detected_by, row.state) for row in noted] == [(linked.pk, "ownership", "declared")]
    assert noted[0].facts[0]["party"] == author.code
    with pytest.raises(ConflictOfInterestError):
        require_no_conflict(act, linked.pk, MATTER)
    require_no_conflict(act, [author.pk, apart.pk], MATTER)
    assert [line.institution.pk for line in list_recusals(act, MATTER)] == [linked.pk]
    assert Notification.objects.of(act).get(user=person).kind == "groups.conflict_found"
    assert InboxItem.objects.of(act).get(key=f"conflict-ruling:{MATTER}").role == "committee"
    assert OutboxEvent.objects.of(act).filter(kind=CONFLICTS_CHANGED).count() == 1
    assert AuditEntry.objects.of(act).filter(verb="detect_conflict").count() == 1


def test_screening_again_adds_nothing_and_a_ruling_stands_until_a_newer_link(act: Alliance, secretary: User) -> None:
    author, linked = make_institution(act), make_institution(act)
    make_interest(linked, author, declared_at=NOON - timedelta(days=2))
    product_of(author)
    (conflict,) = screen_matter(act, MATTER, at=NOON)
    assert screen_matter(act, MATTER, at=NOON) == []

    clear_conflict(act, conflict.pk, actor=secretary, at=NOON)

    assert screen_matter(act, MATTER, at=NOON + timedelta(hours=1)) == []
    assert not is_recused(act, linked.pk, MATTER)
    make_interest(linked, author, InterestKind.FAMILY, words="A brother.", declared_at=NOON + timedelta(hours=2))
    assert len(screen_matter(act, MATTER, at=NOON + timedelta(hours=3))) == 1
    assert is_recused(act, linked.pk, MATTER)


def test_a_new_interest_is_weighed_against_what_is_open_at_once(act: Alliance, secretary: User) -> None:
    author, linked, other = (make_institution(act) for _number in range(3))
    product_of(author, "P-001")
    product_of(other, "P-002")

    declare_interest(act, linked.code, NewInterest(InterestKind.CONTRACT, member=author.code), actor=secretary, at=NOON)
    while deliver_next(act):
        pass

    assert is_recused(act, linked.pk, "product:P-001")
    assert not is_recused(act, linked.pk, "product:P-002")


def test_what_is_withdrawn_stays_until_it_is_ruled_on(act: Alliance, secretary: User) -> None:
    author, linked = make_institution(act), make_institution(act)
    product_of(author)
    interest = declare_interest(
        act, linked.code, NewInterest(InterestKind.CONTRACT, member=author.code), actor=secretary, at=NOON
    )
    screen_open_matters(act, at=NOON)

    withdraw_interest(act, linked.code, interest.pk, actor=secretary, at=NOON)
    screen_open_matters(act, at=NOON)

    assert is_recused(act, linked.pk, MATTER)


def test_an_applicant_that_a_member_named_as_outside_party_keeps_that_member_aside(act: Alliance) -> None:
    from members.models import Application
    from members.selectors.names import name_key_of

    member, apart = make_institution(act), make_institution(act)
    make_interest(member, "Suoyun Software Co.", InterestKind.HOLDING)
    make_interest(apart, "Another firm", InterestKind.HOLDING)
    Application.objects.create(
        alliance=act,
        code="A-0001",
        state="voting",
        kind=member.kind,
        name_en="SUOYUN Software Co",
        name_key=name_key_of("SUOYUN Software Co", ""),
        contact_name="x",
        contact_email="x@example.org",
        language="en",
        access_digest="0" * 64,
        created_at=NOON,
    )

    noted = screen_matter(act, "application:A-0001", at=NOON)

    assert [row.institution_id for row in noted] == [member.pk]
    assert noted[0].facts[0]["party"] == ""


def test_the_hourly_task_finds_what_no_event_told(alliance: Alliance) -> None:
    with tenancy.acting_in(alliance):
        author, linked = make_institution(alliance), make_institution(alliance)
        product_of(author)
        user = make_user()
        make_staff(author, user)
        make_staff(linked, user)

    guard_all.apply()

    with tenancy.acting_in(alliance):
        assert is_recused(alliance, linked.pk, MATTER)


# ------------------------------------------------------------------------------------------------------------- waivers


def test_a_waiver_needs_a_reason_and_a_second_person(act: Alliance, secretary: User, committee_member: User) -> None:
    institution = make_institution(act)
    conflict = make_conflict(institution, MATTER)

    with pytest.raises(InvalidInputError):
        propose_waiver(act, conflict.pk, reason="  ", actor=secretary, at=NOON)
    waiver = propose_waiver(act, conflict.pk, reason="Nobody else knows dyeing.", actor=secretary, at=NOON)
    with pytest.raises(InvalidInputError):
        propose_waiver(act, conflict.pk, reason="Again.", actor=committee_member, at=NOON)
    with pytest.raises(SeparationOfDutiesError):
        grant_waiver(act, waiver.pk, actor=secretary, at=NOON)
    assert is_recused(act, institution.pk, MATTER)
    assert InboxItem.objects.of(act).get(key=f"conflict-waiver:{waiver.pk}").role == "committee"

    grant_waiver(act, waiver.pk, actor=committee_member, at=NOON)

    conflict.refresh_from_db()
    assert conflict.state == ConflictState.WAIVED
    require_no_conflict(act, institution.pk, MATTER)
    assert AuditEntry.objects.of(act).filter(verb__in=["propose_waiver", "grant_waiver"]).count() == 2
    assert not InboxItem.objects.of(act).filter(done_at__isnull=True, key__startswith="conflict-waiver").exists()
    with pytest.raises(TransitionRefusedError):
        refuse_waiver(act, waiver.pk, actor=committee_member, at=NOON)


def test_a_refused_waiver_leaves_the_institution_aside(act: Alliance, secretary: User, committee_member: User) -> None:
    institution = make_institution(act)
    conflict = make_conflict(institution, MATTER)
    waiver = propose_waiver(act, conflict.pk, reason="Because.", actor=secretary, at=NOON)

    refuse_waiver(act, waiver.pk, actor=committee_member, at=NOON)

    assert is_recused(act, institution.pk, MATTER)
    propose_waiver(act, conflict.pk, reason="A better reason.", actor=secretary, at=NOON)


def test_nobody_of_an_institution_that_stands_aside_proposes_or_grants_a_waiver(act: Alliance, secretary: User) -> None:
    institution, also_aside = make_institution(act), make_institution(act)
    own, other = make_member(act, "committee"), make_member(act, "committee")
    make_staff(institution, own)
    make_staff(also_aside, other)
    conflict = make_conflict(institution, MATTER)
    make_conflict(also_aside, MATTER)
    waiver = propose_waiver(act, conflict.pk, reason="Because.", actor=secretary, at=NOON)

    for person in (own, other):
        with pytest.raises(ConflictOfInterestError):
            grant_waiver(act, waiver.pk, actor=person, at=NOON)
        with pytest.raises(ConflictOfInterestError):
            propose_waiver(act, conflict.pk, reason="x", actor=person, at=NOON)
    with pytest.raises(PermissionRefusedError):
        grant_waiver(act, waiver.pk, actor=make_user(), at=NOON)


def test_a_ruling_that_ends_the_conflict_drops_the_waiver_that_waits(
    act: Alliance, secretary: User, committee_member: User
) -> None:
    conflict = make_conflict(make_institution(act), MATTER)
    waiver = propose_waiver(act, conflict.pk, reason="Because.", actor=secretary, at=NOON)

    clear_conflict(act, conflict.pk, actor=committee_member, at=NOON)

    waiver.refresh_from_db()
    assert waiver.state == WaiverState.REFUSED
    with pytest.raises(DomainError):
        propose_waiver(act, conflict.pk, reason="Because.", actor=secretary, at=NOON)


def test_a_waiver_of_another_alliance_does_not_exist_here(act: Alliance, secretary: User, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        conflict = make_conflict(make_institution(other_alliance), MATTER)

    with pytest.raises(ConflictOfInterest.DoesNotExist):
        propose_waiver(act, conflict.pk, reason="x", actor=secretary, at=NOON)
    with pytest.raises(ConflictWaiver.DoesNotExist):
        grant_waiver(act, 10**9, actor=secretary, at=NOON)


def test_what_the_office_claims_about_another_institution_keeps_nobody_aside_until_a_second_person_rules(
    act: Alliance, secretary: User, committee_member: User
) -> None:
    rival = make_institution(act)
    person = make_user()
    make_staff(rival, person)

    claim = declare_conflict(act, rival.code, MATTER, reason="They hold shares.", actor=secretary, at=NOON)

    assert claim.state == ConflictState.CLAIMED
    require_no_conflict(act, rival.pk, MATTER)
    assert list_recusals(act, MATTER) == []
    told = InboxItem.objects.of(act).get(key=f"conflict-claim:{claim.pk}", done_at__isnull=True)
    assert told.institution_id == rival.pk
    assert InboxItem.objects.of(act).filter(key=f"conflict-ruling:{MATTER}", done_at__isnull=True).exists()
    with pytest.raises(SeparationOfDutiesError):
        recuse(act, claim.pk, actor=secretary, at=NOON)
    with pytest.raises(InvalidInputError) as refusal:
        propose_waiver(act, claim.pk, reason="x", actor=committee_member, at=NOON)
    assert refusal.value.code == "conflict_only_claimed"
    require_no_conflict(act, rival.pk, MATTER)

    recuse(act, claim.pk, actor=committee_member, at=NOON)

    assert is_recused(act, rival.pk, MATTER)
    told.refresh_from_db()
    assert told.done_at is not None
    assert Notification.objects.of(act).get(user=person).kind == "groups.conflict_ruled"
    entry = AuditEntry.objects.of(act).get(verb="claim_conflict")
    assert "shares" not in str(entry.record)


def test_a_colleague_of_the_claimants_institution_is_no_second_person(act: Alliance, committee_member: User) -> None:
    accuser, rival = make_institution(act), make_institution(act)
    colleague = make_member(act, "committee")
    for each in (committee_member, colleague):
        make_staff(accuser, each)
    claim = declare_conflict(act, rival.code, MATTER, reason="x", actor=committee_member, at=NOON)

    with pytest.raises(SeparationOfDutiesError):
        recuse(act, claim.pk, actor=colleague, at=NOON)
    assert not is_recused(act, rival.pk, MATTER)
    clear_conflict(act, claim.pk, actor=committee_member, at=NOON)  # a claim may be taken back

    assert not InboxItem.objects.of(act).filter(key=f"conflict-ruling:{MATTER}", done_at__isnull=True).exists()


@pytest.mark.parametrize("by", ["agreeing", "declaring"])
def test_an_institution_agrees_to_a_claim_and_stands_aside_at_once(act: Alliance, secretary: User, by: str) -> None:
    institution = make_institution(act)
    person, stranger = make_user(), make_user()
    make_staff(institution, person)
    make_staff(make_institution(act), stranger)
    claim = declare_conflict(act, institution.code, MATTER, reason="x", actor=secretary, at=NOON)
    for somebody in (stranger, secretary):
        with pytest.raises(PermissionRefusedError):
            agree_conflict(act, claim.pk, actor=somebody, at=NOON)

    if by == "agreeing":
        agree_conflict(act, claim.pk, actor=person, at=NOON)
    else:
        declare_conflict(act, institution.code, MATTER, reason="We do.", actor=person, at=NOON)

    assert is_recused(act, institution.pk, MATTER)
    assert not InboxItem.objects.of(act).filter(key=f"conflict-claim:{claim.pk}", done_at__isnull=True).exists()
    assert OutboxEvent.objects.of(act).filter(kind=CONFLICTS_CHANGED).count() == 1
    assert AuditEntry.objects.of(act).filter(verb="agree_conflict").count() == 1
    with pytest.raises(TransitionRefusedError):
        agree_conflict(act, claim.pk, actor=person, at=NOON)


def test_a_claim_does_not_hide_what_a_rule_finds(act: Alliance, secretary: User) -> None:
    author, linked = make_institution(act), make_institution(act)
    make_interest(linked, author, InterestKind.HOLDING)
    product_of(author)
    claim = declare_conflict(act, linked.code, MATTER, reason="x", actor=secretary, at=NOON)
    assert not is_recused(act, linked.pk, MATTER)

    found = screen_matter(act, MATTER, at=NOON)

    assert [(row.pk, row.state, row.detected_by) for row in found] == [(claim.pk, "declared", "ownership")]
    assert is_recused(act, linked.pk, MATTER)
    assert screen_matter(act, MATTER, at=NOON) == []
    assert not InboxItem.objects.of(act).filter(key=f"conflict-claim:{claim.pk}", done_at__isnull=True).exists()


def test_a_claim_of_another_alliance_does_not_exist_here(act: Alliance, secretary: User, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        conflict = make_conflict(make_institution(other_alliance), MATTER, state="claimed")
    with pytest.raises(ConflictOfInterest.DoesNotExist):
        agree_conflict(act, conflict.pk, actor=secretary, at=NOON)


def test_the_committees_item_leaves_when_every_conflict_of_the_matter_is_ruled_on(act: Alliance, secretary: User) -> None:
    conflicts = [stand_aside(act, make_institution(act).code, MATTER, at=NOON) for _number in range(2)]
    waiting = InboxItem.objects.of(act).filter(key=f"conflict-ruling:{MATTER}", done_at__isnull=True)

    recuse(act, conflicts[0].pk, actor=secretary, at=NOON)
    assert waiting.exists()
    clear_conflict(act, conflicts[1].pk, actor=secretary, at=NOON)

    assert not waiting.exists()


# -------------------------------------------------------------------------------------------------------------- races


@pytest.mark.django_db(transaction=True)
def test_a_declaration_and_a_review_that_race_leave_one_order_of_events() -> None:
    """Either the review stands and the declaration came after it, or the declaration stands and the review was refused."""
    for attempt in range(6):
        _race(f"race-{attempt}")


def _race(slug: str) -> None:
    from operations.actions.product import review_product
    from operations.models import ProductReview

    alliance = make_alliance(slug)
    reviewer, office = make_user(), make_user()
    give_role(office, alliance, "secretariat")
    with tenancy.acting_in(alliance):
        author, judge = make_institution(alliance), make_institution(alliance)
        make_seat(judge, "wisdom_group")
        make_staff(judge, reviewer)
        make_staff(judge, office)
        product_of(author, "P-1", "in_review")
    start = threading.Barrier(2)
    outcomes: dict[str, str] = {}

    def review() -> None:
        person = User.objects.get(pk=reviewer.pk)
        review_product(
            alliance, "P-1", actor=person, institution_id=judge.pk, verdict="approve", comment="", at=timezone.now()
        )

    def declare() -> None:
        person = User.objects.get(pk=office.pk)
        declare_conflict(alliance, judge.code, "product:P-1", reason="Shares.", actor=person, at=timezone.now())

    def run(name: str, act: Callable[[], None]) -> None:
        try:
            start.wait(10)
            with tenancy.acting_in(alliance):
                act()
            outcomes[name] = "done"
        except ConflictOfInterestError:
            outcomes[name] = "refused"
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in (("review", review), ("declare", declare))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert outcomes["declare"] == "done"
    with tenancy.acting_in(alliance):
        assert ProductReview.objects.of(alliance).count() == (1 if outcomes["review"] == "done" else 0)
        with pytest.raises(ConflictOfInterestError):
            require_no_conflict(alliance, judge.pk, "product:P-1")
