"""Workers killed while they carry a directive down and its answer up: each arrives once, nothing is lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, AuditEntry, InboxItem, OutboxEvent
from groups.actions.directive import DirectiveText, draft_directive, report_directive, send_directive
from groups.choices import DeliveryState
from groups.models import DirectiveDelivery, ReceivedDirective
from tests.factories.alliance import make_alliance
from tests.fault.nursery import Nursery, nursery

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]
RELAY = "alliance.tasks.relay_outbox"
DOWN = (
    "relay.groups.directive_sent.before_effect",
    "directive.arrived",
    "relay.groups.directive_sent.after_effect",
    "relay.groups.directive_sent.before_commit",
    "relay.committed",
)
UP = (
    "relay.groups.directive_answered.before_effect",
    "directive.told",
    "relay.groups.directive_answered.after_effect",
    "relay.groups.directive_answered.before_commit",
)


@pytest.fixture(scope="module")
def children(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery(tmp_path_factory.mktemp("nursery") / "log") as started:
        yield started


@pytest.fixture(autouse=True)
def _only_the_children_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alliance.tasks.wake_relay", lambda _alliance_id: None)


def send(alliance: Alliance, recipients: list[str]) -> None:
    now = timezone.now()
    text = DirectiveText("work", "Count", "", "Do.", "", "", timezone.localdate() + timedelta(days=9))
    with tenancy.acting_in(alliance):
        draft = draft_directive(alliance, text, actor=None, at=now)
        send_directive(alliance, draft.code, recipients=recipients, actor=None, at=now)


def test_a_directive_arrives_once_wherever_its_carrier_dies(children: Nursery, tmp_path: Path) -> None:
    for number, point in enumerate(DOWN):
        above = make_alliance(f"above-{number}")
        below = make_alliance(f"below-{number}", parent=above, level="provincial")
        send(above, [below.slug])

        killed = children.run(RELAY, above.pk, fault=point, marker=tmp_path / f"down-{number}")
        assert killed == -signal.SIGKILL
        assert children.run(RELAY, above.pk) == 0
        assert children.run(RELAY, below.pk) == 0

        with tenancy.acting_in(below):
            assert ReceivedDirective.objects.of(below).count() == 1, point
            assert InboxItem.objects.of(below).count() == 1, point
            assert AuditEntry.objects.of(below).filter(verb="receive_directive").count() == 1, point
            assert not OutboxEvent.objects.of(below).exists(), point
        with tenancy.acting_in(above):
            assert DirectiveDelivery.objects.of(above).get().state == DeliveryState.DELIVERED, point
            assert not OutboxEvent.objects.of(above).exists(), point


def test_an_answer_comes_back_once_wherever_its_carrier_dies(children: Nursery, tmp_path: Path) -> None:
    for number, point in enumerate(UP):
        above = make_alliance(f"over-{number}")
        below = make_alliance(f"under-{number}", parent=above, level="provincial")
        send(above, [below.slug])
        assert children.run(RELAY, above.pk) == 0
        assert children.run(RELAY, below.pk) == 0
        with tenancy.acting_in(below):
            report_directive(below, "RD-0001", text_en="Done.", text_zh="", figure=None, actor=None, at=timezone.now())

        killed = children.run(RELAY, below.pk, fault=point, marker=tmp_path / f"up-{number}")
        with tenancy.acting_in(above):
            assert DirectiveDelivery.objects.of(above).get().state == DeliveryState.DELIVERED, point
        assert killed == -signal.SIGKILL
        assert children.run(RELAY, below.pk) == 0

        with tenancy.acting_in(above):
            delivery = DirectiveDelivery.objects.of(above).get()
            assert (delivery.state, delivery.report_en) == (DeliveryState.REPORTED, "Done."), point
            notes = AuditEntry.objects.of(above).filter(verb="note_delivery", record__contains='"reported"')
            assert notes.count() == 1, point
