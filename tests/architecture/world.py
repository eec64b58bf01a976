"""Two whole alliances with a row in every table, and one person per role: the world of the route table."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from alliance.api.scopes import SCOPES
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.models import Alliance, ApiClient, User
from groups.models import GroupMembership, VirtualGroup
from members.models import Institution, InstitutionStaff
from tests.architecture.rows import fill_tenant_tables
from tests.factories.alliance import give_role, make_alliance, make_user

ROLES = (
    "anonymous",
    "stranger",
    "office_admin",
    "secretariat",
    "committee",
    "editor",
    "auditor",
    "representative",
    "wisdom_group",
    "media_group",
    "leading_enterprise_group",
    "foundation",
)
"""Nobody; a person with every role elsewhere; the roles of an alliance; people of the institution that owns the objects; people
of institutions in the groups that own nothing."""

Made = dict[type[models.Model], models.Model]


@dataclass(slots=True)
class World:
    """Two alliances, their rows and the people of the first."""

    own: Alliance
    other: Alliance
    rows: Made
    other_rows: Made
    people: dict[str, User | None]


def build(other_text: str = "") -> World:
    """Make the world in the present transaction; ``other_text`` stands in every text of the other alliance."""
    own, other = make_alliance("own-world", industry_code="17"), make_alliance("other-world")
    rows, other_rows = fill_tenant_tables(own), fill_tenant_tables(other, text=other_text)
    people: dict[str, User | None] = {"anonymous": None}
    stranger = make_user("stranger@example.org")
    for role in AllianceRole.values:
        give_role(stranger, other, role)
        people[str(role)] = make_user(f"{role}@example.org")
        give_role(people[str(role)], own, role)  # type: ignore[arg-type]
    people["stranger"] = stranger
    with tenancy.acting_in(other):
        InstitutionStaff.objects.create(
            alliance=other,
            institution=other_rows[Institution],  # type: ignore[misc]
            user=stranger,
            role="representative",
            starts_at=timezone.now() - timedelta(days=1),
        )
    with tenancy.acting_in(own):
        people["representative"] = _staff(own, rows[Institution], "representative")  # type: ignore[arg-type]
        for kind in ("wisdom_group", "media_group", "leading_enterprise_group", "foundation"):
            institution = Institution.objects.create(
                alliance=own,
                code=f"member-{kind.replace('_', '-')}",
                kind="leading_enterprise" if kind.startswith("leading") else "university_think_tank",
                name_en=f"Member {kind}",
                name_key=f"member {kind}",
                sort_key=f"member {kind}",
            )
            group, _made = VirtualGroup.objects.get_or_create(alliance=own, kind=kind)
            GroupMembership.objects.create(
                alliance=own,
                group=group,
                institution=institution,
                role="member",
                starts_at=timezone.now() - timedelta(days=1),
            )
            people[kind] = _staff(own, institution, kind)
    return World(own, other, rows, other_rows, people)


def _staff(alliance: Alliance, institution: Institution, name: str) -> User:
    user = make_user(f"{name}@members.example.org")
    InstitutionStaff.objects.create(
        alliance=alliance,
        institution=institution,
        user=user,
        role="representative",
        starts_at=timezone.now() - timedelta(days=1),
    )
    return user


def token_for(alliance: Alliance, scope: str) -> str:
    """An access token of a client registered for one scope."""
    from oauth2_provider.models import AccessToken

    token = uuid.uuid4().hex
    with tenancy.acting_in(alliance):
        client = ApiClient.objects.create(
            alliance=alliance,
            name=scope,
            organisation="x",
            purpose="x",
            client_type="confidential",
            authorization_grant_type="client-credentials",
            scopes=[scope],
        )
        AccessToken.objects.create(
            application=client,
            token=token,
            token_checksum=hashlib.sha256(token.encode()).hexdigest(),
            expires=timezone.now() + timedelta(minutes=10),
            scope=scope,
        )
    return token


ALL_SCOPES = tuple(SCOPES)


# ---------------------------------------------------------------------------------------------------------------- routes


@dataclass(frozen=True, slots=True)
class Route:
    """A route of one of the two URL configurations."""

    conf: str
    name: str
    pattern: str
    parameters: tuple[str, ...]

    @property
    def key(self) -> str:
        """``platform:home`` or ``tenant:inbox``."""
        return f"{self.conf}:{self.name}"


CONFS = {"platform": "alliance.urls", "tenant": "alliance.urls_tenant"}


def routes() -> list[Route]:
    """Every route of the resolver."""
    return [route for conf, module in CONFS.items() for route in _walk(get_resolver(module), conf, "", ())]


def _walk(resolver: URLResolver, conf: str, prefix: str, parameters: tuple[str, ...]) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        found = (*parameters, *_parameters(entry))
        text = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from _walk(entry, conf, text, found)
        else:
            yield Route(conf, entry.name or text, text, found)


def _parameters(entry: URLPattern | URLResolver) -> tuple[str, ...]:
    pattern: Any = entry.pattern
    return tuple(pattern.converters) or tuple(pattern.regex.groupindex)


def column(model: type[models.Model], name: str) -> Callable[[Made], Any]:
    """The value of a made row's field."""
    return lambda made: getattr(made[model], name)


def snapshot(alliance: Alliance) -> dict[str, str]:
    """A checksum of every tenant table's rows of one alliance."""
    found = {}
    with tenancy.acting_in(alliance), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'alliance_id' "
            "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{table}\" t")
            found[table] = cursor.fetchone()[0]
    return found
