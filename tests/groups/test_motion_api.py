"""Motions, votes and proxies by the API."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.kernel.projection import Listed, Nested, Value
from alliance.models import Alliance, IdempotencyKey, User
from groups.actions.motion import close_motion, publish_decision
from groups.api.motions import MOTION, PROXY
from groups.models import BallotEnvelope, Motion, Participation, Proxy, Vote
from groups.selectors.motion import told
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.motions import COMMITTEE, make_decided, make_draft, make_open, make_voters, vote
from tests.groups.test_motion_views import fresh

CODE = "00112233445566778899aabbccddeeff"


def post(client: Client, url: str, body: dict[str, Any], key: str = "") -> Any:
    return client.post(
        url, json.dumps(body), content_type="application/json", headers={"Idempotency-Key": key or str(uuid.uuid4())}
    )


def test_nothing_of_a_result_is_told_before_the_close(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    voters = make_voters(act, 3)
    motion = make_open(act)
    vote(motion, voters[0], "no")
    client = client_for(secretary)

    during = client.get(address(act, "api_motion_detail", code=motion.code)).json()
    close_motion(act, motion.code, at=motion.closes_at or timezone.now())
    after = client.get(address(act, "api_motion_detail", code=motion.code)).json()

    assert (during["result"], during["votes"], during["participation"]) == (None, [], [])
    assert (after["result"]["no"], after["result"]["outcome"], len(after["votes"])) == (1, "lapsed", 1)


def test_figures_that_give_voters_away_are_null(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    voters = make_voters(act, 5)
    motion = make_decided(act, [(voter, "yes") for voter in voters], ballot="secret")
    found = client_for(secretary).get(address(act, "api_motion_list")).json()["results"][0]

    assert found["code"] == motion.code
    assert found["result"]["outcome"] == "passed"
    assert found["result"]["taking_part"] == 5
    assert {found["result"][name] for name in ("yes", "no", "abstain", "base", "needed")} == {None}
    assert found["votes"] == []


def test_members_see_what_is_theirs_and_machines_the_public_register(
    act: Alliance, secretary: User, client_for: ClientFor, client: Client
) -> None:
    voters = make_voters(act, 3)
    outsider = make_voters(act, 1, kind=None)[0]
    draft, opened = make_draft(act), make_open(act)
    assembly = make_open(act, group_kind=None)
    decided = make_decided(act, [(voter, "yes") for voter in voters])

    def codes(caller: Client, **headers: Any) -> set[str]:
        found = caller.get(address(act, "api_motion_list"), **headers).json()["results"]
        return {row["code"] for row in found}

    assert codes(client_for(voters[0].user)) == {opened.code, assembly.code, decided.code}
    assert codes(client_for(outsider.user)) == {assembly.code, decided.code}
    assert codes(client_for(secretary)) == {draft.code, opened.code, assembly.code, decided.code}
    assert client_for(outsider.user).get(address(act, "api_motion_detail", code=opened.code)).status_code == 404
    headers = bearer(client, act, ["motions:read"])
    assert codes(client, headers=headers) == set()
    publish_decision(act, decided.code, is_public=True, actor=secretary, at=timezone.now())
    assert codes(client, headers=headers) == {decided.code}


def test_a_vote_by_the_api_counts_once_for_each_key(act: Alliance, client_for: ClientFor) -> None:
    voters = make_voters(act, 2)
    motion = make_open(act)
    url = address(act, "api_motion_vote", code=motion.code)
    client = fresh(client_for(voters[0].user))
    body = {"institution": voters[0].code, "choice": "yes"}

    without_key = client.post(url, json.dumps(body), content_type="application/json")
    first = post(client, url, body, "k" * 20)
    again = post(client, url, body, "k" * 20)
    other = post(client, url, {**body, "choice": "no"}, "k" * 20)
    stale = post(fresh(client_for(voters[1].user), age=400), url, {"institution": voters[1].code, "choice": "yes"})
    foreign = post(client, url, {"institution": voters[1].code, "choice": "yes"})

    assert without_key.status_code in {400, 428}
    assert (first.status_code, first.json()["replaced"]) == (201, False)
    assert again.content == first.content
    assert other.status_code == 422
    assert (stale.status_code, stale.json()["code"]) == (403, "authentication_not_fresh")
    assert foreign.status_code == 403
    assert Vote.objects.of(act).get().choice == "yes"


def test_a_secret_vote_by_the_api_leaves_nothing_to_try_the_box_with(act: Alliance, client_for: ClientFor) -> None:
    import hashlib

    voters = make_voters(act, 5)
    motion = make_open(act, ballot="secret")
    url = address(act, "api_motion_vote", code=motion.code)
    client = fresh(client_for(voters[0].user))
    body = {"institution": voters[0].code, "choice": "no", "receipt_code": CODE}

    missing = post(client, url, {"institution": voters[0].code, "choice": "no"})
    first = post(client, url, body, "k" * 20)
    again = post(client, url, body, "k" * 20)
    other = post(client, url, {**body, "choice": "yes"}, "k" * 20)

    assert missing.status_code in {400, 422}
    assert (first.status_code, len(first.json()["envelope"])) == (201, 64)
    assert again.content == first.content
    assert other.status_code == 422
    assert BallotEnvelope.objects.of(act).count() == 1
    kept = IdempotencyKey.objects.of(act).get(key="k" * 20)
    plain = hashlib.sha256(json.dumps(body).encode()).hexdigest()
    assert kept.request_hash != plain
    assert CODE.encode() not in bytes(kept.body or b"")


def test_proxies_are_listed_given_and_revoked(act: Alliance, client_for: ClientFor) -> None:
    giver, holder, third = make_voters(act, 3)
    motion = make_open(act)
    client = client_for(giver.user)
    url = address(act, "api_proxy_list")

    made = post(client, url, {"giver": giver.code, "holder": holder.code, "motion": motion.code, "instruction": "yes"})
    refused = post(client, url, {"giver": third.code, "holder": holder.code, "motion": motion.code})
    proxy = Proxy.objects.of(act).get()
    revoke = address(act, "api_proxy_revocation", uuid=proxy.uuid)
    by_other = post(client_for(third.user), revoke, {})

    assert (made.status_code, made.json()["instruction"]) == (201, "yes")
    assert refused.status_code == 403
    assert len(client_for(holder.user).get(url).json()["results"]) == 1
    assert client_for(third.user).get(url).json()["results"] == []
    assert by_other.status_code == 404
    assert post(client, revoke, {}).json()["revoked_at"]


def plain(item: Any, fields: Any) -> dict[str, Any]:
    """The values and references of a record, attribute by attribute; lists and computed values are left out."""
    found: dict[str, Any] = {}
    for shown in fields:
        if isinstance(shown, Value):
            value = getattr(item, shown.source or shown.name)
            if isinstance(value, datetime):
                value = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            found[shown.name] = str(value) if isinstance(value, uuid.UUID) else value
        elif isinstance(shown, Nested):
            inner = getattr(item, shown.source or shown.name)
            found[shown.name] = None if inner is None else plain(inner, shown.fields)
    return found


@pytest.mark.parametrize("ballot", ["open", "secret"])
def test_motions_are_told_as_a_plain_serialisation_tells_them(
    act: Alliance, secretary: User, client_for: ClientFor, ballot: str
) -> None:
    voters = make_voters(act, 6)
    choices = ("yes", "yes", "yes", "no", "no", "abstain")
    made = make_decided(act, list(zip(voters, choices, strict=True)), ballot=ballot, proposer_code=voters[0].code)
    make_draft(act)
    found = client_for(secretary).get(address(act, "api_motion_list")).json()["results"]

    for row in found:
        motion = Motion.objects.of(act).get(code=row["code"])
        assert {name: row[name] for name in plain(motion, MOTION.fields)} == plain(motion, MOTION.fields)
        votes = Vote.objects.of(act).filter(motion=motion).order_by("institution_id")
        listed = [field for field in MOTION.fields if isinstance(field, Listed)]
        by_name = {field.name: field for field in listed}
        assert row["votes"] == [plain(one, by_name["votes"].fields) for one in votes]
        took_part = Participation.objects.of(act).filter(motion=motion).order_by("institution_id")
        assert row["participation"] == [plain(one, by_name["participation"].fields) for one in took_part]
        result = told(motion)
        assert row["result"] == ({name: result[name] for name in row["result"]} if result else None)
        assert set(row) == {field.name for field in MOTION.fields}
    assert made.code in {row["code"] for row in found}
    assert len(found) == 2


def test_proxies_are_told_as_a_plain_serialisation_tells_them(act: Alliance, client_for: ClientFor) -> None:
    giver, holder, third = make_voters(act, 3)
    motion = make_open(act)
    client, url = client_for(holder.user), address(act, "api_proxy_list")
    for one, body in ((giver, {"motion": motion.code, "instruction": "no"}), (third, {"body": COMMITTEE, "days": 3})):
        assert post(client_for(one.user), url, {"giver": one.code, "holder": holder.code, **body}).status_code == 201

    found = client.get(url).json()["results"]

    assert found == [plain(row, PROXY.fields) for row in Proxy.objects.of(act).order_by("-valid_from", "-id")]
    assert len(found) == 2


def test_a_page_of_motions_costs_the_same_queries_whatever_its_size(
    act: Alliance, secretary: User, client_for: ClientFor
) -> None:
    make_voters(act, 1)
    for _ in range(8):
        make_draft(act)
    client = client_for(secretary)
    url = address(act, "api_motion_list")
    client.get(url)
    counts = set()
    for size in (1, 5, 100):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{url}?page_size={size}").status_code == 200
        counts.add(len(queries))
    assert len(counts) == 1
