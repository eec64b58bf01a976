"""Demonstration of verified facts, evidence and people of institutions; everything about them is invented."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from alliance.actions.audit import record_audit
from alliance.actions.files import store_produced
from alliance.kernel.demo import WEAVING
from alliance.models import User
from members.choices import FactKind, StaffRole
from members.models import FactMark, Institution, InstitutionStaff
from members.permissions import VIEW_EVIDENCE
from members.selectors.evidence import EVIDENCE
from members.selectors.fact import MARK_LIFE, list_facts

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance

UNVERIFIED = frozenset({"I-003", "I-020", "I-037", "I-045", "I-058"})
EXPIRED = frozenset({"I-014", "I-039", "I-052"})
DUE = frozenset({"I-010", "I-036"})
"""Verified almost a year ago: the reminder is out."""
PARTLY = frozenset({"I-005", "I-025", "I-048"})
CHANGED = "I-029"
"""Its contact was changed after it was verified."""
PEOPLE = (
    ("I-001", "zhou-min", "Zhou Min", "周敏", StaffRole.STAFF, "qiu-yan"),
    ("I-001", "qiu-yan", "Qiu Yan", "邱研", StaffRole.SIGNATORY, ""),
    ("I-035", "he-lan", "He Lan", "何岚", StaffRole.STAFF, ""),
)
EVIDENCE_TEXT = (
    "Technical service contracts of the Guangfu Textile Institute, completed 2024 to 2026 (invented for the demonstration)\n"
    "广富纺织研究院2024年至2026年完成的技术服务合同（演示虚构）\n\n"
    "2024: 5   2025: 6   2026: 7   total 18\n"
)


def load_facts(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - the interface
    """Load marks of facts, a file of evidence and colleagues; running it again adds nothing.

    Nothing is invented about real institutions: the alliance of real ones gets none of this.
    """
    if flavour != WEAVING or FactMark.objects.of(alliance).exists():
        return
    _load_evidence(alliance)
    for institution in Institution.objects.of(alliance).order_by("code"):
        if institution.code not in UNVERIFIED:
            _verify(alliance, institution, at)
    _load_people(alliance, at)


def _verify(alliance: Alliance, institution: Institution, at: datetime) -> None:
    number = sum(map(ord, institution.code)) * 37 % 200
    days = 400 if institution.code in EXPIRED else 350 if institution.code in DUE else 20 + number
    verified_at = at - timedelta(days=days)
    facts = [fact for fact in list_facts(institution, timezone.localdate(at)) if fact.can_be_verified]
    if institution.code in PARTLY:
        facts = [fact for fact in facts if fact.kind in (FactKind.NAME, FactKind.REGISTRY)]
    marks = []
    for fact in facts:
        changed = institution.code == CHANGED and fact.kind == FactKind.CONTACT
        marks.append(
            FactMark(
                alliance=alliance,
                institution=institution,
                fact=fact.kind,
                value_digest="0" * 64 if changed else fact.digest,
                verified_at=verified_at,
                valid_until=None if changed else timezone.localdate(verified_at + MARK_LIFE),
            )
        )
    FactMark.objects.bulk_create(marks)
    record_audit(
        institution,
        actor=None,
        verb="verify_facts",
        after={"facts": [mark.fact for mark in marks], "until": timezone.localdate(verified_at + MARK_LIFE)},
        at=verified_at,
    )


def _load_evidence(alliance: Alliance) -> None:
    institution = Institution.objects.of(alliance).filter(code="I-001").first()
    supply = institution.supplies.filter(element="technology").first() if institution is not None else None
    if supply is None:
        return
    supply.evidence_file = store_produced(
        alliance,
        EVIDENCE_TEXT.encode(),
        name="service-contracts-2024-2026.txt",
        media_type="text/plain",
        purpose=EVIDENCE,
        actor=None,
        permission=VIEW_EVIDENCE,
    )
    supply.save(update_fields=["evidence_file"])


def _load_people(alliance: Alliance, at: datetime) -> None:
    users: dict[str, User] = {}
    for _code, name, name_en, name_zh, _role, _deputy in PEOPLE:
        email = f"{name}@{alliance.slug}.demo.example"
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, None, name_en=name_en, name_zh=name_zh, is_demonstration=True)
        users[name] = user
    for code, name, _en, _zh, role, deputy in PEOPLE:
        institution = Institution.objects.of(alliance).filter(code=code).first()
        if institution is None or InstitutionStaff.objects.of(alliance).filter(user=users[name]).exists():
            continue
        staff = InstitutionStaff.objects.create(
            alliance=alliance,
            institution=institution,
            user=users[name],
            role=role,
            deputy=users[deputy] if deputy else None,
            starts_at=at - timedelta(days=300),
        )
        record_audit(staff, actor=None, verb="give_staff_role", after={"user": users[name].uuid, "role": role}, at=at)
