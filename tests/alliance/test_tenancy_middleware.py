"""How a request finds its alliance: path prefix, host name, neither."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls.base import get_script_prefix

from alliance.actions.alliances import create_alliance
from alliance.choices import AllianceLevel
from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError
from alliance.models import Alliance, Invitation, User
from tests.factories.alliance import make_alliance, make_member

LOGIN = "accounts/login/"


def brand(response: Any) -> str:
    return str(response.content.decode().split('class="brand"')[1].split("</a>")[0])


def test_the_path_prefix_leads_into_the_alliance_and_stays_on_every_link(alliance: Alliance, client: Any) -> None:
    response = client.get(f"/a/under-test/{LOGIN}")

    assert response.status_code == 200
    assert "Alliance under-test" in brand(response)
    assert 'action="/a/under-test/accounts/login/"' in response.content.decode()
    assert get_script_prefix() == "/", "the prefix is taken off after the request"
    assert tenancy.acting_alliance_id() is None


def test_the_platform_has_no_alliance(alliance: Alliance, client: Any) -> None:
    response = client.get(f"/{LOGIN}")

    assert "Industrial think tank alliances" in brand(response)
    assert "under-test" not in response.content.decode()


def test_a_missing_last_slash_is_added(alliance: Alliance, client: Any) -> None:
    response = client.get("/a/under-test")

    assert (response.status_code, response["Location"]) == (302, "/a/under-test/")


@pytest.mark.parametrize("path", ["/a/nobody/", f"/a/nobody/{LOGIN}", "/a/UNDER-TEST/", "/a/", "/nowhere/"])
def test_unknown_addresses_answer_404_alike(alliance: Alliance, client: Any, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


@pytest.mark.parametrize("host", ["alliance.example.org", "ALLIANCE.example.org", "alliance.example.org:8443"])
def test_the_host_name_leads_into_the_alliance_without_a_prefix(db: None, client: Any, host: str) -> None:
    make_alliance("hosted", host="alliance.example.org", name_en="Hosted alliance")

    response = client.get(f"/{LOGIN}", headers={"host": host})

    assert "Hosted alliance" in brand(response)
    assert 'action="/accounts/login/"' in response.content.decode()


def test_on_its_own_host_no_other_alliance_can_be_reached(alliance: Alliance, client: Any) -> None:
    make_alliance("hosted", host="alliance.example.org")

    response = client.get(f"/a/under-test/{LOGIN}", headers={"host": "alliance.example.org"})

    assert response.status_code == 404


def test_a_host_that_belongs_to_nobody_shows_the_platform(alliance: Alliance, client: Any) -> None:
    response = client.get(f"/{LOGIN}", headers={"host": "unknown.example.org"})

    assert "Industrial think tank alliances" in brand(response)


def test_an_error_in_a_page_leaves_no_alliance_behind(alliance: Alliance, client: Any) -> None:
    client.get("/a/under-test/no-such-page/")

    assert get_script_prefix() == "/"
    assert tenancy.acting_alliance_id() is None


# -- making alliances ---------------------------------------------------------------------------------------------------


def make(level: str, parent: Alliance | None = None, slug: str = "new", **values: Any) -> Alliance:
    return create_alliance(slug, level=level, parent=parent, **{"name_en": "New", "name_zh": "新", **values})


@pytest.fixture
def levels(db: None) -> dict[str, Alliance]:
    return {level: make_alliance(f"{level}-one", level=level) for level in AllianceLevel.values}


@pytest.mark.parametrize(
    ("level", "parent", "allowed"),
    [
        ("national", None, True),
        ("national", "national", False),
        ("national", "regional", False),
        ("regional", None, True),
        ("regional", "national", True),
        ("regional", "regional", False),
        ("regional", "provincial", False),
        ("provincial", None, True),
        ("provincial", "national", True),
        ("provincial", "regional", True),
        ("provincial", "provincial", False),
    ],
)
def test_a_parent_stands_above(levels: dict[str, Alliance], level: str, parent: str | None, *, allowed: bool) -> None:
    above = levels[parent] if parent else None

    if allowed:
        assert make(level, above).parent == above
    else:
        with pytest.raises(InvalidInputError, match="alliance_parent_invalid"):
            make(level, above)


def test_the_database_refuses_a_parent_of_a_national_alliance(levels: dict[str, Alliance]) -> None:
    with pytest.raises(IntegrityError, match="alliance_national_has_no_parent"), transaction.atomic():
        make_alliance("wrong", level="national", parent=levels["regional"])


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"slug": "Under-Test"}, "slug"),
        ({"slug": "-x"}, "slug"),
        ({"slug": "x" * 41}, "slug"),
        ({"slug": "under-test"}, "slug"),
        ({"name_zh": " "}, "name_en"),
        ({"host": "http://x.example.org/"}, "host"),
        ({"host": "localhost"}, "host"),
        ({"host": "Taken.Example.org"}, "host"),
        ({"level": "galactic"}, "level"),
    ],
)
def test_wrong_input_names_its_field(alliance: Alliance, values: dict[str, Any], field: str) -> None:
    make_alliance("taken", host="taken.example.org")

    with pytest.raises(InvalidInputError) as refusal:
        make(**{"level": "regional", **values})

    assert list(refusal.value.fields) == [field]


def test_the_commands_make_an_operator_an_alliance_and_the_first_invitation(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPERATOR_PASSWORD", "several unrelated words")

    call_command("create_operator", "Operator@example.org", name_en="Op")
    call_command("create_alliance", "green", name_en="Green", name_zh="绿", level="regional", admin="first@example.org")

    operator, made = User.objects.get(), Alliance.objects.get()
    assert operator.is_platform_operator
    assert operator.check_password("several unrelated words")
    with tenancy.acting_in(made):
        invitation = Invitation.objects.of(made).get()
    assert (invitation.email, invitation.invited_by) == ("first@example.org", operator)
    assert "/a/green/invitations/" in capsys.readouterr().out


def test_a_weak_password_makes_no_operator(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR_PASSWORD", "password1234")

    with pytest.raises(CommandError, match="common"):
        call_command("create_operator", "operator@example.org")

    assert not User.objects.exists()


def test_without_an_operator_nothing_is_made(db: None) -> None:
    with pytest.raises(CommandError, match="create_operator"):
        call_command("create_alliance", "green", name_en="G", name_zh="绿", level="regional", admin="a@example.org")

    assert not Alliance.objects.exists()


def test_a_refused_alliance_leaves_nothing(alliance: Alliance) -> None:
    User.objects.create_superuser("operator@example.org", "several unrelated words")

    with pytest.raises(CommandError, match="Another alliance has this address"):
        call_command("create_alliance", "under-test", name_en="G", name_zh="绿", level="regional", admin="a@example.org")

    assert Alliance.objects.count() == 1
    assert make_member(alliance)
