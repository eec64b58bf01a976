"""Applications for tests, filled in as a careful applicant would. Call them inside ``acting_in``."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core import mail
from django.core.files.base import ContentFile
from django.utils import timezone

from members.actions import application as acts
from members.actions.application_letter import make_link_token
from members.choices import KIND_ELEMENTS, KIND_SUBKINDS, InstitutionKind
from members.models import Application
from members.selectors.admission import REQUIREMENTS
from members.selectors.registry_codes import USCC_ALPHABET, USCC_WEIGHTS

if TYPE_CHECKING:
    from alliance.models import Alliance, User

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
_numbers = itertools.count(1)


def make_uscc(number: int) -> str:
    """A well-formed unified social credit code, with its check character."""
    body = f"91310000MA1{number:06d}"
    total = sum(USCC_ALPHABET.index(letter) * weight for letter, weight in zip(body, USCC_WEIGHTS, strict=False))
    return body + USCC_ALPHABET[(31 - total % 31) % 31]


def application_values(kind: str = InstitutionKind.INDUSTRY_THINK_TANK, **changes: Any) -> dict[str, Any]:
    """What a complete form of a kind holds."""
    number = next(_numbers)
    return {
        "name_zh": f"织造研究院{number}号",
        "name_en": f"Weaving Research Institute {number}",
        "subkind": next(iter(KIND_SUBKINDS.get(kind, ("",)))),
        "country": "CN",
        "region": "310000",
        "registry_code": make_uscc(number),
        "web": "https://applicant.example.org/",
        "contact_name": "Zhou Min",
        "contact_email": f"applicant{number}@example.org",
        "contact_phone": "021-1234",
        "elements": [
            {"element": str(KIND_ELEMENTS[kind][0]), "scale": "meso", "statement": "Twelve people and what they know."}
        ],
        "answers": {question.key: f"Answer on {question.key}." for question in REQUIREMENTS[kind].questions},
        **changes,
    }


def token_of(application: Application) -> str:
    """The token of an application's private link."""
    return make_link_token(application.uuid, application.created_at)


def make_application(
    alliance: Alliance,
    kind: str = InstitutionKind.INDUSTRY_THINK_TANK,
    *,
    evidence: bool = True,
    sent: bool = True,
    language: str = "zh-hans",
    at: datetime | None = None,
    **changes: Any,
) -> Application:
    """An application as its applicant left it: with all its evidence and sent, unless said otherwise."""
    moment = at or timezone.now()
    application = acts.start_application(
        alliance, kind, values=application_values(kind, **changes), language=language, at=moment
    )
    if evidence:
        for each in REQUIREMENTS[kind].evidence:
            file = ContentFile(PDF, name=f"{each}.pdf")
            acts.add_evidence(alliance, token_of(application), kind=each, file=file, at=moment)
    if sent:
        application = acts.submit_application(alliance, token_of(application), at=moment)
    return application


def make_complete(
    alliance: Alliance, screener: User, kind: str = InstitutionKind.INDUSTRY_THINK_TANK, **more: Any
) -> Application:
    """An application whose file was marked as complete."""
    at = more.get("at") or timezone.now()
    application = make_application(alliance, kind, **more)
    acts.start_screening(alliance, application.code, actor=screener, at=at)
    return acts.complete_application(alliance, application.code, actor=screener, at=at)


def last_mail() -> str:
    """The newest mail's text."""
    return str(mail.outbox[-1].body)
