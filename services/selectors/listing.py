"""Reads of listings: the owner's, the member's and the desk's. Each asks for what its reader may see, counts included."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Count, Exists, OuterRef, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.errors import NotFoundError
from alliance.kernel.formats import format_list
from alliance.kernel.jump import LIMIT, Hit
from alliance.kernel.permissions import SECRETARIAT, can, grants_of, institutions_acted_for, roles_in_alliance
from groups.selectors.conflict import list_matters_aside
from groups.selectors.matters import MatterKind, Parties
from services.choices import ListingAudience, ListingState, Verdict
from services.models import OPEN_LISTINGS, Listing, ListingCheck, ListingFile, ListingParty
from services.permissions import UNDER_CHECK, VIEW_LISTING

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance

EXPIRING_WITHIN: Final = timedelta(days=14)
ALIKE: Final = 0.45
"""Similarity of titles (shared trigrams, 0 to 1) from which two listings are shown as possibly the same."""
SHARED_LABELS: Final = 2
"""Key words in common from which they are."""
DESK_TABS: Final = ("waiting", "pending", "checked", "published", "expiring", "returned", "all")


def get_listing(alliance: Alliance, code: str, *, reader: Any) -> Listing:
    """A listing that the person may read, with its institution; two queries besides the person's roles.

    Raises:
        NotFoundError: It does not exist here, or is not open to the person: the same answer for both.
    """
    listing = None
    if "\x00" not in code:
        listing = Listing.objects.of(alliance).select_related("alliance", "institution").filter(code=code).first()
    if listing is None or not can(reader, VIEW_LISTING, listing):
        raise NotFoundError
    return listing


def readable_by(alliance: Alliance, reader: Any, on: date) -> QuerySet[Listing, Listing]:
    """Every listing a person may read, as VIEW_LISTING decides for one; for lists, counts, the jump box and the API.

    Two queries besides the person's roles (which matters the person's institutions stand aside from), then the list's own.
    """
    grants = grants_of(reader, alliance)
    mine = institutions_acted_for(grants)
    rows = Listing.objects.of(alliance)
    allowed = Q(pk__in=[])
    if mine:
        allowed |= Q(pk__in=rows.readable(on, mine).values("pk"))
    roles = roles_in_alliance(grants)
    aside = list_matters_aside(alliance, frozenset(mine), "listing") if mine and roles else set()
    codes = {matter.partition(":")[2] for matter in aside}
    if any(holder.holds(grants, alliance) for holder in SECRETARIAT) or AllianceRole.AUDITOR in roles:
        allowed |= ~Q(code__in=codes) if codes else Q()
        if not codes:
            return rows
    if AllianceRole.COMMITTEE in roles and mine:
        allowed |= Q(state__in=UNDER_CHECK) & ~Q(code__in=codes)
    return rows.filter(allowed)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; empty: everything.

    Attributes:
        side: Sides.
        category: Categories.
        element: Elements; one of them is enough.
        discipline: Disciplines; one of them is enough.
        industry: Sections or divisions.
        region: Provinces (first two digits count) or prefectures.
        audience: Audiences.
        q: Words in the title, or a code.
        newer: Published within so many days.
    """

    side: Sequence[str] = ()
    category: Sequence[str] = ()
    element: Sequence[str] = ()
    discipline: Sequence[str] = ()
    industry: Sequence[str] = ()
    region: Sequence[str] = ()
    audience: Sequence[str] = ()
    q: str = ""
    newer: int = 0

    @property
    def any(self) -> bool:
        """Whether anything is chosen."""
        return bool(
            self.side
            or self.category
            or self.element
            or self.discipline
            or self.industry
            or self.region
            or self.audience
            or self.q
            or self.newer
        )


def narrow(rows: QuerySet[Listing, Listing], chosen: Filters, *, at: datetime) -> QuerySet[Listing, Listing]:
    """The listings that fit every filter."""
    for name in ("side", "category", "audience"):
        if values := getattr(chosen, name):
            rows = rows.filter(**{f"{name}__in": values})
    if chosen.element:
        rows = rows.filter(elements__overlap=list(chosen.element))
    if chosen.discipline:
        rows = rows.filter(disciplines__overlap=list(chosen.discipline))
    if chosen.industry:
        rows = rows.filter(industry_code__in=chosen.industry)
    if chosen.region:
        places = Q(pk__in=[])
        for code in chosen.region:
            places |= Q(region_code__startswith=code[:2]) if code.endswith("0000") else Q(region_code=code)
        rows = rows.filter(places)
    if chosen.newer:
        rows = rows.filter(published_at__gte=at - timedelta(days=chosen.newer))
    if chosen.q:
        rows = rows.filter(
            Q(code__iexact=chosen.q)
            | Q(title_en__icontains=chosen.q)
            | Q(title_zh__icontains=chosen.q)
            | Q(labels__contains=[chosen.q])
        )
    return rows


def list_own(alliance: Alliance, institution_id: int) -> QuerySet[Listing, Listing]:
    """Listings of one institution in every state, newest first; one query."""
    return Listing.objects.of(alliance).filter(institution_id=institution_id).order_by("-id")


def list_for_members(alliance: Alliance, institutions: Collection[int], on: date) -> QuerySet[Listing, Listing]:
    """Open listings of others that are addressed to one of the institutions, newest first; one query."""
    return (
        Listing.objects.of(alliance)
        .open(on)
        .readable(on, institutions)
        .exclude(institution__in=list(institutions))
        .filter(published_at__isnull=False)
        .select_related("institution")
        .order_by("-published_at", "-id")
    )


def _waiting_for(alliance: Alliance, reader: Any, rows: QuerySet[Listing, Listing]) -> QuerySet[Listing, Listing]:
    """Those whose open step the reader may take, as far as a list can tell; the action asks the rest."""
    grants = grants_of(reader, alliance)
    mine = institutions_acted_for(grants)
    roles = roles_in_alliance(grants)
    office = any(holder.holds(grants, alliance) for holder in SECRETARIAT)
    passed = ListingCheck.objects.of(alliance).filter(
        listing=OuterRef("pk"), revision=OuterRef("revision"), step=1, verdict=Verdict.PASSED
    )
    # Of the units the person has, one must be another than that of the first check, and the person another.
    units: Any = Q(pk__in=[])
    if office:
        units |= Q(state=ListingState.PENDING) | ~Exists(passed.filter(institution__isnull=True))
    if AllianceRole.COMMITTEE in roles and mine:
        units |= Q(state=ListingState.PENDING) | ~Exists(passed.filter(institution__in=mine))
    aside = {
        matter.partition(":")[2] for matter in (list_matters_aside(alliance, frozenset(mine), "listing") if mine else set())
    }
    return (
        rows.filter(units, state__in=UNDER_CHECK)
        .exclude(institution__in=mine)
        .exclude(made_by=reader)
        .exclude(changed_by=reader)
        .exclude(code__in=aside)
        .exclude(Exists(passed.filter(by=reader)))
    )


def list_desk(alliance: Alliance, reader: Any, tab: str, on: date) -> QuerySet[Listing, Listing]:
    """Listings of one tab of the desk that the reader may read, with their institutions."""
    rows = readable_by(alliance, reader, on)
    if tab == "waiting":
        rows = _waiting_for(alliance, reader, rows)
    elif tab == "expiring":
        rows = rows.filter(state__in=OPEN_LISTINGS, expires_on__gte=on, expires_on__lte=on + EXPIRING_WITHIN)
    elif tab == "published":
        rows = rows.filter(state__in=OPEN_LISTINGS)
    elif tab != "all":
        rows = rows.filter(state=tab)
    return rows.select_related("institution")


def count_desk(alliance: Alliance, reader: Any, on: date) -> dict[str, int]:
    """How many listings each tab holds for this reader; two queries besides roles and conflicts."""
    rows = readable_by(alliance, reader, on)
    soon = Q(state__in=OPEN_LISTINGS, expires_on__gte=on, expires_on__lte=on + EXPIRING_WITHIN)
    counts = rows.aggregate(
        pending=Count("pk", filter=Q(state=ListingState.PENDING)),
        checked=Count("pk", filter=Q(state=ListingState.CHECKED)),
        published=Count("pk", filter=Q(state__in=OPEN_LISTINGS)),
        expiring=Count("pk", filter=soon),
        returned=Count("pk", filter=Q(state=ListingState.RETURNED)),
        all=Count("pk"),
    )
    return {"waiting": _waiting_for(alliance, reader, rows).count(), **counts}


def waiting_listings(alliance: Alliance, reader: Any) -> QuerySet[Listing]:
    """Listings that wait for this person's verification, as far as a list can tell."""
    return _waiting_for(alliance, reader, Listing.objects.of(alliance))


def returned_listings(alliance: Alliance, reader: Any) -> QuerySet[Listing]:
    """Listings of the person's institutions that came back with points."""
    mine = institutions_acted_for(grants_of(reader, alliance))
    return Listing.objects.of(alliance).filter(institution__in=mine, state=ListingState.RETURNED)


def list_listing_files(listing: Listing) -> list[ListingFile]:
    """Files of a listing in the order in which they were added; one query."""
    return list(ListingFile.objects.of(listing.alliance).filter(listing=listing).select_related("file").order_by("id"))


def list_parties(listing: Listing) -> list[ListingParty]:
    """Institutions a listing is addressed to, by name; one query."""
    rows = ListingParty.objects.of(listing.alliance).filter(listing=listing).select_related("institution")
    return list(rows.order_by("institution__sort_key", "id"))


def list_checks(listing: Listing) -> list[ListingCheck]:
    """Every check of a listing, newest first, with people and institutions; one query."""
    rows = ListingCheck.objects.of(listing.alliance).filter(listing=listing).select_related("by", "institution")
    return list(rows.order_by("-at", "-id"))


def points_of(listing: Listing) -> dict[str, list[str]]:
    """What those who sent the listing back want done, by field of the form; only while it is with its owner. One query."""
    if listing.state != ListingState.RETURNED:
        return {}
    last = (
        ListingCheck.objects.of(listing.alliance)
        .filter(listing=listing, revision=listing.revision, verdict=Verdict.RETURNED)
        .order_by("-at", "-id")
        .first()
    )
    found: dict[str, list[str]] = {}
    for point in last.points if last else []:
        found.setdefault(point["field"], []).append(point["words"])
    return found


# -------------------------------------------------------------------------------------------------------------- duplicates


@dataclass(frozen=True, slots=True)
class Alike:
    """A listing that may say the same.

    Attributes:
        listing: The other one; the reader may read it.
        percent: Similarity of the titles in one of the languages, 0 to 100.
        labels: Key words in common.
        is_own: Whether it is the same institution's.
    """

    listing: Listing
    percent: int
    labels: list[str]
    is_own: bool


def list_alike(listing: Listing, on: date, limit: int = 5) -> list[Alike]:
    """Own and other open listings of the same side that look like this one; only such as its institution may read. One query.

    Similar are titles that share many trigrams, in one of the languages, or listings with two key words in common.
    """
    if listing.institution_id is None:
        rows = Listing.objects.of(listing.alliance).open(on).filter(institution__isnull=True)
    else:
        rows = Listing.objects.of(listing.alliance).readable(on, [listing.institution_id])
    rows = rows.filter(side=listing.side).exclude(pk=listing.pk).exclude(state=ListingState.WITHDRAWN)
    parts: list[Any] = [
        TrigramSimilarity(name, title)
        for name, title in (("title_en", listing.title_en), ("title_zh", listing.title_zh))
        if title
    ]
    likeness = Greatest(*parts, Value(0.0)) if parts else Value(0.0)
    compared: Any = rows.annotate(likeness=likeness)
    near = Q(likeness__gte=ALIKE)
    if len(listing.labels) >= SHARED_LABELS:
        near |= Q(labels__overlap=listing.labels)
    found = []
    own_words = {word.casefold() for word in listing.labels}
    for row in compared.filter(near).select_related("institution").order_by("-likeness", "-id")[:40]:
        shared = [word for word in row.labels if word.casefold() in own_words]
        if row.likeness >= ALIKE or len(shared) >= SHARED_LABELS:
            found.append(Alike(row, round(row.likeness * 100), shared, row.institution_id == listing.institution_id))
    return found[:limit]


# ----------------------------------------------------------------------------------------- conflicts of interest, jump box


def listing_parties(alliance: Alliance, code: str) -> Parties | None:
    """Whose listing it is; one query."""
    found = Listing.objects.of(alliance).filter(code=code).values_list("institution_id", flat=True)
    owner = list(found[:1])
    return Parties(frozenset(pk for pk in owner if pk is not None)) if owner else None


def open_listings(alliance: Alliance) -> dict[str, Parties]:
    """Owners of every listing that somebody has yet to verify; one query."""
    rows = Listing.objects.of(alliance).filter(state__in=UNDER_CHECK, institution__isnull=False)
    return {code: Parties(frozenset({owner})) for code, owner in rows.values_list("code", "institution_id") if owner}


def listings_kept_from(alliance: Alliance, reader: Any) -> Q:
    """Condition for inbox items of those who verify, about listings that the person may not read, or no more.

    One query besides the person's roles, and that only for people of an institution who have a role in the alliance.
    """
    items = Q(url_name__in=("listing_check", "listing_desk_detail"))
    readable = readable_by(alliance, reader, timezone.localdate())
    return items & ~Q(Exists(readable.filter(code=KeyTextTransform("code", OuterRef("url_kwargs")))))


LISTING_MATTER: Final = MatterKind(_("Listing"), listing_parties, open_listings, "listing_desk_detail")


def find_listings(alliance: Alliance, user: Any, query: str) -> list[Hit]:
    """Listings this person may read whose code or title fits, for the jump box."""
    if not getattr(user, "is_authenticated", False):
        return []
    fitting = Q(code__iexact=query) | Q(title_en__icontains=query) | Q(title_zh__icontains=query)
    in_console = can(user, "services.view_listings", alliance)
    rows = readable_by(alliance, user, timezone.localdate()).filter(fitting).order_by("code")[:LIMIT]
    return [
        Hit(
            row.title,
            f"{row.code} · {row.get_state_display()}",
            reverse("listing_desk_detail" if in_console else "portal_listing_detail", kwargs={"code": row.code}),
            is_exact=row.code.casefold() == query.casefold(),
        )
        for row in rows
    ]


# ------------------------------------------------------------------------------------------------------------- due by date


def list_to_expire(alliance: Alliance, on: date) -> list[int]:
    """Published listings whose last day has passed; one query."""
    rows = Listing.objects.of(alliance).filter(state=ListingState.PUBLISHED, expires_on__lt=on)
    return list(rows.order_by("expires_on", "id").values_list("pk", flat=True)[:1000])


def list_to_remind(alliance: Alliance, on: date) -> list[int]:
    """Open listings whose last day comes within two weeks; one query."""
    rows = Listing.objects.of(alliance).filter(
        state__in=OPEN_LISTINGS, expires_on__gte=on, expires_on__lte=on + EXPIRING_WITHIN, institution__isnull=False
    )
    return list(rows.order_by("expires_on", "id").values_list("pk", flat=True)[:1000])


def audience_words(listing: Listing, parties: Sequence[ListingParty]) -> str:
    """Who may read it, in words."""
    if listing.audience == ListingAudience.NAMED:
        return format_list((row.institution.name for row in parties), get_language())
    return str(listing.get_audience_display())
