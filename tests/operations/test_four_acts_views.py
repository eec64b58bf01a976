"""Vote, review, file and approval: refused by page and by API to whoever stands aside, with the rule and nothing else (S7)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from alliance.models import Alliance
from groups.models import Vote
from members.models import Institution
from operations.choices import ProductState
from operations.models import PilotFeedback, ProductReview
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.groups import make_conflict
from tests.factories.motions import make_open, make_voters
from tests.factories.operations import Cast, make_institution, make_pilot, make_product, make_staff
from tests.groups.test_motion_views import fresh

RULE = "your institution stands aside from it"
WHY = "MARKERWORD of the reason"


def aside(institution: Institution, matter: str) -> None:
    make_conflict(institution, matter, reason=WHY)


def refused(answer: Any) -> None:
    """With the rule named, by 403 or 409, and without a word of the reason."""
    assert answer.status_code in {403, 409}, answer.content[:300]
    text = answer.content.decode()
    assert "MARKERWORD" not in text
    if answer["Content-Type"].startswith("application/"):
        assert answer.json()["code"] == "conflict_of_interest"
    else:
        assert "stands aside" in text


def send(client: Client, url: str, body: dict[str, Any]) -> Any:
    return client.post(url, body, content_type="application/json", headers={"Idempotency-Key": "k" * 24})


def test_a_vote(act: Alliance, client_for: ClientFor) -> None:
    voters = make_voters(act, 3)
    motion = make_open(act)
    aside(voters[0].institution, f"motion:{motion.code}")
    client = fresh(client_for(voters[0].user))

    refused(client.post(address(act, "portal_motion_vote", code=motion.code), {"choice": "yes"}))
    body = {"institution": voters[0].code, "choice": "yes"}
    refused(send(client, address(act, "api_motion_vote", code=motion.code), body))

    assert not Vote.objects.of(act).exists()


def test_a_review(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.IN_REVIEW)
    aside(cast.reviewer_institution, product.matter)
    client = client_for(cast.reviewer)

    page = address(cast.alliance, "product_review", code=product.code)
    refused(client.post(page, {"verdict": "approve", "institution": cast.reviewer_institution.pk, "comment": "Good."}))
    step = address(cast.alliance, "api_product_step", code=product.code, step="approve_product")
    refused(send(client, step, {"institution": cast.reviewer_institution.code}))

    assert not ProductReview.objects.of(cast.alliance).exists()


def test_an_approval(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    own = make_institution(cast.alliance)
    make_staff(cast.alliance, own, user=cast.committee)
    aside(own, product.matter)
    client = client_for(cast.committee)

    refused(send(client, address(cast.alliance, "api_product_step", code=product.code, step="release_product"), {}))
    page = address(cast.alliance, "product_release", code=product.code)
    refused(client.post(page, {"decision": "release"}))

    product.refresh_from_db()
    assert product.state == ProductState.PILOTING


@pytest.mark.parametrize("stands_aside", [False, True])
def test_a_file(cast: Cast, client_for: ClientFor, stands_aside: bool) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    file = SimpleUploadedFile("measured.csv", b"item,before,after\nsalt,50,25\n")
    answers = {"score_1": "4", "score_2": "5", "suggestion": "Fine", "evidence": file}
    client_for(cast.testers[0]).post(address(cast.alliance, "pilot_answer", code=product.code), answers)
    stored = PilotFeedback.objects.of(cast.alliance).get().evidence
    assert stored is not None
    own = make_institution(cast.alliance)
    make_staff(cast.alliance, own, user=cast.committee)
    if stands_aside:
        aside(own, product.matter)

    answer = client_for(cast.committee).get(address(cast.alliance, "file_download", uuid=stored.uuid))

    if stands_aside:
        refused(answer)
    else:
        assert answer.status_code == 200
    outsider = client_for(cast.reviewer).get(address(cast.alliance, "file_download", uuid=stored.uuid))
    assert outsider.status_code == 404
