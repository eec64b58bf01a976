"""A form sent twice, as by a double click without JavaScript, acts once and gets the same answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from alliance.models import Invitation
from groups.models import ConflictOfInterest
from members.models import Institution, InstitutionImport
from operations.choices import ProductState
from operations.models import Pilot, Product
from services.models import Rating
from targets.models import Measurement, Objective
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_member
from tests.factories.operations import Cast, make_cast, make_product
from tests.factories.services import make_entry
from tests.factories.targets import make_objective

TODAY = timezone.localdate()


@pytest.fixture
def cast(act: Any) -> Cast:
    """Everybody a product meets on its way."""
    return make_cast(act)


@dataclass(frozen=True)
class Case:
    """One form: its route, what is typed, what it makes."""

    name: str
    makes: type[Model]
    typed: Callable[[Cast], dict[str, Any]]
    route: Callable[[Cast], dict[str, str]] = lambda _cast: {}
    changed: tuple[str, str] = ("", "")
    role: str = "secretariat"


def _plan(cast: Cast) -> dict[str, Any]:
    return {
        "starts_on": TODAY.isoformat(),
        "deadline_on": (TODAY + timedelta(days=28)).isoformat(),
        "participants": [firm.pk for firm in cast.firms],
        "minimum_answers": "3",
        "trim_percent": "10",
        "blocking_defects_allowed": "0",
        "remind_days_before": "3",
        "escalate_days": "2",
        "extension_days": "14",
        "maximum_rounds": "3",
        "sample_size": "1",
        "minimum_sites": "1",
        "measures_0_name_en": "Steam",
        "measures_0_unit": "t",
        "criteria_0_name_en": "Clear instructions",
        "criteria_0_pass_mark": "3.5",
        "criteria_0_scale_low": "1",
        "criteria_0_scale_high": "5",
    }


CASES = [
    Case(
        "product_draft",
        Product,
        lambda cast: {"institution": cast.author.pk, "kind": "research_report", "title_en": "Saving steam"},
        changed=("title_en", "Saving water"),
    ),
    Case(
        "invitation_create",
        Invitation,
        lambda _cast: {"email": "new@example.org", "language": "en", "roles": ["auditor"]},
        changed=("email", "other@example.org"),
        role="office_admin",
    ),
    Case(
        "rating_create",
        Rating,
        lambda _cast: {"score": "4", "client_kind": "industry", "comment": "Good.", "email": "reader@example.org"},
        route=lambda cast: {"code": make_entry(cast.alliance).code},
        changed=("comment", "Very good, and quick as well."),
        role="",
    ),
    Case(
        "conflict_list",
        ConflictOfInterest,
        lambda cast: {"institution": cast.author.code, "matter": "product:P-029", "reason": "They sell it."},
        changed=("matter", "product:P-030"),
    ),
    Case(
        "institution_add",
        Institution,
        lambda _cast: {"name_en": "Guangfu", "kind": "industry_think_tank", "country": "cn", "region": "佛山市"},
        changed=("name_en", "Mingda"),
    ),
    Case(
        "objective_create",
        Objective,
        lambda _cast: {
            "code": "O-7",
            "tier": "core",
            "title_en": "Answer on time",
            "direction": "up",
            "baseline": "80",
            "baseline_on": "2025-12-31",
            "target_value": "95",
            "target_on": (TODAY + timedelta(days=90)).isoformat(),
        },
        changed=("code", "O-8"),
    ),
    Case(
        "measurement_report",
        Measurement,
        lambda _cast: {"value": "81", "measured_on": TODAY.isoformat(), "evidence": "Counted."},
        route=lambda cast: {"code": make_objective(cast.alliance).code},
        changed=("value", "82"),
    ),
    Case(
        "pilot_plan",
        Pilot,
        _plan,
        route=lambda cast: {"code": make_product(cast, ProductState.TRANSFORMING).code},
    ),
    Case(
        "institution_import_upload",
        InstitutionImport,
        lambda _cast: {"file": "name,kind\nGuangfu,industry think tank\n"},
    ),
]


def hidden_of(client: Client, url: str) -> dict[str, str]:
    """Hidden fields of the last form of a page that carries a key."""
    page = client.get(url).content.decode()
    form = next(part for part in re.split(r"<form", page)[::-1] if 'name="idempotency_key"' in part).split("</form>")[0]
    found = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form))
    assert found["idempotency_key"]
    return found


def send(client: Client, url: str, values: dict[str, Any]) -> Any:
    if "file" in values:  # read once by each request
        values = {**values, "file": SimpleUploadedFile("table.csv", values["file"].encode(), content_type="text/csv")}
    return client.post(url, values)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_form_sent_twice_acts_once(
    case: Case, cast: Cast, client: Client, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.forms.rating.QUICKEST_SECONDS", -1)
    person = client_for(make_member(cast.alliance, case.role)) if case.role else client
    url = address(cast.alliance, case.name, **case.route(cast))
    typed = {**hidden_of(person, url), **case.typed(cast)}
    before = case.makes._default_manager.count()

    first, second = (send(person, url, typed) for _turn in range(2))

    assert first.status_code == 302, re.findall(r'class="[^"]*error[^"]*"[^>]*>(.*?)</', first.content.decode(), re.DOTALL)
    assert (second.status_code, second["Location"]) == (302, first["Location"])
    assert case.makes._default_manager.count() == before + 1
    if case.changed[0]:  # back in the browser, changed, sent again: another act
        third = send(person, url, {**typed, case.changed[0]: case.changed[1]})
        assert third.status_code == 302, re.findall(r"<a href=\"#[^>]*>(.*?)<", third.content.decode())
        assert case.makes._default_manager.count() == before + 2
