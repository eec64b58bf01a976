"""Joining two entries of one institution, and parting them again: nothing is lost, nothing is left over."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError
from alliance.kernel.permissions import can
from alliance.models import AuditEntry, InboxItem, OutboxEvent
from groups.choices import BallotForm, MotionState
from groups.models import GroupMembership, Motion, MotionElector
from members.actions.merge import merge_institutions, preview_merge, undo_merge
from members.choices import DuplicateState, InstitutionState, MergeOutcome, StaffRole
from members.models import (
    DuplicatePair,
    ElementSupply,
    Expert,
    FactMark,
    Institution,
    InstitutionMerge,
    InstitutionStaff,
    InstitutionStanding,
    MergeStep,
)
from members.selectors.merge import list_links, tenant_models
from members.signals import INSTITUTIONS_MERGED, INSTITUTIONS_PARTED
from tests.architecture.rows import fill_tenant_tables
from tests.factories.alliance import make_user
from tests.factories.groups import make_group, make_seat
from tests.factories.members import make_institution, make_staff, make_supply

if TYPE_CHECKING:
    from alliance.models import Alliance, User

pytestmark = pytest.mark.django_db

OF_THE_ACT = {
    "alliance_auditentry",
    "alliance_auditpending",
    "alliance_outboxevent",
    "members_institutionmerge",
    "members_mergestep",
    "members_duplicatepair",
}
"""Tables in which the merge and its undo themselves leave their record."""


def table_rows() -> dict[str, dict[int, Any]]:
    """Every row of every tenant table as JSON."""
    found: dict[str, dict[int, Any]] = {}
    with connection.cursor() as cursor:
        for model in tenant_models():
            table = model._meta.db_table
            if table in OF_THE_ACT:
                continue
            key = model._meta.pk.column  # type: ignore[union-attr]
            cursor.execute(f'SELECT "{key}"::text, to_jsonb(t) - \'content_version\' FROM "{table}" t')
            found[table] = {row[0]: json.loads(row[1]) if isinstance(row[1], str) else row[1] for row in cursor.fetchall()}
    return found


def name_both(kept: Institution, absorbed: Institution, chosen: set[str]) -> None:
    """Let the rows of some columns name the one entry, of all others the other, as far as the tables allow."""
    from members.actions.merge import move_rows

    for link in list_links():
        if link.is_untouched:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT id, "{link.column}" FROM "{link.table}" WHERE "{link.column}" IS NOT NULL')
            rows = cursor.fetchall()
        target = absorbed if link.key in chosen else kept
        for pk, at in rows:
            if link.table != "members_institution":
                move_rows(kept.alliance, link, at, target.pk, [pk])


@pytest.fixture
def pair(act: Alliance) -> tuple[Institution, Institution]:
    """The entry that stays, and the one that is joined to it."""
    return make_institution(act, code="I-1", name_en="Weaving Institute"), make_institution(
        act, code="I-2", name_en="Institute of Weaving"
    )


def test_every_linked_record_moves_the_other_entry_points_here_and_rights_follow(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    kept, absorbed = pair
    person = make_user()
    make_staff(absorbed, person)
    make_supply(absorbed, "policy")
    make_seat(absorbed, "policy_group")
    InboxItem.objects.create(
        alliance=act,
        kind="x",
        key="x",
        scope="institution",
        institution_id=absorbed.pk,
        url_name="x",
        created_at=timezone.now(),
    )

    merge = merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())

    absorbed.refresh_from_db()
    assert (absorbed.state, absorbed.merged_into) == (InstitutionState.MERGED, kept)
    assert InstitutionStaff.objects.get().institution == kept
    assert ElementSupply.objects.get().institution == kept
    assert GroupMembership.objects.get().institution == kept
    assert InboxItem.objects.get().institution_id == kept.pk
    assert can(person, "members.change_profile", kept)
    assert not can(person, "members.change_profile", absorbed)
    assert set(MergeStep.objects.filter(merge=merge).values_list("table", "column", "outcome")) == {
        ("members_institutionstaff", "institution_id", MergeOutcome.MOVED),
        ("members_elementsupply", "institution_id", MergeOutcome.MOVED),
        ("groups_groupmembership", "institution_id", MergeOutcome.MOVED),
        ("alliance_inboxitem", "institution_id", MergeOutcome.MOVED),
    }
    entry = AuditEntry.objects.of(act).get(verb="merge_institutions")
    assert json.loads(entry.record)["after"] == {"absorbed": "I-2", "moved": 4, "left": 0, "filled": []}
    assert OutboxEvent.objects.filter(kind=INSTITUTIONS_MERGED).count() == 1
    open_period = InstitutionStanding.objects.get(institution=absorbed, ends_at__isnull=True)
    assert open_period.state == InstitutionState.MERGED


def test_what_the_other_entry_has_of_its_own_stays_there_and_the_preview_says_so(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    kept, absorbed = pair
    make_seat(kept, "policy_group")
    staying = make_seat(absorbed, "policy_group")
    make_seat(absorbed, "wisdom_group")
    make_supply(kept, "policy")
    twice = make_supply(absorbed, "policy")

    before = table_rows()
    preview = preview_merge(act, "I-1", "I-2", actor=secretary)
    assert table_rows() == before
    assert {row.link.key: (row.count, row.left) for row in preview.rows} == {
        "groups.GroupMembership.institution": (2, 1),
        "members.ElementSupply.institution": (1, 1),
    }
    assert (preview.moved, preview.staying, preview.objections) == (1, 2, [])

    merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())

    assert set(MergeStep.objects.filter(outcome=MergeOutcome.LEFT).values_list("table", "row_id")) == {
        ("groups_groupmembership", staying.pk),
        ("members_elementsupply", twice.pk),
    }
    assert GroupMembership.objects.get(pk=staying.pk).institution == absorbed


def test_empty_fields_are_filled_and_come_back_empty(act: Alliance, secretary: User) -> None:
    kept = make_institution(act, code="I-1", name_en="", name_zh="织造研究院", joined_on=None)
    absorbed = make_institution(
        act,
        code="I-2",
        name_en="Weaving Institute",
        registry_scheme="uscc",
        registry_code="91310000MA1FL0T27X",
        web="https://weave.org.cn",
        contact_email="office@weave.org.cn",
        joined_on=date(2025, 3, 1),
    )
    before = table_rows()

    assert preview_merge(act, "I-1", "I-2", actor=secretary).filled == {
        "name_en": "Weaving Institute",
        "web": "https://weave.org.cn",
        "contact_email": "office@weave.org.cn",
        "joined_on": date(2025, 3, 1),
        "registry_scheme": "uscc",
        "registry_code": "91310000MA1FL0T27X",
    }
    merge = merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())
    kept.refresh_from_db()
    absorbed.refresh_from_db()
    assert (kept.name_en, kept.name_key, kept.registry_code) == (
        "Weaving Institute",
        "weaving institute",
        "91310000MA1FL0T27X",
    )
    assert (absorbed.registry_code, absorbed.name_en) == ("", "Weaving Institute")
    entry = AuditEntry.objects.of(act).get(verb="merge_institutions")
    assert "office@weave" not in entry.record

    undo_merge(act, merge.uuid, actor=secretary, at=timezone.now())
    assert table_rows() == before


def test_a_mark_that_filling_took_off_is_back_after_the_undo(act: Alliance, secretary: User) -> None:
    kept = make_institution(act, code="I-1", name_en="", name_zh="织造研究院")
    make_institution(act, code="I-2", name_en="Weaving Institute")
    mark = FactMark.objects.create(
        alliance=act, institution=kept, fact="name", value_digest="0" * 64, valid_until=date(2027, 5, 1)
    )

    merge = merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())
    mark.refresh_from_db()
    assert mark.valid_until is None

    undo_merge(act, merge.uuid, actor=secretary, at=timezone.now())
    mark.refresh_from_db()
    assert mark.valid_until == date(2027, 5, 1)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_merge_and_undo_leave_every_table_as_it_was(alliance: Alliance, secretary: User, data: Any) -> None:
    from django.db import transaction

    class RollBack(Exception):  # noqa: N818 - ends one example
        pass

    columns = [link.key for link in list_links() if not link.is_untouched]
    chosen = data.draw(st.sets(st.sampled_from(columns)))
    swapped = data.draw(st.booleans())
    with tenancy.acting_in(alliance):
        try:
            with transaction.atomic():
                made = fill_tenant_tables(alliance)
                Motion.objects.filter(state=MotionState.OPEN).update(state=MotionState.DRAFT, opened_at=None)
                first = Institution.objects.get(pk=made[Institution].pk)
                second = make_institution(alliance, code="twin", name_en="Twin of Row")
                Institution.objects.filter(state=InstitutionState.MERGED).update(state="active", merged_into=None)
                name_both(first, second, chosen)
                kept, absorbed = (second, first) if swapped else (first, second)
                before = table_rows()
                merge = merge_institutions(alliance, kept.code, absorbed.code, actor=secretary, at=timezone.now())
                moved = MergeStep.objects.filter(merge=merge, outcome=MergeOutcome.MOVED).count()
                parted = undo_merge(alliance, merge.uuid, actor=secretary, at=timezone.now() + timedelta(days=29))
                after = table_rows()
                assert (parted.back, parted.stayed) == (moved, 0)
                assert {t: r for t, r in after.items() if r != before[t]} == {}
                raise RollBack
        except RollBack:
            pass


def test_a_row_changed_since_stays_and_one_deleted_is_left_out(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    kept, absorbed = pair
    third = make_institution(act, code="I-3")
    passed_on = make_supply(absorbed, "policy")
    deleted = make_supply(absorbed, "talent")
    own = make_supply(absorbed, "technology")
    merge = merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())
    ElementSupply.objects.filter(pk=passed_on.pk).update(institution=third)
    deleted.delete()
    added = make_supply(kept, "capital")

    parted = undo_merge(act, merge.uuid, actor=secretary, at=timezone.now())

    assert (parted.back, parted.stayed) == (1, 2)
    assert {s.pk: s.institution_id for s in ElementSupply.objects.all()} == {
        passed_on.pk: third.pk,
        own.pk: absorbed.pk,
        added.pk: kept.pk,
    }
    assert OutboxEvent.objects.filter(kind=INSTITUTIONS_PARTED).count() == 1
    assert AuditEntry.objects.of(act).filter(verb="undo_merge").count() == 1


def test_a_field_changed_since_keeps_its_new_value(act: Alliance, secretary: User) -> None:
    kept = make_institution(act, code="I-1")
    make_institution(act, code="I-2", web="https://old.example.org", contact_email="a@b.org")
    merge = merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())
    Institution.objects.filter(pk=kept.pk).update(web="https://new.example.org")

    undo_merge(act, merge.uuid, actor=secretary, at=timezone.now())

    kept.refresh_from_db()
    assert (kept.web, kept.contact_email) == ("https://new.example.org", "")


def test_a_merge_is_undone_once_and_within_thirty_days(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    at = timezone.now()
    merge = merge_institutions(act, "I-1", "I-2", actor=secretary, at=at)

    with pytest.raises(DomainError, match="30 days"):
        undo_merge(act, merge.uuid, actor=secretary, at=at + timedelta(days=30))
    undo_merge(act, merge.uuid, actor=secretary, at=at + timedelta(days=30, seconds=-1))
    with pytest.raises(DomainError, match="undone already"):
        undo_merge(act, merge.uuid, actor=secretary, at=at)


def test_a_merge_followed_by_another_is_undone_after_it(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    make_institution(act, code="I-3")
    before = table_rows()
    first = merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())
    second = merge_institutions(act, "I-3", "I-1", actor=secretary, at=timezone.now())

    with pytest.raises(DomainError, match="itself merged"):
        undo_merge(act, first.uuid, actor=secretary, at=timezone.now())
    undo_merge(act, second.uuid, actor=secretary, at=timezone.now())
    undo_merge(act, first.uuid, actor=secretary, at=timezone.now())
    assert table_rows() == before


def test_an_undo_that_a_third_entry_stands_against_changes_nothing(act: Alliance, secretary: User) -> None:
    make_institution(act, code="I-1")
    absorbed = make_institution(act, code="I-2", registry_scheme="ror", registry_code="03yrm5c26")
    merge = merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())
    Institution.objects.filter(code="I-1").update(registry_code="", registry_scheme="none")
    make_institution(act, code="I-3", registry_scheme="ror", registry_code="03yrm5c26")

    with pytest.raises(InvalidInputError, match="Another entry"):
        undo_merge(act, merge.uuid, actor=secretary, at=timezone.now())

    absorbed.refresh_from_db()
    assert absorbed.state == InstitutionState.MERGED


def test_a_filled_place_that_equals_a_third_entry_is_refused(act: Alliance, secretary: User) -> None:
    make_institution(act, code="I-1", name_en="Weaving Institute")
    make_institution(act, code="I-2", name_en="Weaving Institute Hangzhou", region_code="330000")
    make_institution(act, code="I-3", name_en="Weaving Institute", region_code="330000")

    with pytest.raises(InvalidInputError, match="third"):
        merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())


@pytest.mark.parametrize("ballot", [BallotForm.SECRET, BallotForm.OPEN])
@pytest.mark.parametrize("place", [0, 1])
def test_entries_on_the_roll_of_an_open_vote_are_merged_only_after_it(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User, ballot: str, place: int
) -> None:
    """A vote of the absorbed entry would be dropped at the close, for a closed entry does not count."""
    motion = Motion.objects.create(
        alliance=act,
        code="M-1",
        group=make_group(act),
        title_en="x",
        state=MotionState.OPEN,
        ballot=ballot,
        created_at=timezone.now(),
        opened_at=timezone.now(),
        closes_at=timezone.now() + timedelta(days=1),
    )
    elector = MotionElector.objects.create(alliance=act, motion=motion, institution=pair[place])

    assert preview_merge(act, "I-1", "I-2", actor=secretary).objections
    with pytest.raises(DomainError, match="vote on motion M-1") as refusal:
        merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())
    assert refusal.value.code == "merge_refused"

    Motion.objects.filter(pk=motion.pk).update(state=MotionState.WITHDRAWN, closed_at=timezone.now())
    merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())
    elector.refresh_from_db()
    assert elector.institution == pair[place], "the roll is frozen when a motion is opened"


def test_an_entry_is_not_merged_with_itself_nor_twice(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    make_institution(act, code="I-3")
    with pytest.raises(DomainError, match="two different"):
        merge_institutions(act, "I-1", "I-1", actor=secretary, at=timezone.now())
    merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())

    for kept, absorbed in (("I-3", "I-2"), ("I-2", "I-3")):
        with pytest.raises(DomainError, match="merged into another entry already"):
            merge_institutions(act, kept, absorbed, actor=secretary, at=timezone.now())


def test_only_the_office_merges_and_undoes(
    act: Alliance,
    pair: tuple[Institution, Institution],
    secretary: User,
    office_admin: User,
    committee_member: User,
    auditor: User,
    stranger: User,
) -> None:
    representative = make_user()
    make_staff(pair[0], representative, role=StaffRole.REPRESENTATIVE)
    merge = merge_institutions(act, "I-1", "I-2", actor=office_admin, at=timezone.now())

    for person in (committee_member, auditor, stranger, representative):
        with pytest.raises(PermissionRefusedError):
            undo_merge(act, merge.uuid, actor=person, at=timezone.now())
        with pytest.raises(PermissionRefusedError):
            preview_merge(act, "I-1", "I-2", actor=person)
        with pytest.raises(PermissionRefusedError):
            merge_institutions(act, "I-1", "I-2", actor=person, at=timezone.now())


def test_entries_of_another_alliance_are_not_found(
    act: Alliance, other_alliance: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    with tenancy.acting_in(other_alliance):
        make_institution(other_alliance, code="X-9")

    with pytest.raises(Institution.DoesNotExist):
        merge_institutions(act, "I-1", "X-9", actor=secretary, at=timezone.now())


def test_the_pair_is_settled_by_the_merge_and_open_after_the_undo(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    found = DuplicatePair.objects.create(alliance=act, first=pair[0], second=pair[1], score="0.9", found_at=timezone.now())
    merge = merge_institutions(act, "I-2", "I-1", actor=secretary, at=timezone.now())
    found.refresh_from_db()
    assert (found.state, found.decided_by) == (DuplicateState.MERGED, secretary)

    undo_merge(act, merge.uuid, actor=secretary, at=timezone.now())
    found.refresh_from_db()
    assert (found.state, found.decided_by) == (DuplicateState.OPEN, None)


def test_many_rows_of_which_one_stands_in_the_way_move_all_the_same(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    kept, absorbed = pair
    day = date(2020, 1, 1)
    make_supply(kept, "policy", valid_from=day + timedelta(days=37))
    ElementSupply.objects.bulk_create(
        [
            ElementSupply(
                alliance=act, institution=absorbed, element="policy", scale="meso", valid_from=day + timedelta(days=number)
            )
            for number in range(60)
        ]
    )

    merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())

    assert ElementSupply.objects.filter(institution=kept).count() == 60
    assert ElementSupply.objects.get(institution=absorbed).valid_from == day + timedelta(days=37)


def test_experts_of_the_absorbed_entry_belong_to_the_one_that_stays(
    act: Alliance, pair: tuple[Institution, Institution], secretary: User
) -> None:
    expert = Expert.objects.create(alliance=act, code="E-1", institution=pair[1], name_en="A", sort_key="a")

    merge_institutions(act, "I-1", "I-2", actor=secretary, at=timezone.now())

    expert.refresh_from_db()
    assert expert.institution == pair[0]
    assert InstitutionMerge.objects.get().undo_until > timezone.now() + timedelta(days=29)
