"""The work under a contract by the API: what the pages do, for people of the parties alone, and once per key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, User
from services.choices import SubmissionState
from services.models import MilestonePayment, MilestoneSubmission
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_user
from tests.factories.contracts import D, S, W, World, make_world, put_in_force
from tests.factories.members import make_institution, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    """A contract in force since yesterday."""
    made = make_world(act, secretary=secretary)
    put_in_force(made, at=timezone.now() - timedelta(days=1))
    return made


def post(client: Any, url: str, body: dict[str, Any], key: str = "key-00000001") -> Any:
    """Send a write."""
    return client.post(url, body, content_type="application/json", headers={"Idempotency-Key": key})


def step(world: World, name: str, number: int = 1) -> str:
    return address(world.alliance, "api_milestone_step", code=world.code, number=number, step=name)


def answer(world: World, name: str, number: int = 1) -> str:
    return address(world.alliance, "api_payment_step", code=world.code, number=number, step=name)


def paid(**more: Any) -> dict[str, Any]:
    today = timezone.localdate().isoformat()
    return {"role": D, "milestone": 1, "amount": "40000.00", "paid_on": today, "reference": "T-1", **more}


def test_the_work_is_done_by_the_api_as_on_the_pages(world: World, client_for: ClientFor) -> None:
    supply, demand = client_for(world.people[S]), client_for(world.people[D])
    payments = address(world.alliance, "api_contract_payments", code=world.code)
    early = post(demand, payments, paid())
    assert (early.status_code, early.json()["code"]) == (409, "not_accepted")
    handed = post(supply, step(world, "hand_over"), {"words": "The report."}, "key-hand-over-1")
    assert handed.status_code == 200, handed.content
    assert handed.json()["submissions"][0]["state"] == "handed"
    again = post(supply, step(world, "hand_over"), {"words": "The report."}, "key-hand-over-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert MilestoneSubmission.objects.of(world.alliance).count() == 1
    back = post(demand, step(world, "return"), {"words": "Mend it."}, "key-return-1")
    assert back.status_code == 422
    day = (timezone.localdate() + timedelta(days=5)).isoformat()
    assert post(demand, step(world, "return"), {"words": "Mend it.", "rework_by": day}, "key-return-2").status_code == 200
    post(supply, step(world, "hand_over"), {"words": "Once more."}, "key-hand-over-2")
    assert post(supply, step(world, "take_back"), {}, "key-take-back").status_code == 200
    post(supply, step(world, "hand_over"), {"words": "Once more."}, "key-hand-over-3")
    accepted = post(demand, step(world, "accept"), {}, "key-accept-1")
    assert accepted.json()["submissions"][-1]["state"] == SubmissionState.ACCEPTED
    recorded = post(demand, payments, paid(), "key-record-1")
    assert recorded.status_code == 201, recorded.content
    assert recorded.json()["payments"][0]["amount"] == "40000.00"
    assert post(demand, payments, paid(), "key-record-1").headers["Idempotency-Replayed"] == "true"
    doubted = post(supply, answer(world, "contradict"), {"words": "Nothing came."}, "key-contradict")
    assert doubted.json()["payments"][0]["answer_words"] == "Nothing came."
    assert post(supply, answer(world, "confirm"), {}, "key-confirm-1").json()["payments"][0]["state"] == "confirmed"
    late = post(demand, answer(world, "reverse"), {"words": "Wrong."}, "key-reverse-1")
    assert (late.status_code, late.json()["code"]) == (409, "transition_refused")
    assert MilestonePayment.objects.of(world.alliance).count() == 1


def test_the_api_refuses_the_wrong_party_the_wrong_step_and_fields_a_step_does_not_take(
    world: World, client_for: ClientFor
) -> None:
    supply, demand, office = (client_for(world.people[role]) for role in (S, D, W))
    assert post(demand, step(world, "hand_over"), {"words": "x"}).status_code == 403
    assert post(office, step(world, "accept"), {}, "key-00000002").status_code == 403
    assert post(supply, step(world, "fly"), {}, "key-00000003").status_code == 404
    assert post(supply, step(world, "hand_over", 9), {"words": "x"}, "key-00000004").status_code == 404
    assert post(supply, answer(world, "fly"), {}, "key-00000005").status_code == 404
    assert post(supply, answer(world, "confirm"), {}, "key-00000006").status_code == 404
    assert (
        post(supply, step(world, "hand_over"), {"words": "x", "rework_by": "2027-01-01"}, "key-00000007").status_code == 422
    )
    post(supply, step(world, "hand_over"), {"words": "x"}, "key-00000008")
    assert post(demand, step(world, "accept"), {"words": "x"}, "key-00000009").status_code == 422
    stranger = make_user()
    make_staff(make_institution(world.alliance), stranger)
    assert post(client_for(stranger), step(world, "accept"), {}, "key-00000010").status_code == 404


def test_a_kept_answer_is_not_given_to_who_lost_the_right(world: World, client_for: ClientFor) -> None:
    supply = client_for(world.people[S])
    assert post(supply, step(world, "hand_over"), {"words": "x"}).status_code == 200
    from members.models import InstitutionStaff  # noqa: PLC0415

    InstitutionStaff.objects.of(world.alliance).filter(user=world.people[S]).update(ends_at=timezone.now())
    assert post(supply, step(world, "hand_over"), {"words": "x"}).status_code in {403, 404}


def test_the_contract_of_another_alliance_is_not_there(
    world: World, client_for: ClientFor, other_alliance: Alliance
) -> None:
    url = address(other_alliance, "api_milestone_step", code=world.code, number=1, step="hand_over")
    with tenancy.acting_in(other_alliance):
        assert post(client_for(world.people[S]), url, {"words": "x"}).status_code in {403, 404}
