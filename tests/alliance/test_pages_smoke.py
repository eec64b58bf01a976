from __future__ import annotations

from typing import Any

import pytest

from alliance.models import Alliance, User
from tests.factories.alliance import address

PAGES = ("inbox", "notification_list", "job_list", "audit_list", "health_page", "search_jump")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_kernel_page_opens_for_the_secretariat(
    act: Alliance, secretary: User, client_for: Any, name: str, language: str
) -> None:
    page = client_for(secretary).get(address(act, name), headers={"accept-language": language})

    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("name", PAGES)
def test_a_kernel_page_sends_strangers_to_sign_in(act: Alliance, client: Any, name: str) -> None:
    page = client.get(address(act, name))

    assert page.status_code == 302
    assert "/accounts/login/" in page["Location"]


@pytest.mark.parametrize("name", ["audit_list", "health_page"])
def test_the_watchers_pages_refuse_people_without_the_role(
    act: Alliance, stranger: User, client_for: Any, name: str
) -> None:
    page = client_for(stranger).get(address(act, name))

    assert page.status_code == 403
    assert "secretariat" in page.content.decode()
