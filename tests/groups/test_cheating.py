"""What somebody who wants to cheat would try in the groups, and how it is refused."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel.errors import ConflictOfInterestError, DomainError, PermissionRefusedError, SeparationOfDutiesError
from alliance.kernel.permissions import forget_grants
from alliance.models import Alliance, User
from groups.actions.admission import draft_standing_motion
from groups.actions.dispute import file_dispute, make_proposal, name_mediator
from groups.actions.minutes import approve_minutes, circulate_minutes, draft_minutes, edit_minutes
from groups.actions.motion import cast_vote, change_motion, name_teller, open_motion, withdraw_motion
from groups.choices import GroupKind
from groups.models import BallotPaper, GroupMembership, Motion, SeatAlternate
from groups.selectors.conflict import list_recused
from groups.selectors.dispute import list_own_disputes
from members.actions.exit import note_standing_step
from members.actions.staff import end_staff
from members.choices import StaffRole, StandingNoteKind
from tests.conftest import ClientFor
from tests.factories.alliance import address, give_role, make_user
from tests.factories.charter import seat_in_committee
from tests.factories.groups import make_group
from tests.factories.meetings import LATER, hold, make_body
from tests.factories.members import make_institution, make_staff
from tests.factories.motions import make_decided, make_draft, make_open, make_voters
from tests.groups.test_motion_views import fresh, text_of


def test_the_published_list_of_a_box_opens_no_receipt_of_others(act: Alliance, client_for: ClientFor) -> None:
    voters = make_voters(act, 6)
    motion = make_decided(act, [(voter, "yes" if place else "no") for place, voter in enumerate(voters)], ballot="secret")
    client = fresh(client_for(voters[2].user))
    page = text_of(client.get(address(act, "portal_motion_detail", code=motion.code)))
    own = set(BallotPaper.objects.of(act).values_list("code", flat=True))
    listed = set(re.findall(r'<code class="break-anywhere">([0-9a-f]{32,64})</code>', page))

    assert not any(code in page for code in own)
    assert {hashlib.sha256(code.encode()).hexdigest() for code in own} <= listed
    for text in listed:
        answer = client.post(address(act, "portal_motion_receipt", code=motion.code), {"code": text, "download": "1"})
        assert answer["Content-Type"].startswith("text/html")
        assert "In favour" not in text_of(answer)


@pytest.mark.parametrize("effect", ["suspension", "expulsion"])
def test_a_member_stands_aside_from_the_vote_on_its_own_standing(act: Alliance, secretary: User, effect: str) -> None:
    voters = make_voters(act, 7)
    now = timezone.now()
    motion = draft_standing_motion(act, voters[0].code, effect, reason="It did not pay.", actor=secretary, at=now)
    for kind in StandingNoteKind.values:
        day = timezone.localdate() - timedelta(days=40)
        note_standing_step(act, voters[0].code, kind=kind, on=day, words="Noted.", actor=secretary, at=now)
    open_motion(act, motion.code, closes_at=now + timedelta(days=12), actor=secretary, at=now)
    while deliver_next(act):
        pass

    assert list_recused(act, motion.matter) == {voters[0].institution.pk}
    with pytest.raises(ConflictOfInterestError):
        cast_vote(act, motion.code, institution_code=voters[0].code, choice="no", actor=voters[0].user, at=now)


def _conflicted(act: Alliance) -> tuple[Motion, Motion, User]:
    voters = make_voters(act, 6)
    draft, opened = (make(act, matter=f"standing:{voters[0].code}", ballot="secret") for make in (make_draft, make_open))
    give_role(voters[0].user, act, "committee")
    return draft, opened, voters[0].user


@pytest.mark.parametrize("act_name", ["change", "open", "withdraw", "teller"])
def test_whoever_stands_aside_does_not_run_the_motion(act: Alliance, act_name: str) -> None:
    draft, opened, person = _conflicted(act)
    now = timezone.now()
    acts: dict[str, Any] = {
        "change": lambda: change_motion(act, draft.code, values={"threshold": "unanimity"}, actor=person, at=now),
        "open": lambda: open_motion(act, draft.code, closes_at=now + timedelta(days=12), actor=person, at=now),
        "withdraw": lambda: withdraw_motion(act, opened.code, reason="No.", actor=person, at=now),
        "teller": lambda: name_teller(act, opened.code, institution_code="none", actor=person, at=now),
    }
    with pytest.raises(ConflictOfInterestError):
        acts[act_name]()


def test_an_alternate_who_went_to_another_member_votes_no_more(act: Alliance) -> None:
    voter = make_voters(act, 3)[0]
    now = timezone.now()
    person = make_user()
    staff = make_staff(voter.institution, person, role=StaffRole.STAFF, starts_at=now - timedelta(days=5))
    seat = GroupMembership.objects.of(act).get(institution=voter.institution)
    SeatAlternate.objects.create(alliance=act, membership=seat, user=person, starts_at=now - timedelta(days=2))
    motion = make_open(act)
    cast_vote(act, motion.code, institution_code=voter.code, choice="yes", actor=person, at=now)
    end_staff(act, staff.pk, actor=voter.user, at=now)
    make_staff(make_institution(act), person, starts_at=now - timedelta(days=1))
    forget_grants(person)

    with pytest.raises(PermissionRefusedError):
        cast_vote(act, motion.code, institution_code=voter.code, choice="no", actor=person, at=timezone.now())


def test_whoever_changed_the_minutes_does_not_approve_them(act: Alliance) -> None:
    body = make_body(act)
    meeting = hold(body)
    end = LATER + timedelta(hours=3)
    draft_minutes(act, meeting.code, actor=body.secretary, at=end)
    edit_minutes(act, meeting.code, 1, body_en="As I wish.", body_zh="如我所愿。", actor=body.second, at=end)
    circulate_minutes(act, meeting.code, 1, actor=body.second, at=end)

    for writer in (body.secretary, body.second):
        with pytest.raises(SeparationOfDutiesError):
            approve_minutes(act, meeting.code, 1, actor=writer, at=end)


def test_a_mediator_who_joins_a_party_mediates_no_more(act: Alliance) -> None:
    make_group(act, GroupKind.COMMITTEE)
    now = timezone.now()
    claimant, respondent = make_institution(act), make_institution(act)
    speaker = make_staff(claimant).user
    mediator, other = make_user(), make_user()
    for person in (mediator, other):
        seat_in_committee(make_institution(act), person)
    dispute = file_dispute(
        act, claimant.code, respondent.code, subject="Hours", statement="Eight were agreed.", actor=speaker, at=now
    )
    name_mediator(act, dispute.code, str(mediator.uuid), actor=other, at=now)
    make_proposal(act, dispute.code, text="Half each.", actor=mediator, at=now)
    assert list(list_own_disputes(act, mediator)) == [dispute]
    make_staff(claimant, mediator, role=StaffRole.STAFF, starts_at=now)
    forget_grants(mediator)

    with pytest.raises(DomainError):
        make_proposal(act, dispute.code, text="All to one.", actor=mediator, at=timezone.now())
    assert not list_own_disputes(act, mediator).exists()
