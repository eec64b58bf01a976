"""Pages of motions, ballots, receipts and proxies."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.models import Alliance, IdempotencyKey, User
from groups.actions.motion import close_motion
from groups.choices import MotionState
from groups.models import BallotEnvelope, Motion, Proxy, Vote
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.motions import make_decided, make_draft, make_open, make_voters, vote


def fresh(client: Client, *, age: float = 0) -> Client:
    """A client whose person proved who it is so many seconds ago."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() - age}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = session["_auth_user_id"]
    session.save()
    return client


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_the_console_drafts_opens_and_shows_a_motion(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    make_voters(act, 3)
    client = client_for(secretary)
    values = {
        "body": "management_committee",
        "title_en": "Adopt the plan",
        "threshold": "two_thirds",
        "base": "present",
        "abstention": "counts",
        "ballot": "open",
        "weighting": "equal",
    }
    refused = client.post(address(act, "motion_new"), {**values, "title_en": ""})
    made = client.post(address(act, "motion_new"), values)
    motion = Motion.objects.of(act).get()
    early = client.post(
        address(act, "motion_open", code=motion.code),
        {"closes_on": timezone.localdate().isoformat(), "closes_time": "23:59"},
    )
    opened = client.post(
        address(act, "motion_open", code=motion.code),
        {"closes_on": (timezone.localdate() + timedelta(days=9)).isoformat(), "closes_time": "18:00"},
    )
    page = client.get(address(act, "motion_detail", code=motion.code))

    assert (refused.status_code, made.status_code, early.status_code, opened.status_code) == (200, 302, 200, 302)
    assert "Give the motion a title" in text_of(refused)
    assert "cannot close before" in text_of(early)
    assert Motion.objects.of(act).get().state == MotionState.OPEN
    assert "0 of 3 have voted" in text_of(page)


def test_every_page_of_the_console_is_there_in_every_state(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    voters = make_voters(act, 6)
    client = client_for(secretary)
    draft = make_draft(act)
    opened = make_open(act, ballot="secret")
    passed = make_decided(act, [(voter, "yes" if place else "no") for place, voter in enumerate(voters)])
    secret = make_decided(act, [(voter, "yes") for voter in voters], ballot="secret")
    lapsed = make_decided(act, [])
    for motion in (draft, opened, passed, secret, lapsed):
        assert client.get(address(act, "motion_detail", code=motion.code)).status_code == 200
    for name in ("motion_edit", "motion_open", "motion_withdraw"):
        assert client.get(address(act, name, code=draft.code)).status_code == 200
    assert client.get(address(act, "motion_close", code=opened.code)).status_code == 200
    for view in ("", "?view=draft", "?view=decided", "?view=all", "?view=what"):
        assert client.get(address(act, "motion_list") + view).status_code == 200
    page = text_of(client.get(address(act, "motion_detail", code=passed.code)))
    hidden = text_of(client.get(address(act, "motion_detail", code=secret.code)))

    assert "5 in favour, 1 against" in page
    assert passed.result_digest in page
    assert "the totals are not" in hidden
    assert "6 in favour" not in hidden
    assert client.get(address(act, "motion_box", code=secret.code)).status_code == 403
    box = json.loads(client.get(address(act, "motion_box", code=passed.code)).content)
    assert json.loads(box["document"])["result"]["yes"] == 5


def test_a_member_votes_openly_in_one_post(act: Alliance, client_for: ClientFor) -> None:
    voters = make_voters(act, 2)
    motion = make_open(act)
    client = fresh(client_for(voters[0].user))
    url = address(act, "portal_motion_vote", code=motion.code)

    page = client.get(url)
    nothing = client.post(url, {})
    done = client.post(url, {"choice": "yes"})
    listed = client.get(address(act, "portal_motion_list"))
    detail = client.get(address(act, "portal_motion_detail", code=motion.code))

    assert (page.status_code, nothing.status_code, done.status_code) == (200, 200, 302)
    assert "Choose yes, no or abstain." in text_of(nothing)
    assert Vote.objects.of(act).get().choice == "yes"
    assert "has voted" in text_of(listed)
    assert "1 of 2" in text_of(detail)


def test_a_secret_vote_shows_its_receipt_once_and_leaves_no_trace_of_it(act: Alliance, client_for: ClientFor) -> None:
    voters = make_voters(act, 6)
    motion = make_open(act, ballot="secret")
    client = fresh(client_for(voters[0].user))
    url = address(act, "portal_motion_vote", code=motion.code)
    made = "00112233445566778899aabbccddeeff"

    answer = client.post(url, {"choice": "no", "receipt_code": made, "idempotency_key": "k" * 24})
    without_script = fresh(client_for(voters[1].user)).post(url, {"choice": "yes"})
    receipt = address(act, "portal_motion_receipt", code=motion.code)
    early = client.post(receipt, {"code": made})

    assert answer.status_code == 200
    assert "0011-2233-4455-6677-8899-aabb-ccdd-eeff" in text_of(answer)
    assert "in your browser" in text_of(answer)
    assert "by the server" in text_of(without_script)
    assert "no-store" in answer["Cache-Control"]
    assert made not in str(dict(client.session))
    assert not IdempotencyKey.objects.of(act).exists()
    assert "still closed" in text_of(early)
    for voter in voters[2:]:
        vote(motion, voter, "yes")
    close_motion(act, motion.code, at=motion.closes_at or timezone.now())
    found = client.post(receipt, {"code": made.upper()})
    wrong = client.post(receipt, {"code": "f" * 32})
    no_code = client.post(receipt, {"code": "hello"})
    download = client.post(receipt, {"code": made, "download": "1"})
    assert "lies in the box" in text_of(found)
    assert "No row of the box has this code" in text_of(wrong)
    assert "32 characters" in text_of(no_code)
    assert json.loads(download.content)[0]["choice"] == "no"


@pytest.mark.parametrize("ballot", ["open", "secret"])
def test_voting_asks_who_is_there_after_five_minutes(act: Alliance, client_for: ClientFor, ballot: str) -> None:
    voters = make_voters(act, 6)
    motion = make_open(act, ballot=ballot)
    client = fresh(client_for(voters[0].user), age=301)
    url = address(act, "portal_motion_vote", code=motion.code)

    page = client.get(url)
    posted = client.post(url, {"choice": "abstain", "receipt_code": "ab" * 16})

    assert "reauthenticate" in page["Location"]
    assert not Vote.objects.of(act).exists()
    assert not BallotEnvelope.objects.of(act).exists()
    if ballot == "secret":
        assert posted["Location"].endswith("/vote/")
        assert "abstain" not in str(dict(client.session))
        assert "abab" not in str(dict(client.session))


def test_nobody_else_sees_the_ballot(act: Alliance, secretary: User, stranger: User, client_for: ClientFor) -> None:
    make_voters(act, 2)
    outsider = make_voters(act, 1, kind=None)[0]
    motion = make_open(act)
    url = address(act, "portal_motion_vote", code=motion.code)

    assert fresh(client_for(stranger)).get(url).status_code == 404
    assert fresh(client_for(outsider.user)).get(url).status_code == 404
    assert fresh(client_for(secretary)).get(url).status_code == 302
    assert client_for(None).get(url).status_code == 302


def test_a_proxy_is_given_used_and_revoked_on_the_pages(act: Alliance, client_for: ClientFor) -> None:
    giver, holder = make_voters(act, 2)
    motion = make_open(act)
    page = address(act, "portal_proxy_list")
    client = client_for(giver.user)

    wrong = client.post(page, {"subject": f"motion:{motion.code}", "holder": giver.code})
    given = client.post(page, {"subject": f"motion:{motion.code}", "holder": holder.code, "instruction": "no"})
    ballot = address(act, "portal_motion_vote", code=motion.code) + f"?for={giver.code}&by={holder.code}"
    seen = fresh(client_for(holder.user)).get(ballot)
    used = fresh(client_for(holder.user)).post(ballot, {"choice": "no"})
    listed = text_of(client.get(page))
    proxy = Proxy.objects.of(act).get()
    revoked = client.post(address(act, "portal_proxy_revoke", uuid=proxy.uuid))

    assert "another member" in text_of(wrong)
    assert (given.status_code, seen.status_code, used.status_code, revoked.status_code) == (302, 200, 302, 302)
    assert holder.institution.name in listed
    assert not Vote.objects.of(act).exists()
    assert "Proxies held" in text_of(client_for(holder.user).get(page))


def test_lists_ask_the_same_number_of_queries_however_long_they_are(
    act: Alliance, secretary: User, client_for: ClientFor
) -> None:
    make_voters(act, 2)
    client = client_for(secretary)
    counts = []
    for _ in range(2):
        for _number in range(4):
            make_draft(act)
        client.get(address(act, "motion_list") + "?view=all")
        with CaptureQueriesContext(connection) as captured:
            client.get(address(act, "motion_list") + "?view=all")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_ballot_needs_four_taps_at_most_and_no_free_text(act: Alliance, client_for: ClientFor) -> None:
    voters = make_voters(act, 6)
    motion = make_open(act, ballot="secret")
    page = text_of(fresh(client_for(voters[0].user)).get(address(act, "portal_motion_vote", code=motion.code)))
    form = page[page.index('id="ballot"') :]
    form = form[: form.index("</form>")]

    assert len(re.findall(r'type="radio"', form)) == 3
    assert len(re.findall(r'type="submit"', form)) == 1
    assert "<textarea" not in form
    assert 'type="text"' not in form


def test_everybody_can_have_the_program_that_checks_votes(act: Alliance, client_for: ClientFor) -> None:
    answer = client_for(None).get(address(act, "vote_checker"))

    assert answer.status_code == 200
    assert "verify_vote.py" in answer["Content-Disposition"]
    assert b"def check_box" in answer.content
