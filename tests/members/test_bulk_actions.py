"""Acts on many institutions at once: refused one by one, taken back within ten minutes, a job when there are many."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError
from alliance.kernel.jobs import Progress
from alliance.models import Alliance, AuditEntry, InboxItem, Job, Notification, User
from groups.models import GroupMembership, VirtualGroup
from members.actions import bulk
from members.actions.bulk import act_on_many, message_institution, run_apply_job, run_undo_job, undo_many
from members.choices import InstitutionKind
from members.models import BulkAct, Institution
from members.selectors.bulk import can_undo
from tests.factories.alliance import NOON
from tests.factories.members import make_institution, make_staff

SEAT = {"group": "wisdom_group", "role": "member"}
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def members(act: Alliance) -> list[Institution]:
    VirtualGroup.objects.get_or_create(alliance=act, kind="wisdom_group")
    fitting = [make_institution(act, kind=InstitutionKind.UNIVERSITY_THINK_TANK) for _number in range(3)]
    return [*fitting, make_institution(act, kind=InstitutionKind.MEDIA_THINK_TANK)]


def seated(alliance: Alliance) -> int:
    return GroupMembership.objects.of(alliance).filter(ends_at__isnull=True).count()


def test_seats_are_given_to_those_who_may_sit_there_and_taken_back(
    act: Alliance, members: list[Institution], secretary: User
) -> None:
    record = act_on_many(act, "add_to_group", [m.pk for m in members], params=SEAT, actor=secretary, at=NOON)

    assert len(record.done) == 3
    assert [pk for pk, _reason in record.refused] == [members[3].pk]
    assert record.refused[0][1], "the reason is told"
    assert seated(act) == 3
    assert AuditEntry.objects.of(act).filter(verb="act_on_many").count() == 1

    undo_many(act, record.uuid, actor=secretary, at=LATER)

    assert seated(act) == 0
    assert GroupMembership.objects.of(act).count() == 3, "the short seats stay in the history"
    assert AuditEntry.objects.of(act).filter(verb="undo_many").count() == 1


def test_an_act_is_taken_back_once_soon_and_by_whoever_did_it(
    act: Alliance, members: list[Institution], secretary: User, office_admin: User
) -> None:
    record = act_on_many(act, "add_to_group", [members[0].pk], params=SEAT, actor=secretary, at=NOON)

    assert not can_undo(record, office_admin, LATER)
    for actor, at in ((office_admin, LATER), (secretary, NOON + timedelta(minutes=11))):
        with pytest.raises(DomainError, match="undo_over"):
            undo_many(act, record.uuid, actor=actor, at=at)
    assert seated(act) == 1
    undo_many(act, record.uuid, actor=secretary, at=LATER)
    with pytest.raises(DomainError, match="undo_over"):
        undo_many(act, record.uuid, actor=secretary, at=LATER)


def test_what_was_changed_since_stays_when_an_act_is_taken_back(
    act: Alliance, members: list[Institution], secretary: User
) -> None:
    record = act_on_many(act, "add_to_group", [m.pk for m in members[:2]], params=SEAT, actor=secretary, at=NOON)
    ended = NOON + timedelta(minutes=2)
    GroupMembership.objects.of(act).filter(institution=members[0]).update(ends_at=ended)

    undo_many(act, record.uuid, actor=secretary, at=LATER)

    ends = dict(GroupMembership.objects.of(act).values_list("institution_id", "ends_at"))
    assert ends == {members[0].pk: ended, members[1].pk: LATER}


def test_a_request_to_confirm_goes_out_and_is_taken_back(act: Alliance, members: list[Institution], secretary: User) -> None:
    make_staff(members[0], starts_at=NOON - timedelta(days=1))
    record = act_on_many(
        act, "ask_for_confirmation", [m.pk for m in members], params={"due_on": "2026-12-20"}, actor=secretary, at=NOON
    )

    assert [pk for pk, _info in record.done] == [members[0].pk]
    assert len(record.refused) == 3, "nobody represents the others"
    assert InboxItem.objects.of(act).filter(done_at__isnull=True, kind="members.confirm_facts").count() == 1
    undo_many(act, record.uuid, actor=secretary, at=LATER)
    assert InboxItem.objects.of(act).filter(done_at__isnull=True, kind="members.confirm_facts").count() == 0


def test_a_message_reaches_representatives_and_cannot_be_called_back(
    act: Alliance, members: list[Institution], secretary: User
) -> None:
    user = make_staff(members[0], starts_at=NOON - timedelta(days=1)).user
    params = {"subject": "100% cotton", "words": "Please read."}

    record = act_on_many(act, "message", [members[0].pk], params=params, actor=secretary, at=NOON)

    told = Notification.objects.of(act).get(user=user)
    assert told.params == params
    entry = AuditEntry.objects.of(act).get(verb="message_institution")
    assert "cotton" not in entry.record
    with pytest.raises(DomainError, match="undo_over"):
        undo_many(act, record.uuid, actor=secretary, at=LATER)
    with pytest.raises(InvalidInputError, match="message_empty"):
        message_institution(act, members[0].code, subject=" ", words="x", actor=secretary, at=NOON)


def test_who_may_act_on_many_and_with_whom(
    act: Alliance,
    other_alliance: Alliance,
    members: list[Institution],
    secretary: User,
    auditor: User,
    committee_member: User,
) -> None:
    for actor in (auditor, committee_member, make_staff(members[0]).user):
        with pytest.raises(PermissionRefusedError):
            act_on_many(act, "message", [members[0].pk], params={}, actor=actor, at=NOON)
    with pytest.raises(InvalidInputError, match="act_unknown"):
        act_on_many(act, "delete", [members[0].pk], params={}, actor=secretary, at=NOON)
    with tenancy.acting_in(other_alliance):
        theirs = make_institution(other_alliance).pk
    with pytest.raises(InvalidInputError, match="nothing_chosen"):
        act_on_many(act, "message", [theirs], params={}, actor=secretary, at=NOON)


def test_many_are_a_job_that_goes_on_where_it_died(act: Alliance, secretary: User, monkeypatch: pytest.MonkeyPatch) -> None:
    VirtualGroup.objects.get_or_create(alliance=act, kind="wisdom_group")
    monkeypatch.setattr(bulk, "IN_ONE_GO", 4)
    chosen = [make_institution(act, kind=InstitutionKind.UNIVERSITY_THINK_TANK).pk for _number in range(10)]
    record = act_on_many(act, "add_to_group", chosen, params=SEAT, actor=secretary, at=NOON)
    assert record.job is not None
    assert seated(act) == 0
    job = Job.objects.of(act).get(pk=record.job.pk)

    class Dies(Progress):
        def step(self, name: str, done: int, total: int) -> None:
            if done >= 8:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        run_apply_job(act, job, Dies(act.pk, job.pk))
    assert seated(act) == 8
    outcome: dict[str, Any] = run_apply_job(act, job, Progress(act.pk, job.pk))

    assert outcome == {"done": 10, "refused": 0}
    assert seated(act) == 10
    record = BulkAct.objects.of(act).select_related("actor").get(pk=record.pk)
    assert record.finished_at is not None
    undone = undo_many(act, record.uuid, actor=secretary, at=record.finished_at + timedelta(minutes=1))
    assert undone.job is not None
    assert run_undo_job(act, Job.objects.of(act).get(pk=undone.job.pk), Progress(act.pk, undone.job.pk)) == {"undone": 10}
    assert seated(act) == 0
