"""Entries arrive exactly once whatever the network does: a model of the phones' queues against the real page.

Two devices of one person and one of a colleague keep entries as the page's script does: first on the device, then sent in order
under their key until the platform's own word about them has come back. The network loses requests, loses answers, delivers
requests again and late, tabs send at the same time, and pages are closed between the sending and the answer.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from operations.choices import ProductState
from operations.models import CriterionScore, FeedbackPoint, Pilot, PilotFeedback, Reading, WorkbookEntry
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.operations import Cast, make_pilot, make_product, make_staff

pytestmark = pytest.mark.django_db
BEGAN = timezone.now() - timedelta(hours=6)


@dataclass
class Kept:
    """An entry on a device."""

    key: str
    fields: dict[str, str]
    device: int
    noted_at: datetime
    state: str = "stored"


@dataclass
class Device:
    """A phone with its queue; what it keeps outlives the page."""

    client: Client
    person: int
    queue: list[Kept] = field(default_factory=list)


def body_of(kind: str, number: int) -> dict[str, str]:
    """The form's fields for an entry that is taken, told apart by a number."""
    return {
        "reading": {"measure": "1", "phase": "after", "value": str(number), "taken_on": BEGAN.date().isoformat()},
        "scores": {"score_1": str(number % 5 + 1), "score_2": str(number // 5 % 5 + 1)},
        "defect": {"severity": "minor", "text": f"Defect {number}"},
        "suggestion": {"text": f"Suggestion {number}"},
        "note": {"text": f"Note {number}"},
    }[kind]


class Network(RuleBasedStateMachine):
    """Devices, a network in between, and the page."""

    cast: Cast
    pilot: Pilot
    clients: list[tuple[Client, int]]
    people: list[str]
    url: str

    under_way = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.devices = [Device(client, person) for client, person in self.clients]
        self.entries: list[Kept] = []
        self.numbers = iter(range(1, 10_000))

    @initialize()
    def begin(self) -> None:
        """An empty workbook."""
        for model in (Reading, CriterionScore, FeedbackPoint, PilotFeedback, WorkbookEntry):
            model.objects.filter(alliance=self.cast.alliance).delete()  # type: ignore[attr-defined]

    # -- on the phone

    @rule(
        device=st.integers(0, 2),
        kind=st.sampled_from(["scores", "scores", "scores", "reading", "defect", "suggestion", "note"]),
        minutes=st.integers(0, 300),
        has_network=st.booleans(),
    )
    def enter(self, device: int, kind: str, minutes: int, has_network: bool) -> None:
        """Somebody enters something; it is on the device at once. Clocks of devices differ, so later may be noted earlier."""
        noted = BEGAN + timedelta(minutes=minutes, microseconds=len(self.entries) * 1000)
        kept = Kept(str(uuid.uuid4()), {"kind": kind, **body_of(kind, next(self.numbers))}, device, noted)
        self.devices[device].queue.append(kept)
        self.entries.append(kept)
        if has_network:
            for waiting in self.devices[device].queue:
                if waiting.state == "stored":
                    self._read(waiting, self._deliver(waiting))

    @rule(device=st.integers(0, 2), fate=st.sampled_from(["arrives", "lost before", "answer lost"]), target=under_way)
    def send(self, device: int, fate: str) -> Kept | None:
        """The first that waits is sent; only the platform's word ends it. A copy may still be under way."""
        waiting = [kept for kept in self.devices[device].queue if kept.state == "stored"]
        if not waiting:
            return None
        kept = waiting[0]
        if fate != "lost before":
            answer = self._deliver(kept)
            if fate == "arrives":
                self._read(kept, answer)
        return kept

    @rule(copy=under_way, tab_reads_it=st.booleans())
    def arrives_again(self, copy: Kept | None, tab_reads_it: bool) -> None:
        """A copy that was under way arrives late, or a second tab sends the same entry."""
        if copy is None:
            return
        answer = self._deliver(copy)
        if tab_reads_it:
            self._read(copy, answer)

    @precondition(lambda self: self.entries)
    @rule(data=st.data())
    def a_key_is_used_for_something_else(self, data: st.DataObject) -> None:
        """Content that differs under a key that has arrived is refused and changes nothing."""
        kept = data.draw(st.sampled_from(self.entries))
        if kept.state != "sent":
            return
        other = {**kept.fields, **body_of(kept.fields["kind"], 9_999_999 if kept.fields["kind"] != "scores" else 24)}
        if other == kept.fields:
            return
        answer = self._post(kept, other)
        assert (answer.status_code, answer.json()["code"]) == (409, "entry_key_reused")

    def _post(self, kept: Kept, fields: dict[str, str]) -> Any:
        return self.devices[kept.device].client.post(
            self.url,
            {**fields, "key": kept.key, "round": "1", "noted_at": kept.noted_at.isoformat(timespec="microseconds")},
            HTTP_ACCEPT="application/json",
        )

    def _deliver(self, kept: Kept) -> Any:
        answer = self._post(kept, kept.fields)
        assert answer.status_code in {200, 201}, answer.content
        return answer

    def _read(self, kept: Kept, answer: Any) -> None:
        assert answer.json()["key"] == kept.key
        kept.state = "sent"

    # -- what must hold

    @invariant()
    def what_arrived_is_there_once_with_one_effect(self) -> None:
        """Never two rows of one key, never an effect without a row or a row without its effect."""
        rows = list(WorkbookEntry.objects.of(self.cast.alliance))
        keys = [str(row.key) for row in rows]
        assert len(keys) == len(set(keys))
        assert {kept.key for kept in self.entries if kept.state == "sent"} <= set(keys)
        of = {kind: {str(row.key) for row in rows if row.kind == kind} for kind in ("reading", "defect", "suggestion")}
        assert sorted(map(str, Reading.objects.values_list("key", flat=True))) == sorted(of["reading"])
        points = sorted(FeedbackPoint.objects.values_list("key", flat=True))
        assert points == sorted(
            [f"defect:{key}" for key in of["defect"]] + [f"suggestion:{key}" for key in of["suggestion"]]
        )
        self._newest_scores_count(rows)

    def _newest_scores_count(self, rows: list[WorkbookEntry]) -> None:
        for person in set(self.people):
            mine = [row for row in rows if row.kind == "scores" and row.entered_by and str(row.entered_by.uuid) == person]
            found = PilotFeedback.objects.filter(respondent_key=person).first()
            if not mine:
                assert found is None
                continue
            newest = max(mine, key=lambda row: (row.noted_at, row.key))
            assert found is not None
            counted = {str(score.criterion.position): score.score for score in found.scores.select_related("criterion")}
            assert counted == newest.body["scores"]

    def teardown(self) -> None:
        """The network is back: every queue is sent, and everything entered is there exactly once."""
        for device in self.devices:
            for kept in device.queue:
                if kept.state == "stored":
                    self._read(kept, self._deliver(kept))
        if self.entries:
            keys = sorted(str(key) for key in WorkbookEntry.objects.values_list("key", flat=True))
            assert keys == sorted(kept.key for kept in self.entries)
            self.what_arrived_is_there_once_with_one_effect()


@pytest.fixture
def network(cast: Cast, client_for: ClientFor) -> type[Network]:
    """The machine for one round: two devices of one person, one of a colleague."""
    pilot = make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)
    colleague = make_staff(cast.alliance, cast.firms[0])
    tester = cast.testers[0]
    return type(
        "NetworkOfOneRound",
        (Network,),
        {
            "cast": cast,
            "pilot": pilot,
            "clients": [(client_for(tester), 0), (client_for(tester), 0), (client_for(colleague), 1)],
            "people": [str(tester.uuid), str(tester.uuid), str(colleague.uuid)],
            "url": address(cast.alliance, "pilot_workbook", code=pilot.product.code),
        },
    )


def run(network: type[Network], examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        network,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_entries_arrive_exactly_once_whatever_the_network_does(network: type[Network]) -> None:
    run(network, examples=8, steps=12)


@pytest.mark.deep
def test_entries_arrive_exactly_once_in_many_more_patterns(network: type[Network]) -> None:
    run(network, examples=300, steps=40)
