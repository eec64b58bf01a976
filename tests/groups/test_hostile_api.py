"""Bodies and addresses of the API that no client sends by mistake: refused, never a server error."""

from __future__ import annotations

import pytest

from alliance.models import Alliance, User
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.motions import make_open, make_voters

NAMED = ["api_motion_vote", "api_meeting_answer", "api_responsibility_answer", "api_responsibility_report"]
OPEN = ["api_conflict_list", "api_proxy_list", "api_directive_list"]
KEY = {"Idempotency-Key": "0b9a2c1e-6d0b-4e5c-9a51-6d1f6a5c3f10"}


@pytest.mark.parametrize("url_name", [*NAMED, "api_directive_acknowledgement", "api_directive_report"])
def test_a_null_byte_in_a_code_is_not_found(act: Alliance, secretary: User, client_for: ClientFor, url_name: str) -> None:
    url = address(act, url_name, code="MARK").replace("MARK", "a%00b")
    answer = client_for(secretary).post(url, "{}", content_type="application/json", headers=KEY)
    assert answer.status_code == 404


@pytest.mark.parametrize("url_name", OPEN)
def test_a_body_nested_without_end_is_refused(act: Alliance, secretary: User, client_for: ClientFor, url_name: str) -> None:
    answer = client_for(secretary).post(address(act, url_name), '{"a":' * 5000, content_type="application/json", headers=KEY)
    assert answer.status_code == 400


def test_a_vote_nested_without_end_is_refused(act: Alliance, client_for: ClientFor) -> None:
    voter = make_voters(act, 3)[0]
    url = address(act, "api_motion_vote", code=make_open(act).code)
    answer = client_for(voter.user).post(url, '{"a":' * 5000, content_type="application/json", headers=KEY)
    assert answer.status_code == 400


@pytest.mark.parametrize("year", ["²²²²", "2025" + "0" * 30, "20２５0"])
def test_a_year_that_is_none_shows_the_present_one(act: Alliance, secretary: User, client_for: ClientFor, year: str) -> None:
    assert client_for(secretary).get(address(act, "declaration_list"), {"year": year}).status_code == 200
