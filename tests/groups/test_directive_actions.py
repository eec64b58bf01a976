"""Directives between levels: carried by workers, rolled up, never read across (S4, G13)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.choices import AllianceLevel
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, InvalidInputError, PermissionRefusedError, TransitionRefusedError
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, User
from groups.actions.directive import (
    DirectiveText,
    acknowledge_directive,
    carry_closing,
    carry_directive,
    change_directive,
    close_directive,
    draft_directive,
    follow_directives,
    report_directive,
    send_directive,
    tell_sender,
)
from groups.choices import DeliveryState
from groups.models import Directive, DirectiveDelivery, ReceivedDirective
from groups.selectors.directive import get_directive, list_directives, measure_progress
from tests.factories.alliance import NOON, make_alliance, make_member, make_user

DUE = timezone.localdate() + timedelta(days=20)
TEXT = DirectiveText(
    kind="work",
    title_en="Try the low-salt guide",
    title_zh="试用低盐染色指南",
    text_en="Ask ten mills each.",
    text_zh="各请十家企业试用。",
    measure="mills that tried it",
    due_on=DUE,
)


@pytest.fixture
def nation(db: None) -> Alliance:
    return make_alliance("nation", level=AllianceLevel.NATIONAL)


@pytest.fixture
def regions(nation: Alliance) -> list[Alliance]:
    return [make_alliance(f"region-{number}", parent=nation, level=AllianceLevel.REGIONAL) for number in (1, 2, 3)]


@pytest.fixture
def provinces(regions: list[Alliance]) -> list[Alliance]:
    return [make_alliance(f"province-{number}", parent=regions[0], level=AllianceLevel.PROVINCIAL) for number in (1, 2)]


@pytest.fixture(autouse=True)
def _no_office_of_another_test() -> None:
    _people.clear()


_people: dict[str, User] = {}


def office(alliance: Alliance) -> User:
    if alliance.slug not in _people:
        _people[alliance.slug] = make_member(alliance)
    return _people[alliance.slug]


def relay(*alliances: Alliance) -> None:
    """Deliver until no alliance owes anything."""
    moved = True
    while moved:
        moved = False
        for alliance in alliances:
            while True:
                with tenancy.acting_in(alliance):
                    if not deliver_next(alliance):
                        break
                moved = True


def send(alliance: Alliance, to: list[Alliance], text: DirectiveText = TEXT, **options: Any) -> Directive:
    with tenancy.acting_in(alliance):
        draft = draft_directive(alliance, text, actor=office(alliance), at=NOON, **options)
        return send_directive(alliance, draft.code, recipients=[child.slug for child in to], actor=office(alliance), at=NOON)


def received_by(alliance: Alliance) -> ReceivedDirective:
    with tenancy.acting_in(alliance):
        return ReceivedDirective.objects.of(alliance).get()


def answer(alliance: Alliance, figure: str | None = "4", words: str = "Done.") -> None:
    with tenancy.acting_in(alliance):
        report_directive(
            alliance,
            "RD-0001",
            text_en=words,
            text_zh="",
            figure=None if figure is None else Decimal(figure),
            actor=office(alliance),
            at=timezone.now(),
        )


def progress_of(alliance: Alliance, code: str = "DR-0001", today: date | None = None) -> Any:
    with tenancy.acting_in(alliance):
        directive = get_directive(alliance, code)
        assert directive is not None
        return measure_progress(directive, today or timezone.localdate())


def test_a_directive_reaches_every_chosen_child_with_its_origin_and_waits_there(
    nation: Alliance, regions: list[Alliance]
) -> None:
    send(nation, regions[:2])
    relay(nation, *regions)

    for child in regions[:2]:
        received = received_by(child)
        assert (received.origin_slug, received.origin_code, received.due_on) == ("nation", "DR-0001", DUE)
        assert (received.title_zh, received.measure) == (TEXT.title_zh, TEXT.measure)
        with tenancy.acting_in(child):
            item = InboxItem.objects.of(child).get()
            assert (item.role, item.url_kwargs) == ("secretariat", {"code": "RD-0001"})
            assert item.due_at is not None
            assert timezone.localtime(item.due_at).date() == DUE
    with tenancy.acting_in(regions[2]):
        assert not ReceivedDirective.objects.of(regions[2]).exists()
    with tenancy.acting_in(nation):
        states = DirectiveDelivery.objects.of(nation).values_list("state", flat=True)
        assert list(states) == [DeliveryState.DELIVERED] * 2


def test_answers_come_back_and_the_totals_by_state_equal_the_records(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions)
    relay(nation, *regions)
    with tenancy.acting_in(regions[1]):
        acknowledge_directive(regions[1], "RD-0001", actor=office(regions[1]), at=NOON)
        assert InboxItem.objects.of(regions[1]).get(done_at__isnull=True).kind == "groups.directive_report"
    answer(regions[2], "7.5")
    relay(nation, *regions)

    progress = progress_of(nation)

    with tenancy.acting_in(nation):
        records = Counter(DirectiveDelivery.objects.of(nation).values_list("state", flat=True))
        row = list_directives(nation).get()
    assert {state: count for state, count in progress.states.items() if count} == dict(records)
    assert records == {"delivered": 1, "acknowledged": 1, "reported": 1}
    assert (row.asked, row.answered) == (3, 1)  # type: ignore[attr-defined]
    assert (progress.levels[0].asked, progress.levels[0].answered, progress.levels[0].figure) == (3, 1, Decimal("7.5"))
    assert progress.late == []
    late = progress_of(nation, today=DUE + timedelta(days=1)).late
    assert sorted(body.name_en for body in late) == [regions[0].name_en, regions[1].name_en]


def test_what_is_passed_on_rolls_up_over_two_levels_and_names_who_is_late(
    nation: Alliance, regions: list[Alliance], provinces: list[Alliance]
) -> None:
    everybody = [nation, *regions, *provinces]
    send(nation, regions)
    relay(*everybody)
    passed = send(regions[0], provinces, passed_on_from="RD-0001")
    assert passed.passed_on_from is not None
    relay(*everybody)
    answer(provinces[0], "3")
    answer(regions[1], "10")
    relay(*everybody)

    progress = progress_of(nation, today=DUE + timedelta(days=1))

    found = {level.level: (level.asked, level.answered, level.late, level.figure) for level in progress.levels}
    assert found == {"regional": (3, 1, 2, Decimal(10)), "provincial": (2, 1, 1, Decimal(3))}
    below = next(body for body in progress.late if body.level == "provincial")
    assert (below.name_en, below.through.recipient_slug) == (provinces[1].name_en, "region-1")
    answer(provinces[1], "4")
    relay(*everybody)
    assert progress_of(nation).levels[1].figure == Decimal(7)
    with tenancy.acting_in(regions[0]):
        assert Notification.objects.of(regions[0]).filter(kind="groups.directive_answered").exists()


def test_carrying_twice_or_out_of_order_changes_nothing(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions[:1])
    with tenancy.acting_in(nation):
        delivery = DirectiveDelivery.objects.of(nation).get()
    for _again in range(3):
        with tenancy.acting_in(nation):
            carry_directive(nation, delivery.uuid, at=NOON)
    answer(regions[0])
    for _again in range(2):
        with tenancy.acting_in(regions[0]):
            tell_sender(regions[0], delivery.uuid, at=NOON)
    relay(nation, *regions)

    with tenancy.acting_in(nation):
        assert DirectiveDelivery.objects.of(nation).get().state == DeliveryState.REPORTED
        notes = AuditEntry.objects.of(nation).filter(verb="note_delivery").count()
    assert notes == 1
    with tenancy.acting_in(regions[0]):
        assert ReceivedDirective.objects.of(regions[0]).count() == 1
        assert AuditEntry.objects.of(regions[0]).filter(verb="receive_directive").count() == 1


def test_a_notice_asks_to_be_acknowledged_only(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions[:1], replace(TEXT, kind="notice"))
    relay(nation, *regions)

    with tenancy.acting_in(regions[0]), pytest.raises(DomainError) as refusal:
        report_directive(regions[0], "RD-0001", text_en="x", text_zh="", figure=None, actor=office(regions[0]), at=NOON)
    assert refusal.value.code == "notice_needs_no_answer"
    with tenancy.acting_in(regions[0]):
        acknowledge_directive(regions[0], "RD-0001", actor=office(regions[0]), at=NOON)
        assert not InboxItem.objects.of(regions[0]).filter(done_at__isnull=True).exists()
    relay(nation, *regions)

    assert progress_of(nation).answered == 1


def test_closing_is_told_below_and_no_answer_is_taken_then(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions[:2])
    relay(nation, *regions)
    with tenancy.acting_in(nation):
        close_directive(nation, "DR-0001", actor=office(nation), at=NOON)
        delivery = DirectiveDelivery.objects.of(nation).first()
    relay(nation, *regions)

    with pytest.raises(DomainError) as refusal:
        answer(regions[0])
    assert refusal.value.code == "directive_closed"
    with tenancy.acting_in(regions[0]):
        assert not InboxItem.objects.of(regions[0]).filter(done_at__isnull=True).exists()
    with tenancy.acting_in(nation):
        assert delivery is not None
        assert not carry_closing(nation, delivery.uuid, at=NOON)
    assert progress_of(nation, today=DUE + timedelta(days=9)).late == []


def test_a_directive_closed_before_it_was_carried_does_not_arrive(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions[:1])
    with tenancy.acting_in(nation):
        close_directive(nation, "DR-0001", actor=office(nation), at=NOON)
    relay(nation, *regions)

    with tenancy.acting_in(regions[0]):
        assert not ReceivedDirective.objects.of(regions[0]).exists()


def test_what_is_refused_when_drafting_and_sending(
    nation: Alliance, regions: list[Alliance], provinces: list[Alliance]
) -> None:
    person, nobody = office(nation), make_user()
    with tenancy.acting_in(nation):
        with pytest.raises(PermissionRefusedError):
            draft_directive(nation, TEXT, actor=nobody, at=NOON)
        with pytest.raises(InvalidInputError) as refusal:
            draft_directive(nation, replace(TEXT, title_en=" ", title_zh=""), actor=person, at=NOON)
        assert set(refusal.value.fields) == {"title_en"}
        with pytest.raises(InvalidInputError):
            draft_directive(nation, replace(TEXT, due_on=date(2020, 1, 1)), actor=person, at=NOON)
        draft = draft_directive(nation, replace(TEXT, text_en="", text_zh=""), actor=person, at=NOON)
        for recipients in ([], ["nation"], ["province-1"], ["region-1", "no-such"]):
            with pytest.raises(InvalidInputError) as refusal:
                send_directive(nation, draft.code, recipients=recipients, actor=person, at=NOON)
            assert "recipients" in refusal.value.fields
        with pytest.raises(InvalidInputError) as refusal:
            send_directive(nation, draft.code, recipients=["region-1"], actor=person, at=NOON)
        assert set(refusal.value.fields) == {"text_en"}
        change_directive(nation, draft.code, TEXT, actor=person, at=NOON)
        send_directive(nation, draft.code, recipients=["region-1"], actor=person, at=NOON)
        with pytest.raises(TransitionRefusedError):
            send_directive(nation, draft.code, recipients=["region-2"], actor=person, at=NOON)
        with pytest.raises(DomainError):
            change_directive(nation, draft.code, TEXT, actor=person, at=NOON)
    with tenancy.acting_in(provinces[0]), pytest.raises(DomainError) as below:
        draft_directive(provinces[0], TEXT, actor=office(provinces[0]), at=NOON)
    assert below.value.code == "no_alliance_below"


def test_what_is_refused_when_answering(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions[:1])
    relay(nation, *regions)
    child, person = regions[0], office(regions[0])
    with tenancy.acting_in(child):
        for options in (
            {"text_en": " ", "text_zh": "", "figure": Decimal(1)},
            {"text_en": "x", "text_zh": "", "figure": None},
            {"text_en": "x", "text_zh": "", "figure": Decimal("NaN")},
            {"text_en": "x", "text_zh": "", "figure": Decimal(10) ** 15},
        ):
            with pytest.raises(InvalidInputError):
                report_directive(child, "RD-0001", actor=person, at=NOON, **options)  # type: ignore[arg-type]
        with pytest.raises(PermissionRefusedError):
            acknowledge_directive(child, "RD-0001", actor=office(nation), at=NOON)
        acknowledge_directive(child, "RD-0001", actor=person, at=NOON)
        with pytest.raises(TransitionRefusedError):
            acknowledge_directive(child, "RD-0001", actor=person, at=NOON)
    with pytest.raises(DomainError):
        send(child, [], passed_on_from="RD-0001")


def test_the_office_is_told_of_late_answers_and_only_while_they_are_late(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions[:1])
    relay(nation, *regions)
    with tenancy.acting_in(nation):
        assert follow_directives(nation, at=timezone.now()) == 0
        Directive.objects.of(nation).update(due_on=timezone.localdate() - timedelta(days=1))
        assert follow_directives(nation, at=timezone.now()) == 1
        assert follow_directives(nation, at=timezone.now()) == 1
        waiting = InboxItem.objects.of(nation).filter(kind="groups.directive_late", done_at__isnull=True)
        assert waiting.count() == 1
    answer(regions[0])
    relay(nation, *regions)

    with tenancy.acting_in(nation):
        assert not waiting.exists()


def test_neither_side_can_read_or_change_the_rows_of_the_other(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions[:1])
    relay(nation, *regions)
    answer(regions[0], words="MARKERWORD")

    with tenancy.acting_in(nation):
        assert ReceivedDirective.objects.count() == 0
        assert ReceivedDirective.objects.update(report_en="changed") == 0
        assert not DirectiveDelivery.objects.filter(report_en="MARKERWORD").exists()
    with tenancy.acting_in(regions[0]):
        assert Directive.objects.count() == 0
        assert DirectiveDelivery.objects.update(state="waiting") == 0
    with tenancy.acting_in(regions[1]):
        assert ReceivedDirective.objects.count() == Directive.objects.count() == DirectiveDelivery.objects.count() == 0


def test_nobody_but_the_named_recipient_can_answer_in_its_name(nation: Alliance, regions: list[Alliance]) -> None:
    """A row in another alliance that carries the delivery's name does not reach the sender."""
    send(nation, regions[:1])
    relay(nation, *regions)
    with tenancy.acting_in(nation):
        delivery = DirectiveDelivery.objects.of(nation).get()
        delivery_uuid = delivery.uuid
        DirectiveDelivery.objects.of(nation).update(recipient_slug="region-2")
    answer(regions[0])
    with tenancy.acting_in(regions[0]):
        assert not tell_sender(regions[0], delivery_uuid, at=NOON)

    with tenancy.acting_in(nation):
        assert DirectiveDelivery.objects.of(nation).get().state == DeliveryState.DELIVERED


def test_the_relay_sets_the_alliance_back_after_it_was_in_another(nation: Alliance, regions: list[Alliance]) -> None:
    send(nation, regions[:1])
    with tenancy.acting_in(nation):
        delivery = DirectiveDelivery.objects.of(nation).get()
        carry_directive(nation, delivery.uuid, at=NOON)
        assert tenancy.acting_alliance_id() == nation.pk
        assert Directive.objects.count() == 1
        assert ReceivedDirective.objects.count() == 0


def test_a_page_of_progress_costs_two_queries_however_many_children(
    nation: Alliance, regions: list[Alliance], django_assert_num_queries: Any
) -> None:
    send(nation, regions)
    with tenancy.acting_in(nation), django_assert_num_queries(2):
        directive = get_directive(nation, "DR-0001")
        assert directive is not None
        measure_progress(directive, timezone.localdate())
