"""Entries of a workbook: taken once, checked, carried out, struck out."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from alliance.actions.files import open_for_reader
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
)
from alliance.kernel.uploads import UploadRefusedError
from alliance.models import Alliance, AuditEntry, AuditPersonal, InboxItem, OutboxEvent, StoredFile
from operations.actions.feedback import submit_feedback
from operations.actions.pilot import ask_for_feedback
from operations.actions.point import answer_point
from operations.actions.workbook import Entry, PilotClosedError, strike_entry, write_entry
from operations.choices import ParticipantState, PilotState, PointState, ProductState
from operations.models import FeedbackPoint, Pilot, PilotFeedback, PilotParticipant, Reading, WorkbookEntry
from tests.factories.operations import Cast, make_pilot, make_product, make_staff
from tests.factories.workbook import entry_of, make_photo, scores_of

pytestmark = pytest.mark.django_db
KINDS = ("reading", "scores", "defect", "suggestion", "note", "photo")


def today() -> str:
    return timezone.localdate().isoformat()


@pytest.fixture
def pilot(cast: Cast) -> Pilot:
    """An open round at three sites, with two criteria and a measure."""
    return make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)


def write(
    cast: Cast, pilot: Pilot, entry: Entry, *, firm: int = 0, at: datetime | None = None
) -> tuple[WorkbookEntry, bool]:
    return write_entry(
        cast.alliance,
        pilot.product.code,
        institution_id=cast.firms[firm].pk,
        entry=entry,
        actor=cast.testers[firm],
        at=at or timezone.now(),
    )


def strike(cast: Cast, pilot: Pilot, key: uuid.UUID, *, firm: int = 0, reason: str = "Wrong loom") -> WorkbookEntry:
    return strike_entry(
        cast.alliance,
        pilot.product.code,
        key,
        institution_id=cast.firms[firm].pk,
        reason=reason,
        actor=cast.testers[firm],
        at=timezone.now(),
    )


def sample(kind: str, **more: Any) -> Entry:
    if kind == "reading":
        more["taken_on"] = today()
    return entry_of(kind, **more)


# -- taking


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_sent_twice_is_one_entry_with_one_effect(cast: Cast, pilot: Pilot, kind: str) -> None:
    entry = sample(kind)

    first, is_new = write(cast, pilot, entry)
    again, is_new_again = write(cast, pilot, entry)

    assert (is_new, is_new_again) == (True, False)
    assert first.pk == again.pk
    assert WorkbookEntry.objects.count() == 1
    effects = [Reading, PilotFeedback, FeedbackPoint, StoredFile]
    assert sum(model.objects.count() for model in effects) == (0 if kind == "note" else 1)  # type: ignore[attr-defined]
    assert AuditEntry.objects.filter(verb="write_entry").count() == 1
    assert OutboxEvent.objects.filter(kind="operations.workbook_entry_written").count() == 1


def test_the_same_key_with_other_content_is_refused(cast: Cast, pilot: Pilot) -> None:
    entry = sample("note")
    write(cast, pilot, entry)

    for other in (
        replace(entry, body={"text": "Something else"}),
        replace(entry, kind="suggestion"),
        replace(entry, round=1),
    ):
        with pytest.raises(DomainError) as refused:
            write(cast, pilot, other)
        assert refused.value.code == "entry_key_reused"
    photo = sample("photo")
    write(cast, pilot, photo)
    with pytest.raises(DomainError) as refused:
        write(cast, pilot, replace(photo, file=make_photo(colour="blue")))
    assert refused.value.code == "entry_key_reused"
    assert refused.value.status == 409
    assert WorkbookEntry.objects.count() == 2


def test_two_sites_may_use_the_same_key(cast: Cast, pilot: Pilot) -> None:
    key = uuid.uuid4()

    assert write(cast, pilot, sample("note", key=key))[1]
    assert write(cast, pilot, sample("note", key=key), firm=1)[1]


def test_a_reading_is_kept_to_its_last_digit(cast: Cast, pilot: Pilot) -> None:
    write(cast, pilot, sample("reading", body={"value": "0.000001"}))

    reading = Reading.objects.get()
    assert reading.value == Decimal("0.000001")
    assert (reading.measure.position, reading.phase, reading.taken_on) == (1, "after", timezone.localdate())
    assert reading.participant.institution == cast.firms[0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"value": "12,5"}, "value"),
        ({"value": "NaN"}, "value"),
        ({"value": "1e12"}, "value"),
        ({"value": "0.0000001"}, "value"),
        ({"value": 0.1}, "value"),
        ({"value": None}, "value"),
        ({"measure": 9}, "measure"),
        ({"measure": True}, "measure"),
        ({"phase": "during"}, "phase"),
        ({"taken_on": "yesterday"}, "taken_on"),
        ({"taken_on": "2999-01-01"}, "taken_on"),
        ({"taken_on": "2000-01-01"}, "taken_on"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_reading_that_breaks_a_rule_is_refused_at_its_field(
    cast: Cast, pilot: Pilot, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        write(cast, pilot, sample("reading", body=body))

    assert list(refused.value.fields) == [field]
    assert not WorkbookEntry.objects.exists()


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("scores", {"scores": {"1": 4}}, "score_2"),
        ("scores", {"scores": {"1": 4, "2": 6}}, "score_2"),
        ("scores", {"scores": {"1": 4, "2": "5"}}, "score_2"),
        ("scores", {"scores": {"1": 4, "2": 5, "3": 5}}, "score_3"),
        ("scores", {"scores": [4, 5]}, "score_1"),
        ("defect", {"severity": "awful"}, "severity"),
        ("defect", {"text": " \n"}, "text"),
        ("suggestion", {"text": "x" * 4001}, "text"),
        ("note", {"text": ""}, "text"),
        ("photo", {"caption": "x" * 301}, "caption"),
    ],
)
def test_other_entries_that_break_a_rule_are_refused_at_their_field(
    cast: Cast, pilot: Pilot, kind: str, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        write(cast, pilot, sample(kind, body=body))

    assert field in refused.value.fields
    assert not WorkbookEntry.objects.exists()


def test_an_unknown_kind_and_a_photo_without_a_file_are_refused(cast: Cast, pilot: Pilot) -> None:
    with pytest.raises(InvalidInputError):
        write(cast, pilot, Entry(key=uuid.uuid4(), kind="wish", body={}))
    with pytest.raises(InvalidInputError) as refused:
        write(cast, pilot, sample("photo", file=None))
    assert list(refused.value.fields) == ["file"]
    with pytest.raises(UploadRefusedError):
        write(cast, pilot, sample("photo", file=make_photo("loom.exe")))


def test_the_newest_scores_of_a_person_count_in_whatever_order_they_arrive(cast: Cast, pilot: Pilot) -> None:
    now = timezone.now()
    late = sample("scores", body=scores_of(5, 5), noted_at=now - timedelta(minutes=1))
    early = sample("scores", body=scores_of(1, 1), noted_at=now - timedelta(minutes=9))

    write(cast, pilot, late)
    write(cast, pilot, early)

    feedback = PilotFeedback.objects.get()
    assert sorted(feedback.scores.values_list("score", flat=True)) == [5, 5]
    assert WorkbookEntry.objects.count() == 2


def test_a_clock_that_runs_ahead_does_not_stay_the_newest_for_ever(cast: Cast, pilot: Pilot) -> None:
    now = timezone.now()
    write(cast, pilot, sample("scores", body=scores_of(1, 1), noted_at=now + timedelta(days=300)), at=now)

    write(cast, pilot, sample("scores", body=scores_of(5, 4)), at=now + timedelta(minutes=1))

    assert sorted(PilotFeedback.objects.get().scores.values_list("score", flat=True)) == [4, 5]


def test_each_person_of_a_site_has_an_answer_and_the_site_has_answered(cast: Cast, pilot: Pilot) -> None:
    colleague = make_staff(cast.alliance, cast.firms[0])
    participant = pilot.participants.get(institution=cast.firms[0])
    ask_for_feedback(pilot, participant, at=timezone.now())

    write(cast, pilot, sample("scores"))
    write_entry(
        cast.alliance,
        pilot.product.code,
        institution_id=cast.firms[0].pk,
        entry=sample("scores"),
        actor=colleague,
        at=timezone.now(),
    )

    assert PilotFeedback.objects.count() == 2
    participant.refresh_from_db()
    assert participant.state == ParticipantState.ANSWERED
    assert not InboxItem.objects.filter(key__startswith="pilot-feedback:", done_at=None).exists()


def test_defects_and_suggestions_become_points_in_their_language(cast: Cast, pilot: Pilot) -> None:
    write(cast, pilot, sample("defect"))
    write(cast, pilot, sample("suggestion"))

    defect, suggestion = FeedbackPoint.objects.order_by("pk")
    assert (defect.source, defect.severity, defect.text_en, defect.text_zh) == (
        "defect",
        "major",
        "The belt slips at 80 °C.",
        "",
    )
    assert (suggestion.source, suggestion.text_en, suggestion.text_zh) == ("suggestion", "", "请加一张低温对照表。")
    assert {defect.version, suggestion.version} == {pilot.version}
    assert defect.participant == pilot.participants.get(institution=cast.firms[0])


def test_a_photo_is_open_to_the_site_and_the_makers_and_to_no_other_site(cast: Cast, pilot: Pilot) -> None:
    entry, _new = write(cast, pilot, sample("photo"))

    assert entry.file is not None
    for reader in (cast.testers[0], cast.writer, cast.editor, cast.secretary):
        open_for_reader(cast.alliance, entry.file.uuid, reader=reader)[1].close()
    for stranger in (cast.testers[1], cast.reviewer):
        with pytest.raises(NotFoundError):
            open_for_reader(cast.alliance, entry.file.uuid, reader=stranger)


def test_free_words_stay_out_of_the_clear_part_of_the_log(cast: Cast, pilot: Pilot) -> None:
    write(cast, pilot, sample("defect"))

    record = AuditEntry.objects.get(verb="write_entry")
    assert "belt" not in record.record
    assert "belt" in AuditPersonal.objects.get(entry_id=record.pk).value


# -- when


def test_before_the_start_only_a_baseline_is_taken(cast: Cast) -> None:
    planned = make_pilot(
        make_product(cast, ProductState.PILOTING),
        cast.firms,
        state=PilotState.PLANNED,
        starts_at=timezone.now() + timedelta(days=2),
    )

    entry, _new = write(cast, planned, sample("reading", body={"phase": "baseline"}))

    assert Reading.objects.get(key=entry.key).phase == "baseline"
    for kind in KINDS[1:]:
        with pytest.raises(PilotClosedError) as refused:
            write(cast, planned, sample(kind))
        assert refused.value.code == "pilot_not_open"


def test_a_baseline_ends_where_the_trial_begins(cast: Cast, pilot: Pilot) -> None:
    with pytest.raises(PilotClosedError) as refused:
        write(cast, pilot, sample("reading", body={"phase": "baseline"}))

    assert refused.value.code == "baseline_over"


@pytest.mark.parametrize(
    "state",
    [PilotState.AGGREGATING, PilotState.PASSED, PilotState.FAILED, PilotState.INCONCLUSIVE, PilotState.CANCELLED],
)
def test_a_closed_round_takes_nothing_whenever_it_was_noted(cast: Cast, pilot: Pilot, state: str) -> None:
    Pilot.objects.filter(pk=pilot.pk).update(state=state, closed_at=timezone.now())

    for kind in KINDS:
        with pytest.raises(PilotClosedError):
            write(cast, pilot, sample(kind, noted_at=timezone.now() - timedelta(days=3)))
    assert not WorkbookEntry.objects.exists()


def test_the_deadline_itself_counts_and_a_microsecond_later_does_not(cast: Cast, pilot: Pilot) -> None:
    write(cast, pilot, sample("note"), at=pilot.deadline)

    with pytest.raises(PilotClosedError):
        write(cast, pilot, sample("note"), at=pilot.deadline + timedelta(microseconds=1))


def test_what_was_taken_is_told_again_after_the_close(cast: Cast, pilot: Pilot) -> None:
    entry = sample("defect")
    write(cast, pilot, entry)
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.PASSED)

    assert write(cast, pilot, entry)[1] is False


def test_what_waited_on_a_phone_never_enters_a_later_round(cast: Cast, pilot: Pilot) -> None:
    arrived, waited = sample("note", round=1), sample("note", round=1)
    write(cast, pilot, arrived)
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.FAILED)
    make_pilot(pilot.product, cast.firms, version=2)

    with pytest.raises(PilotClosedError):
        write(cast, pilot, waited)
    assert write(cast, pilot, arrived)[1] is False
    assert WorkbookEntry.objects.count() == 1


# -- who


def test_only_people_of_a_site_write_for_it(cast: Cast, pilot: Pilot) -> None:
    for actor in (cast.writer, cast.secretary, cast.committee, cast.testers[1]):
        with pytest.raises(PermissionRefusedError):
            write_entry(
                cast.alliance,
                pilot.product.code,
                institution_id=cast.firms[0].pk,
                entry=sample("note"),
                actor=actor,
                at=timezone.now(),
            )


def test_an_invited_site_accepts_before_it_writes(cast: Cast, pilot: Pilot) -> None:
    PilotParticipant.objects.filter(pilot=pilot).update(state=ParticipantState.INVITED)

    with pytest.raises(DomainError) as refused:
        write(cast, pilot, sample("note"))
    assert refused.value.code == "not_accepted"


@pytest.mark.parametrize("state", [ParticipantState.WITHDRAWN, ParticipantState.DECLINED])
def test_a_site_that_left_writes_nothing(cast: Cast, pilot: Pilot, state: str) -> None:
    PilotParticipant.objects.filter(pilot=pilot, institution=cast.firms[0]).update(state=state)

    with pytest.raises(DomainError) as refused:
        write(cast, pilot, sample("note"))
    assert refused.value.status in {403, 404}


def test_an_institution_that_stands_aside_writes_nothing(cast: Cast, pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_alliance: Alliance, institutions: Any, matter: str) -> None:
        assert (institutions, matter) == (cast.firms[0].pk, pilot.product.matter)
        raise ConflictOfInterestError("aside")

    monkeypatch.setattr("operations.actions.workbook.require_no_conflict", refuse)

    with pytest.raises(ConflictOfInterestError):
        write(cast, pilot, sample("note"))


def test_one_person_scores_for_one_site_only(cast: Cast, pilot: Pilot) -> None:
    make_staff(cast.alliance, cast.firms[1], user=cast.testers[0])
    write(cast, pilot, sample("scores"))

    with pytest.raises(DomainError) as refused:
        write_entry(
            cast.alliance,
            pilot.product.code,
            institution_id=cast.firms[1].pk,
            entry=sample("scores"),
            actor=cast.testers[0],
            at=timezone.now(),
        )
    assert refused.value.code == "answered_elsewhere"


def test_another_alliance_knows_nothing_of_the_workbook(cast: Cast, pilot: Pilot, other_alliance: Alliance) -> None:
    entry, _new = write(cast, pilot, sample("note"))

    with tenancy.acting_in(other_alliance):
        with pytest.raises(NotFoundError):
            write_entry(
                other_alliance,
                pilot.product.code,
                institution_id=cast.firms[0].pk,
                entry=sample("note"),
                actor=cast.testers[0],
                at=timezone.now(),
            )
        with pytest.raises(NotFoundError):
            strike_entry(
                other_alliance,
                pilot.product.code,
                entry.key,
                institution_id=cast.firms[0].pk,
                reason="x",
                actor=cast.testers[0],
                at=timezone.now(),
            )


# -- striking


@pytest.mark.parametrize("kind", KINDS)
def test_a_struck_entry_stays_and_its_effect_goes(cast: Cast, pilot: Pilot, kind: str) -> None:
    entry, _new = write(cast, pilot, sample(kind))

    strike(cast, pilot, entry.key)

    kept = WorkbookEntry.objects.get()
    assert (kept.struck_reason, kept.struck_by) == ("Wrong loom", cast.testers[0])
    assert not FeedbackPoint.objects.exists()
    assert not PilotFeedback.objects.exists()
    assert not Reading.objects.filter(struck_at=None).exists()
    assert AuditEntry.objects.filter(verb="strike_entry").count() == 1
    assert OutboxEvent.objects.filter(kind="operations.workbook_entry_struck").count() == 1
    with pytest.raises(DomainError) as refused:
        strike(cast, pilot, entry.key)
    assert refused.value.code == "entry_struck"


def test_striking_the_newest_scores_lets_the_ones_before_count(cast: Cast, pilot: Pilot) -> None:
    now = timezone.now()
    write(cast, pilot, sample("scores", body=scores_of(2, 2), noted_at=now - timedelta(hours=2)))
    newest, _new = write(cast, pilot, sample("scores", body=scores_of(5, 5), noted_at=now - timedelta(hours=1)))

    strike(cast, pilot, newest.key)

    assert list(PilotFeedback.objects.get().scores.values_list("score", flat=True)) == [2, 2]


def test_a_site_whose_only_scores_are_struck_is_asked_again(cast: Cast, pilot: Pilot) -> None:
    entry, _new = write(cast, pilot, sample("scores"))

    strike(cast, pilot, entry.key)

    assert pilot.participants.get(institution=cast.firms[0]).state == ParticipantState.ACCEPTED
    assert InboxItem.objects.filter(key=f"pilot-feedback:{pilot.pk}:{cast.firms[0].pk}").exists()


def test_what_the_makers_have_answered_is_not_struck(cast: Cast, pilot: Pilot) -> None:
    entry, _new = write(cast, pilot, sample("defect"))
    key = FeedbackPoint.objects.get().key
    answer_point(
        cast.alliance,
        pilot.product.code,
        key,
        state=PointState.ACCEPTED,
        answer="A stronger belt.",
        actor=cast.writer,
        at=timezone.now(),
    )

    with pytest.raises(DomainError) as refused:
        strike(cast, pilot, entry.key)

    assert refused.value.code == "point_answered"
    assert WorkbookEntry.objects.get().struck_at is None


def test_striking_needs_a_reason_the_own_site_and_an_open_round(cast: Cast, pilot: Pilot) -> None:
    entry, _new = write(cast, pilot, sample("note"))

    with pytest.raises(InvalidInputError):
        strike(cast, pilot, entry.key, reason=" ")
    with pytest.raises(NotFoundError):
        strike(cast, pilot, entry.key, firm=1)
    with pytest.raises(NotFoundError):
        strike(cast, pilot, uuid.uuid4())
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.AGGREGATING)
    with pytest.raises(PilotClosedError):
        strike(cast, pilot, entry.key)
    assert WorkbookEntry.objects.get().struck_at is None


# -- one way in


def test_the_answer_form_writes_through_the_workbook(cast: Cast, pilot: Pilot) -> None:
    submit_feedback(
        cast.alliance,
        pilot.product.code,
        actor=cast.testers[0],
        institution_id=cast.firms[0].pk,
        scores={1: 4, 2: 5},
        suggestion="Name two dyes.",
        evidence=make_photo(),
        at=timezone.now(),
    )

    assert sorted(WorkbookEntry.objects.values_list("kind", flat=True)) == ["photo", "scores", "suggestion"]
