"""The charter: drafted, adopted by the assembly, in force on its day, accepted by each member."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, InternalError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.kernel import tenancy
from alliance.kernel.differences import compare_texts
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, User
from groups.actions.charter import (
    EFFECT,
    accept_charter,
    adopt_charter,
    ask_for_acceptance,
    draft_charter,
    drop_charter,
    note_acceptance,
    propose_charter,
    put_charters_in_force,
    remove_article,
    set_charter_rules,
    what_is_missing,
    write_article,
    write_charter,
)
from groups.choices import CharterState, MotionState, Threshold, VoteBase
from groups.models import CharterAcceptance, CharterArticle, CharterVersion
from groups.selectors.charter import charter_in_force, end_of_grace, without_voting_rights
from groups.selectors.charter_text import charter_digest, read_charter, write_charter_text
from groups.selectors.electors import list_electors
from groups.selectors.motion_effects import effects
from groups.signals import CHARTER_ACCEPTED, CHARTER_IN_FORCE
from members.choices import InstitutionState, StaffRole
from members.models import Institution
from tests.factories.alliance import NOON, make_user
from tests.factories.charter import accept, make_charter
from tests.factories.members import make_institution, make_staff

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
TEXT = """# Charter
## 第一章 总则 · Chapter I General
### 第一条 名称 · Article 1 Name
本联盟名称为“织造联盟”。
The Alliance is named the Weaving Alliance.

### 第二条 宗旨 · Article 2 Purpose
提高决策支持水平。
Better decision support.
"""


def member(alliance: Alliance, **fields: Any) -> tuple[Institution, User]:
    institution = make_institution(alliance, **fields)
    return institution, make_staff(institution).user


# ------------------------------------------------------------------------------------------------------ reading it


def test_the_written_form_is_read_into_articles_of_both_languages() -> None:
    found = read_charter(TEXT)

    assert not found.faults
    assert [article.number for article in found.articles] == [1, 2]
    first = found.articles[0]
    assert (first.chapter_zh, first.chapter_en) == ("第一章 总则", "Chapter I General")
    assert (first.title_zh, first.title_en) == ("名称", "Name")
    assert first.body_zh == "本联盟名称为“织造联盟”。"
    assert first.body_en == "The Alliance is named the Weaving Alliance."


def test_what_was_read_can_be_written_and_read_again() -> None:
    found = read_charter(TEXT).articles

    again = read_charter(write_charter_text(found)).articles

    for one, other in zip(found, again, strict=True):
        one.line = other.line = 0
        assert one == other


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No article was found"),
        ("### 第一条 甲 · Article 2 A\n甲。\n", "two different numbers"),
        ("### 第二条 甲 · Article 2 A\n甲。\n", "is expected"),
        ("### 第一条 甲 · Article 1 A\n", "has no text"),
    ],
)
def test_every_fault_is_told_with_its_line(text: str, words: str) -> None:
    assert words in " ".join(str(fault) for fault in read_charter(text).faults)


@given(st.text("甲乙丙丁，。ab ", max_size=40), st.text("甲乙丙丁，。ab ", max_size=40), st.sampled_from(["zh", "en"]))
def test_a_comparison_gives_both_texts_back(old: str, new: str, language: str) -> None:
    pieces = compare_texts(old, new, language)

    assert "".join(piece.text for piece in pieces if piece.op != "ins") == old
    assert "".join(piece.text for piece in pieces if piece.op != "del") == new


# ----------------------------------------------------------------------------------------------------------- draft


def test_the_next_version_begins_as_a_copy_of_the_latest(act: Alliance, secretary: User) -> None:
    latest = make_charter(act, 2, grace_days=45)

    version = draft_charter(act, actor=secretary, at=NOON)

    assert (version.number, version.state, version.grace_days) == (3, CharterState.DRAFT, 45)
    assert list(version.articles.order_by("number").values_list("body_zh", flat=True)) == list(
        latest.articles.order_by("number").values_list("body_zh", flat=True)
    )
    assert AuditEntry.objects.of(act).filter(verb="draft_charter").exists()
    with pytest.raises(InvalidInputError) as refusal:
        draft_charter(act, actor=secretary, at=NOON)
    assert refusal.value.code == "charter_draft_open"


def test_only_the_secretariat_drafts(act: Alliance, committee_member: User, stranger: User) -> None:
    for person in (committee_member, stranger):
        with pytest.raises(PermissionRefusedError):
            draft_charter(act, actor=person, at=NOON)


def test_text_is_taken_in_whole_or_not_at_all(act: Alliance, secretary: User) -> None:
    version = make_charter(act, state=CharterState.DRAFT)

    with pytest.raises(InvalidInputError) as refusal:
        write_charter(act, 1, "### 第一条 甲 · Article 7 A\n甲。", actor=secretary, at=NOON)
    assert refusal.value.code == "charter_text_faulty"
    assert version.articles.count() == 3

    write_charter(act, 1, TEXT, actor=secretary, at=NOON)
    assert list(version.articles.order_by("number").values_list("title_en", flat=True)) == ["Name", "Purpose"]


def test_articles_are_changed_added_and_removed_in_a_draft(act: Alliance, secretary: User) -> None:
    version = make_charter(act, state=CharterState.DRAFT)

    write_article(act, 1, 2, title_zh="新", body_zh="新文。", actor=secretary, at=NOON)
    write_article(act, 1, 4, title_en="Last", body_en="Last.", actor=secretary, at=NOON)
    remove_article(act, 1, 1, actor=secretary, at=NOON)

    rows = list(version.articles.order_by("number").values_list("number", "title_zh", "title_en"))
    assert rows == [(1, "新", ""), (2, "标题3", "Title 3"), (3, "", "Last")]
    for number, values, code in ((9, {"body_en": "x"}, "article_number"), (1, {"title_en": "x"}, "article_empty")):
        with pytest.raises(InvalidInputError) as refusal:
            write_article(act, 1, number, actor=secretary, at=NOON, **values)
        assert refusal.value.code == code


def test_rules_outside_their_range_are_refused(act: Alliance, secretary: User) -> None:
    make_charter(act, state=CharterState.DRAFT)

    with pytest.raises(InvalidInputError) as refusal:
        set_charter_rules(
            act, 1, in_force_on=None, grace_days=999, quorum_numerator=3, quorum_denominator=2, actor=secretary, at=NOON
        )

    assert set(refusal.value.fields) == {"grace_days", "quorum_numerator"}


def test_a_draft_can_be_dropped_and_an_adopted_version_cannot(act: Alliance, secretary: User) -> None:
    make_charter(act, 1)
    make_charter(act, 2, state=CharterState.DRAFT)

    drop_charter(act, 2, actor=secretary, at=NOON)
    with pytest.raises(InvalidInputError) as refusal:
        drop_charter(act, 1, actor=secretary, at=NOON)

    assert refusal.value.code == "charter_adopted"
    assert not CharterVersion.objects.of(act).filter(number=2).exists()


# -------------------------------------------------------------------------------------------------------- adoption


def test_the_assembly_adopts_by_two_thirds_of_all_members(act: Alliance, secretary: User) -> None:
    version = make_charter(act, state=CharterState.DRAFT)

    motion = propose_charter(act, 1, actor=secretary, at=NOON)

    assert (motion.group, motion.threshold, motion.base) == (None, Threshold.TWO_THIRDS, VoteBase.ENTITLED)
    assert motion.effect == EFFECT
    assert effects.get(EFFECT).missing(act, motion) == []
    with pytest.raises(InvalidInputError) as refusal:  # what is before the voters does not change under them
        write_article(act, 1, 1, body_en="Another text.", actor=secretary, at=NOON)
    assert refusal.value.code == "charter_before_vote"

    motion.state = MotionState.REJECTED
    effects.get(EFFECT).apply(act, motion, NOON)
    version.refresh_from_db()
    assert version.state == CharterState.DRAFT

    motion.state = MotionState.PASSED
    effects.get(EFFECT).apply(act, motion, NOON)
    version.refresh_from_db()
    assert version.state == CharterState.ADOPTED
    assert version.digest == charter_digest(version, list(version.articles.all())) != ""
    assert version.in_force_on == date(2026, 11, 22)
    assert AuditEntry.objects.of(act).filter(verb="adopt_charter").exists()


def test_a_draft_in_one_language_is_not_put_to_the_vote(act: Alliance, secretary: User) -> None:
    version = make_charter(act, state=CharterState.DRAFT)
    version.articles.filter(number=2).update(body_en="")

    with pytest.raises(InvalidInputError) as refusal:
        propose_charter(act, 1, actor=secretary, at=NOON)

    assert refusal.value.code == "charter_incomplete"
    assert "2" in str(what_is_missing(act, version)[0])


def test_a_text_changed_after_the_motion_stops_the_opening(act: Alliance, secretary: User) -> None:
    version = make_charter(act, state=CharterState.DRAFT)
    motion = propose_charter(act, 1, actor=secretary, at=NOON)
    version.articles.filter(number=1).update(body_en="Slipped in.")

    assert "changed after the motion" in str(effects.get(EFFECT).missing(act, motion)[0])
    motion.state = MotionState.PASSED
    with pytest.raises(RuntimeError, match="not the one"):
        effects.get(EFFECT).apply(act, motion, NOON)


def test_it_comes_into_force_on_its_day_and_replaces_the_one_before(act: Alliance) -> None:
    old = make_charter(act, 1)
    new = make_charter(act, 2, state=CharterState.DRAFT)
    new.in_force_on = date(2026, 12, 1)
    new.save()
    adopt_charter(act, new, motion=None, at=NOON)

    assert put_charters_in_force(act, at=NOON) == []
    day = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)  # midnight of 1 December in Shanghai
    assert put_charters_in_force(act, at=day - timedelta(seconds=1)) == []
    assert [version.number for version in put_charters_in_force(act, at=day)] == [2]

    old.refresh_from_db()
    assert old.state == CharterState.SUPERSEDED
    assert charter_in_force(act) == new
    assert OutboxEvent.objects.of(act).filter(kind=CHARTER_IN_FORCE).count() == 1
    assert put_charters_in_force(act, at=day) == []


@pytest.mark.parametrize("state", [CharterState.ADOPTED, CharterState.IN_FORCE, CharterState.SUPERSEDED])
def test_the_database_keeps_an_adopted_charter_as_it_is(act: Alliance, state: str) -> None:
    version = make_charter(act, state=state)
    article = version.articles.get(number=1)

    attempts: list[Callable[[], object]] = [
        lambda: CharterArticle.objects.filter(pk=article.pk).update(body_zh="改"),
        lambda: CharterArticle.objects.filter(pk=article.pk).delete(),
        lambda: CharterArticle.objects.create(alliance=act, version=version, number=9, body_en="x"),
        lambda: CharterVersion.objects.filter(pk=version.pk).update(grace_days=99),
        lambda: CharterVersion.objects.filter(pk=version.pk).update(digest="0" * 64),
        lambda: CharterVersion.objects.filter(pk=version.pk).update(state=CharterState.DRAFT),
    ]
    for attempt in attempts:
        with (
            pytest.raises((DatabaseError, InternalError, ProgrammingError), match="read-only"),
            transaction.atomic(),
        ):
            attempt()
    assert version.articles.get(number=1).body_zh == article.body_zh


# ------------------------------------------------------------------------------------------------------ acceptance


def test_a_member_accepts_by_its_representative_or_signatory(act: Alliance) -> None:
    version = make_charter(act)
    institution, representative = member(act)
    signatory = make_staff(make_institution(act), role=StaffRole.SIGNATORY)
    clerk = make_staff(institution, role=StaffRole.STAFF).user

    with pytest.raises(PermissionRefusedError):
        accept_charter(act, 1, institution.code, digest=version.digest, actor=clerk, at=NOON)
    accepted = accept_charter(act, 1, institution.code, digest=version.digest, actor=representative, at=NOON)
    accept_charter(act, 1, signatory.institution.code, digest=version.digest, actor=signatory.user, at=NOON)

    assert (accepted.digest, accepted.accepted_at, accepted.user) == (version.digest, NOON, representative)
    assert AuditEntry.objects.of(act).filter(verb="accept_charter").count() == 2
    assert OutboxEvent.objects.of(act).filter(kind=CHARTER_ACCEPTED).count() == 2
    with pytest.raises(DomainError) as refusal:
        accept_charter(act, 1, institution.code, digest=version.digest, actor=representative, at=NOON)
    assert refusal.value.code == "charter_accepted"


def test_another_text_than_the_one_read_is_not_accepted(act: Alliance) -> None:
    make_charter(act)
    institution, representative = member(act)

    with pytest.raises(DomainError) as refusal:
        accept_charter(act, 1, institution.code, digest="0" * 64, actor=representative, at=NOON)

    assert refusal.value.code == "charter_digest_differs"
    assert not CharterAcceptance.objects.of(act).exists()


@pytest.mark.parametrize("state", [CharterState.DRAFT, CharterState.SUPERSEDED])
def test_drafts_and_former_versions_are_not_open_for_acceptance(act: Alliance, state: str) -> None:
    version = make_charter(act, state=state)
    institution, representative = member(act)

    with pytest.raises(DomainError) as refusal:
        accept_charter(act, 1, institution.code, digest=version.digest, actor=representative, at=NOON)

    assert refusal.value.code == "charter_not_open"


def test_nobody_accepts_for_another_institution_or_another_alliance(
    act: Alliance, other_alliance: Alliance, stranger: User
) -> None:
    version = make_charter(act)
    institution, _representative = member(act)
    _other, neighbour = member(act)
    with tenancy.acting_in(other_alliance):
        theirs = make_institution(other_alliance, code="FOREIGN")

    for person in (neighbour, stranger):
        with pytest.raises(PermissionRefusedError):
            accept_charter(act, 1, institution.code, digest=version.digest, actor=person, at=NOON)
    with pytest.raises(NotFoundError):
        accept_charter(act, 1, theirs.code, digest=version.digest, actor=neighbour, at=NOON)


def test_an_admitted_institution_becomes_a_member_by_its_acceptance(act: Alliance) -> None:
    version = make_charter(act)
    institution, representative = member(act, state=InstitutionState.CHARTER_PENDING)

    accept_charter(act, 1, institution.code, digest=version.digest, actor=representative, at=NOON)

    institution.refresh_from_db()
    assert institution.state == InstitutionState.ACTIVE


def test_the_office_notes_a_signed_paper_and_keeps_it(act: Alliance, secretary: User, committee_member: User) -> None:
    make_charter(act)
    institution, _person = member(act)
    paper = SimpleUploadedFile("signed.pdf", PDF)

    for actor, values, error in (
        (committee_member, {}, PermissionRefusedError),
        (secretary, {"signed_on": date(2026, 11, 22)}, InvalidInputError),
        (secretary, {"signed_on": date(2026, 1, 1)}, InvalidInputError),
        (secretary, {"paper": None}, InvalidInputError),
    ):
        options: dict[str, Any] = {"signed_on": date(2026, 4, 20), "paper": paper, **values}
        with pytest.raises(error):
            note_acceptance(act, 1, institution.code, actor=actor, at=NOON, **options)
    noted = note_acceptance(act, 1, institution.code, signed_on=date(2026, 4, 20), paper=paper, actor=secretary, at=NOON)

    assert noted.noted_from_paper
    assert noted.file is not None


def test_the_database_keeps_acceptances(act: Alliance) -> None:
    accepted = accept(make_charter(act), make_institution(act))

    for attempt in (
        lambda: CharterAcceptance.objects.filter(pk=accepted.pk).update(digest="0" * 64),
        lambda: CharterAcceptance.objects.filter(pk=accepted.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()


# -------------------------------------------------------------------------------------- votes lost and won back


def test_the_vote_is_lost_at_the_end_of_the_grace_and_comes_back_with_the_acceptance(act: Alliance) -> None:
    version = make_charter(act, grace_days=30)
    institution, representative = member(act)
    other = make_institution(act)
    accept(version, other, at=datetime(2026, 4, 2, tzinfo=UTC))
    end = end_of_grace(version)

    assert end == datetime(2026, 4, 30, 16, 0, tzinfo=UTC)  # midnight after 30 April in Shanghai
    assert without_voting_rights(act, end - timedelta(microseconds=1)) == set()
    assert without_voting_rights(act, end) == {institution.pk}
    assert list(list_electors(act, None, end)) == [other]

    accept_charter(act, 1, institution.code, digest=version.digest, actor=representative, at=NOON)
    assert without_voting_rights(act, NOON) == set()


def test_a_new_version_asks_everybody_again(act: Alliance) -> None:
    old = make_charter(act, 1)
    institution = make_institution(act)
    accept(old, institution)
    new = make_charter(act, 2, state=CharterState.DRAFT)
    adopt_charter(act, new, motion=None, at=NOON)
    put_charters_in_force(act, at=NOON + timedelta(days=1))

    assert ask_for_acceptance(act, at=NOON + timedelta(days=1)) == 1
    assert without_voting_rights(act, NOON + timedelta(days=1)) == set()
    assert without_voting_rights(act, NOON + timedelta(days=40)) == {institution.pk}


def test_members_are_asked_once_and_reminded_before_and_after_the_end(act: Alliance) -> None:
    version = make_charter(act, grace_days=30, in_force_on=timezone.localdate())
    institution, representative = member(act)
    end = end_of_grace(version)

    for at in (end - timedelta(days=20), end - timedelta(days=20), end - timedelta(days=6), end, end):
        assert ask_for_acceptance(act, at=at) == 1

    assert InboxItem.objects.of(act).filter(key=f"charter:1:{institution.pk}").count() == 1
    told = Notification.objects.of(act).filter(user=representative).order_by("id")
    assert [row.kind for row in told] == ["charter_acceptance", "charter_reminder", "charter_no_vote"]
    accept_charter(act, 1, institution.code, digest=version.digest, actor=representative, at=NOON)
    assert not InboxItem.objects.of(act).filter(done_at__isnull=True).exists()


def test_asking_takes_as_many_statements_for_many_members_as_for_one(act: Alliance) -> None:
    make_charter(act, grace_days=30)
    make_institution(act)
    with CaptureQueriesContext(connection) as one:
        ask_for_acceptance(act, at=NOON)
    for _turn in range(12):
        make_institution(act)

    with CaptureQueriesContext(connection) as many:
        assert ask_for_acceptance(act, at=NOON) == 13
    with CaptureQueriesContext(connection) as again:
        assert ask_for_acceptance(act, at=NOON) == 13

    assert InboxItem.objects.of(act).filter(key__startswith="charter:1:", done_at__isnull=True).count() == 13
    assert len(many) == len(one)
    assert len(again) < len(one)


def test_people_of_members_that_were_told_are_not_looked_for_again(act: Alliance) -> None:
    make_charter(act, grace_days=30)
    make_staff(make_institution(act), role=StaffRole.REPRESENTATIVE)
    with CaptureQueriesContext(connection) as first:
        ask_for_acceptance(act, at=NOON)

    with CaptureQueriesContext(connection) as again:
        ask_for_acceptance(act, at=NOON)

    looked = [sum("members_institutionstaff" in query["sql"] for query in queries) for queries in (first, again)]
    assert looked == [1, 0]


def test_who_is_appointed_later_is_told_then_and_once_though_in_two_roles(act: Alliance) -> None:
    at = end_of_grace(make_charter(act, grace_days=30, in_force_on=timezone.localdate())) - timedelta(days=20)
    institution = make_institution(act)
    ask_for_acceptance(act, at=at)
    person = make_user("later@example.org")
    for role in (StaffRole.REPRESENTATIVE, StaffRole.SIGNATORY):
        make_staff(institution, person, role=role)

    for _turn in range(2):
        ask_for_acceptance(act, at=at)

    assert [row.kind for row in Notification.objects.of(act).filter(user=person)] == ["charter_acceptance"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.lists(
        st.tuples(st.booleans(), st.sampled_from(list(InstitutionState.values)), st.integers(-40, 40)),
        min_size=1,
        max_size=6,
    ),
    days=st.integers(-40, 40),
)
def test_nobody_without_acceptance_past_the_grace_can_vote(
    act: Alliance, plan: list[tuple[bool, str, int]], days: int
) -> None:
    """Against a model in plain Python: whoever may vote is active and accepted in time, or the grace still runs."""
    point = transaction.savepoint()
    try:
        version = make_charter(act, grace_days=30)
        end = end_of_grace(version)
        at = end + timedelta(days=days)
        expected = set()
        for accepts, state, offset in plan:
            if state == InstitutionState.MERGED:
                continue
            institution = make_institution(act, state=state)
            moment = end + timedelta(days=offset)
            if accepts:
                accept(version, institution, at=moment)
            if state == InstitutionState.ACTIVE and (at < end or (accepts and moment <= at)):
                expected.add(institution.pk)

        assert set(list_electors(act, None, at).values_list("pk", flat=True)) == expected
    finally:
        transaction.savepoint_rollback(point)


def test_a_person_of_nothing_may_do_nothing(act: Alliance) -> None:
    version = make_charter(act)
    institution, _person = member(act)

    with pytest.raises(PermissionRefusedError):
        accept_charter(act, 1, institution.code, digest=version.digest, actor=make_user(), at=NOON)
