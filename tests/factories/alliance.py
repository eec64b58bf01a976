"""Rows of the kernel for tests: valid by default, special cases by argument."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from alliance.choices import AllianceLevel, AllianceRole, JobState
from alliance.kernel import tenancy
from alliance.kernel.addresses import absolute_url
from alliance.kernel.identifiers import uuid7
from alliance.models import Alliance, Job, RoleAssignment, User

_numbers = itertools.count(1)

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
"""Noon in Shanghai on the day the demonstration stands at."""
BEFORE = NOON - timedelta(days=1)
"""When roles, seats and declarations of the tests began: past for acts at ``NOON`` and for acts now, on whatever day they run."""


def make_alliance(slug: str = "", **fields: Any) -> Alliance:
    """An alliance that is no demonstration; make it one with ``is_demonstration=True``."""
    number = next(_numbers)
    slug = slug or f"alliance-{number}"
    values: dict[str, Any] = {
        "name_en": f"Alliance {slug}",
        "name_zh": f"联盟 {slug}",
        "level": AllianceLevel.REGIONAL,
        **fields,
    }
    return Alliance.objects.create(slug=slug, **values)


def make_user(email: str = "", **fields: Any) -> User:
    """An account with the password ``correct horse battery``."""
    number = next(_numbers)
    values: dict[str, Any] = {"name_en": f"Person {number}", "name_zh": f"人员{number}", **fields}
    return User.objects.create_user(email or f"person{number}@example.org", "correct horse battery", **values)


def give_role(user: User, alliance: Alliance, role: str, *, since: datetime | None = None) -> RoleAssignment:
    """A role in an alliance, held since ``BEFORE`` unless said otherwise."""
    with tenancy.acting_in(alliance):
        return RoleAssignment.objects.create(alliance=alliance, user=user, role=role, starts_at=since or BEFORE)


def make_member(alliance: Alliance, role: str = AllianceRole.SECRETARIAT, **fields: Any) -> User:
    """An account with a role in an alliance; the secretariat's by default."""
    user = make_user(**fields)
    give_role(user, alliance, role)
    return user


def give_second_factor(user: User) -> None:
    """Set up an authenticator application, which real accounts with a role must have."""
    from allauth.mfa.models import Authenticator

    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})


def make_job(alliance: Alliance, kind: str, actor: User | None = None, **fields: Any) -> Job:
    """A job's row; nothing runs."""
    values: dict[str, Any] = {"state": JobState.QUEUED, **fields}
    with tenancy.acting_in(alliance):
        return Job.objects.create(alliance=alliance, uuid=uuid7(), kind=kind, actor=actor, **values)


def address(alliance: Alliance, url_name: str, **kwargs: Any) -> str:
    """Path of a tenant route under the alliance's prefix, for a test client."""
    url = absolute_url(alliance, url_name, kwargs)
    return "/" + url.split("://", 1)[1].split("/", 1)[1]
