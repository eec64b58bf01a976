"""The yearly honours list: computed from the ledger, published once by the management committee, kept as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.errors import DomainError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.turns import take_turns
from members.models import Institution
from operations.models import HonoursList
from operations.permissions import PUBLISH_HONOURS
from operations.selectors.incentive import compute_honours
from operations.selectors.people import staff_of
from operations.signals import HONOURS_PUBLISHED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User


@transaction.atomic
def publish_honours(alliance: Alliance, year: int, *, actor: User, at: datetime) -> HonoursList:
    """Publish the honours list of a year that is over; it is kept as it was, whatever happens to a record later.

    Args:
        alliance: The tenant.
        year: The year.
        actor: A member of the management committee.
        at: Now.

    Raises:
        PermissionRefusedError: The actor is none of the committee.
        DomainError: ``honours_published`` (it was before), ``year_not_over``, or ``honours_empty``: nothing was earned.
    """
    require(actor, PUBLISH_HONOURS, alliance)
    take_turns(alliance, f"honours:{year}")
    if HonoursList.objects.of(alliance).filter(year=year).exists():
        raise DomainError(
            _("The honours list of %(year)s was published already.") % {"year": year},
            code="honours_published",
            remedy=_("It is kept as it was."),
        )
    if year >= timezone.localtime(at).year:
        raise DomainError(
            _("The year %(year)s is not over.") % {"year": year},
            code="year_not_over",
            remedy=_("The list can be published from 1 January on."),
        )
    record = compute_honours(alliance, year)
    if not record["rows"]:
        raise DomainError(
            _("Nothing was earned in %(year)s.") % {"year": year},
            code="honours_empty",
            remedy=_("Points follow from the records once a tariff is valid."),
        )
    found = HonoursList.objects.create(alliance=alliance, year=year, rows=record, published_by=actor, published_at=at)
    codes = [row["code"] for row in record["rows"]]
    record_audit(
        found,
        actor=actor,
        verb="publish_honours",
        after={
            "year": year,
            "method": record["method"],
            "rows": [[row["rank"], row["code"], row["points"]] for row in record["rows"]],
        },
        at=at,
    )
    emit(alliance, HONOURS_PUBLISHED, {"year": year, "institutions": len(codes)})
    ids = Institution.objects.of(alliance).filter(code__in=codes).values_list("pk", flat=True)
    notify(
        alliance,
        staff_of(alliance, list(ids), at=at),
        "honours_published",
        f"honours:{year}",
        params={"year": year},
        at=at,
        url_name="honours_public",
        url_kwargs={"year": year},
    )
    return found
