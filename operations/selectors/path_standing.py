"""How far somebody is on a learning path, as a pure function of certificates: nothing is stored, so nothing can go stale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from operations.choices import CertificateState, PathState


def certificate_state(expires_on: date | None, *, is_revoked: bool, today: date) -> CertificateState:
    """What a certificate is worth on a day; the day it is valid to is the last one.

    Args:
        expires_on: Last day, or None for a certificate that does not lapse.
        is_revoked: Whether it was revoked; that outlives its last day.
        today: The day.
    """
    if is_revoked:
        return CertificateState.REVOKED
    if expires_on is not None and expires_on < today:
        return CertificateState.EXPIRED
    return CertificateState.VALID


@dataclass(frozen=True, slots=True)
class Step:
    """A course of a path.

    Attributes:
        course: Its key.
        is_required: Whether the path cannot be reached without it.
    """

    course: int
    is_required: bool


@dataclass(frozen=True, slots=True)
class Earned:
    """A certificate of somebody.

    Attributes:
        course: Key of the course that was passed.
        credits: Credits it gave.
        expires_on: Last day, or None.
        is_revoked: Whether it was revoked.
    """

    course: int
    credits: Decimal
    expires_on: date | None
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How far somebody is.

    Attributes:
        state: The state.
        credits: Credits of valid certificates for courses of the path; a course counts once.
        missing: Required courses without a valid certificate.
        lapsed: Courses of the path whose certificates all expired or were revoked.
        passed: Courses of the path with a valid certificate.
    """

    state: PathState
    credits: Decimal
    missing: frozenset[int]
    lapsed: frozenset[int]
    passed: frozenset[int]


def standing_on(steps: Iterable[Step], credits_needed: Decimal, earned: Iterable[Earned], today: date) -> Standing:
    """How far somebody is on a path.

    A course taken twice counts once, with the most credits among its valid certificates. The path is reached when every
    required course has a valid certificate and the credits suffice. A certificate that expires or is revoked can only
    lower the state.

    Args:
        steps: Courses of the path.
        credits_needed: Credits that reach it, above 0.
        earned: Certificates of the person, also of other courses.
        today: The day.
    """
    on_path = {step.course: step for step in steps}
    best: dict[int, Decimal] = {}
    ever: set[int] = set()
    for one in earned:
        if one.course not in on_path:
            continue
        ever.add(one.course)
        if certificate_state(one.expires_on, is_revoked=one.is_revoked, today=today) == CertificateState.VALID:
            best[one.course] = max(best.get(one.course, Decimal(0)), one.credits)
    credit = sum(best.values(), start=Decimal(0))
    missing = frozenset(course for course, step in on_path.items() if step.is_required and course not in best)
    if not best:
        state = PathState.NOT_BEGUN
    elif missing or credit < credits_needed:
        state = PathState.UNDER_WAY
    else:
        state = PathState.REACHED
    return Standing(state, credit, missing, frozenset(ever - set(best)), frozenset(best))
