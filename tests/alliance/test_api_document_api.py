"""The API document equals the code: committed file, examples, real answers, and the page that shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from alliance.models import Alliance
from tests.alliance.test_api_errors_api import routes
from tests.alliance.test_api_lists_api import CASES, fill
from tests.factories.alliance import address
from tests.factories.api import bearer

pytestmark = pytest.mark.django_db

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document as the code writes it now."""
    path = tmp_path_factory.mktemp("api") / "openapi.yaml"
    call_command("spectacular", file=str(path), validate=True, fail_on_warn=True)
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Refuse a value outside its schema."""
    validator = jsonschema.Draft202012Validator({**schema, "components": document["components"]})
    problems = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]
    assert not problems, problems[:5]


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]


def test_the_committed_document_is_that_of_the_code(document: dict[str, Any]) -> None:
    committed = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))

    assert committed == document, "run: manage.py spectacular --file docs/openapi.yaml --validate --fail-on-warn"


def test_every_operation_has_an_example_that_fits_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for path, method, operation in operations(document):
        assert operation["summary"], path
        successes = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert successes, f"{method} {path}"
        for answer in successes:
            content = answer["content"]["application/json"]
            check(document, content["schema"], content["example"])
            checked += 1
        if body := operation.get("requestBody"):
            for content in body["content"].values():
                check(document, content["schema"], content["example"])
    assert checked >= 18


def test_every_documented_route_exists_and_every_route_is_documented(document: dict[str, Any]) -> None:
    import re

    known = {
        "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", path)
        for name, path, view in routes()
        if not getattr(view, "undocumented", False)
    }

    assert set(document["paths"]) == known


def test_operation_names_are_unique(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _path, _method, operation in operations(document)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES, ids=[case.route for case in CASES])
def test_real_answers_lie_inside_the_schema(client: Client, alliance: Alliance, document: dict[str, Any], case: Any) -> None:
    fill(alliance)
    headers = bearer(client, alliance)

    answer = client.get(address(alliance, case.route), headers=headers)

    check(document, {"$ref": f"#/components/schemas/{case.projection.name}Page"}, answer.json())
    assert answer.json()["results"]


def test_errors_lie_inside_the_schema(client: Client, alliance: Alliance, document: dict[str, Any]) -> None:
    headers = bearer(client, alliance, ["groups:read"])
    answers = [
        client.get(address(alliance, "api_product_list")),
        client.get(address(alliance, "api_product_list"), headers=headers),
        client.get(f"{address(alliance, 'api_group_list')}?x=1", headers=headers),
        client.get(address(alliance, "api_group_detail", code="none"), headers=headers),
        client.post(address(alliance, "api_product_list"), "{", content_type="application/json", headers=headers),
    ]

    for answer in answers:
        assert answer.status_code >= 400
        check(document, {"$ref": "#/components/schemas/Problem"}, answer.json())


def test_coverage_lies_inside_its_schema(client: Client, alliance: Alliance, document: dict[str, Any]) -> None:
    fill(alliance)
    headers = bearer(client, alliance)

    answer = client.get(f"{address(alliance, 'api_coverage')}?on=2026-11-21", headers=headers)

    schema = document["paths"]["/api/v1/coverage/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    check(document, schema, answer.json())
    assert any(cell["institutions"] for cell in answer.json()["cells"])
    assert client.get(address(alliance, "api_coverage"), headers={**headers, "If-None-Match": "x"}).status_code == 200
    tag = client.get(address(alliance, "api_coverage"), headers=headers)["ETag"]
    assert client.get(address(alliance, "api_coverage"), headers={**headers, "If-None-Match": tag}).status_code == 304
    for query in ("on=yesterday", "on=2026-02-31", "day=1"):
        assert client.get(f"{address(alliance, 'api_coverage')}?{query}", headers=headers).status_code == 400


def test_the_document_is_served_with_the_alliances_own_address(client: Client, alliance: Alliance) -> None:
    served = client.get(f"{address(alliance, 'api_schema')}?format=json")

    assert served.status_code == 200
    assert served.json()["openapi"].startswith("3.1")
    assert served.json()["servers"] == [{"url": f"/a/{alliance.slug}"}]
    assert "/api/v1/products/" in served.json()["paths"]


def test_the_reference_page_keeps_the_content_security_policy(client: Client, alliance: Alliance) -> None:
    page = client.get(address(alliance, "api_docs"))

    html = page.content.decode()
    assert page.status_code == 200
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    assert "<style" not in html
    assert "style=" not in html
    assert "<script>" not in html
    assert "://" not in html.replace("http://www.w3.org", "")
    for part in html.split('"'):
        if part.startswith(settings.STATIC_URL):
            assert finders.find(part.removeprefix(settings.STATIC_URL)), part
