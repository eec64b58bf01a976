from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from alliance.actions.audit import record_audit
from alliance.actions.demo import NoDemonstrationError, remove, rows_left, tenant_tables
from alliance.actions.files import store_produced
from alliance.kernel import demo, tenancy
from alliance.models import Alliance, ApiClient, AuditEntry, RoleAssignment, User
from tests.factories.alliance import NOON, give_role, make_alliance, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def data_folder(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def no_loaders(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layers' own content has tests of its own; here the frame is under test."""
    monkeypatch.setattr(demo, "loaders", type(demo.loaders)("demonstration loader"))


def seed(*arguments: str) -> str:
    out = StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


def count_everything() -> dict[str, int]:
    """Rows of all alliances in every tenant table."""
    total: dict[str, int] = {}
    for alliance in Alliance.objects.all():
        with tenancy.acting_in(alliance), connection.cursor() as cursor:
            for table in tenant_tables():
                cursor.execute(f'SELECT count(*) FROM "{table}" WHERE alliance_id = %s', [alliance.pk])
                total[table] = total.get(table, 0) + cursor.fetchone()[0]
    return total


def test_two_demonstrations_with_an_account_per_role_are_made(data_folder: Path) -> None:
    seed()

    assert set(Alliance.objects.values_list("slug", flat=True)) == {"weaving", "horizon"}
    assert all(Alliance.objects.values_list("is_demonstration", flat=True))
    rows = json.loads((data_folder / "demo-accounts.json").read_text())
    assert {row["slug"] for row in rows} == {"weaving", "horizon"}
    weaving = Alliance.objects.get(slug="weaving")
    with tenancy.acting_in(weaving):
        roles = set(RoleAssignment.objects.of(weaving).values_list("role", flat=True))
    assert roles == {"office_admin", "secretariat", "committee", "editor", "auditor"}
    assert (data_folder / "demo-accounts.json").stat().st_mode & 0o077 == 0


def test_every_account_has_the_one_password_of_the_list(data_folder: Path) -> None:
    seed()

    for row in json.loads((data_folder / "demo-accounts.json").read_text()):
        user = User.objects.get(email=row["email"])
        assert user.check_password(row["password"])
        assert user.is_demonstration
        assert len(row["password"]) >= 12


def test_a_second_run_adds_nothing_and_keeps_the_password(data_folder: Path) -> None:
    seed()
    rows, counts, users = (data_folder / "demo-accounts.json").read_text(), count_everything(), User.objects.count()

    seed()

    assert json.loads((data_folder / "demo-accounts.json").read_text()) == json.loads(rows)
    assert count_everything() == counts
    assert User.objects.count() == users


def test_a_lost_list_gives_every_account_a_new_password(data_folder: Path) -> None:
    seed()
    (data_folder / "demo-accounts.json").unlink()

    seed("--only", "weaving")

    rows = json.loads((data_folder / "demo-accounts.json").read_text())
    assert {row["slug"] for row in rows} == {"weaving", "horizon"}
    assert all(User.objects.get(email=row["email"]).check_password(row["password"]) for row in rows)


def test_loaders_run_from_the_bottom_up_each_in_its_own_transaction(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, str]] = []

    def loader(layer: str) -> Any:
        def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: Any) -> None:
            assert tenancy.acting_alliance_id() == alliance.pk
            assert data_dir == settings.SHIPPED_DATA_DIR
            ran.append((layer, flavour))

        return load

    for layer in ("evaluation", "operations", "members"):
        demo.loaders.register(layer, loader(layer))

    seed("--only", "horizon")

    assert ran == [("members", "horizon"), ("operations", "horizon"), ("evaluation", "horizon")]


def test_a_real_alliance_at_the_address_is_left_alone(data_folder: Path) -> None:
    make_alliance("weaving")

    with pytest.raises(CommandError, match="real alliance"):
        seed()

    assert not User.objects.filter(is_demonstration=True).exists()


# -------------------------------------------------------------------------------------------------------------- removing


def furnish(alliance: Alliance, user: User) -> None:
    """A file, an API client with a token, an audit entry: what a removal forgets most easily."""
    from oauth2_provider.models import AccessToken

    with tenancy.acting_in(alliance):
        store_produced(
            alliance, b"a,b\n", name="a.csv", media_type="text/csv", actor=user, permission="alliance.download_file"
        )
        record_audit(alliance, actor=user, verb="test", personal={"name": "Lin Hui"}, alliance=alliance)
        client = ApiClient.objects.create(
            alliance=alliance,
            name="client",
            organisation="x",
            purpose="x",
            client_type="confidential",
            authorization_grant_type="client-credentials",
        )
        AccessToken.objects.create(application=client, token="secret", expires=NOON + timedelta(days=1), scope="")


def test_removal_leaves_no_row_in_any_tenant_table(data_folder: Path, client_for: Any) -> None:
    from oauth2_provider.models import AccessToken

    seed()
    weaving = Alliance.objects.get(slug="weaving")
    secretary = User.objects.get(email="secretariat@weaving.demo.example")
    furnish(weaving, secretary)
    client_for(secretary)
    number = weaving.pk
    out = StringIO()

    call_command("remove_demo", "weaving", stdout=out)

    assert rows_left(number) == {}
    assert not Alliance.objects.filter(slug="weaving").exists()
    assert not User.objects.filter(email__endswith="@weaving.demo.example").exists()
    assert not ApiClient.objects.exists()
    assert not AccessToken.objects.exists()
    assert not Session.objects.exists()
    assert not default_storage.exists(str(number)) or default_storage.listdir(str(number)) == ([], [])
    assert "0 rows left" in out.getvalue()
    assert Alliance.objects.filter(slug="horizon").exists()
    assert User.objects.filter(email__endswith="@horizon.demo.example").exists()
    assert {row["slug"] for row in json.loads((data_folder / "demo-accounts.json").read_text())} == {"horizon"}


def test_the_proof_of_removal_walks_every_table_of_the_catalogue() -> None:
    """The proof would be worth nothing if it looked at a fixed list: a table made now must be in it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE forgotten (id bigserial PRIMARY KEY, alliance_id bigint NOT NULL)")
        alliance = make_alliance("short", is_demonstration=True)
        cursor.execute("INSERT INTO forgotten (alliance_id) VALUES (%s)", [alliance.pk])

    assert rows_left(alliance.pk) == {"forgotten": 1}
    assert remove(alliance)["forgotten"] == 1
    assert rows_left(alliance.pk) == {}


def test_a_person_who_acts_in_another_demonstration_stays() -> None:
    first, second = make_alliance("first", is_demonstration=True), make_alliance("second", is_demonstration=True)
    person = make_user(is_demonstration=True)
    give_role(person, first, "secretariat")
    give_role(person, second, "editor")

    remove(first)

    assert User.objects.filter(pk=person.pk).exists()
    with tenancy.acting_in(second):
        assert RoleAssignment.objects.of(second).filter(user=person).exists()


def test_a_real_account_with_a_role_in_a_demonstration_stays() -> None:
    alliance = make_alliance("first", is_demonstration=True)
    person = make_user()
    give_role(person, alliance, "secretariat")

    remove(alliance)

    assert User.objects.filter(pk=person.pk).exists()


def test_a_real_alliance_is_never_removed(act: Alliance, secretary: User) -> None:
    record_audit(act, actor=secretary, verb="test", alliance=act)

    with pytest.raises(NoDemonstrationError):
        remove(act)
    with pytest.raises(CommandError, match="real alliance"):
        call_command("remove_demo", act.slug)

    assert AuditEntry.objects.of(act).exists()


def test_an_unknown_address_removes_nothing() -> None:
    make_alliance("first", is_demonstration=True)

    with pytest.raises(CommandError, match="no alliance"):
        call_command("remove_demo", "first", "nowhere")

    assert Alliance.objects.filter(slug="first").exists()
