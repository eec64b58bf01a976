"""Listings as their owner writes them: draft, change, files, sending for verification (Liu2023, release subsystem).

Every act locks the listing's row first. What becomes of a listing after that stands in ``listing_check`` and ``listing_life``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.content import bump_content_version
from alliance.actions.files import delete_stored, store_upload
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from groups.actions.conflict import screen_matter
from members.choices import Element
from members.models import Institution
from members.selectors.regions import find_region
from operations.selectors.people import staff_of
from services.choices import ListingAudience, ListingSide, ListingState, Pricing, ServiceCategory
from services.models import Listing, ListingFile, ListingParty
from services.permissions import CHANGE_LISTING, OPEN_LISTING_FILE
from services.selectors.codes import disciplines, industries
from services.signals import LISTING_CHANGED
from services.transitions import SUBMIT_LISTING

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User

LISTING_FIELDS: Final = (
    "side", "category", "elements", "industry_code", "disciplines", "labels", "region_code", "title_en", "title_zh",
    "body_en", "body_zh", "pricing", "money_min", "money_max", "starts_on", "ends_on", "duration_weeks", "audience",
    "expires_on",
)  # fmt: skip
"""What the owner writes; the institutions a listing is addressed to come beside them as ``parties``."""
LISTING_TEXTS: Final = ("title_en", "title_zh", "body_en", "body_zh", "labels")
"""Free text: for the audit log's personal part."""
EDITABLE: Final = frozenset({ListingState.DRAFT, ListingState.RETURNED})
OPEN_DAYS: Final = 120
"""How long a listing is open when its owner names no day."""
MOST_DAYS: Final = 365
LONGEST_TITLE: Final = 300
LONGEST_BODY: Final = 20_000
MOST_LABELS: Final = 20
MOST_PARTIES: Final = 200
MOST_FILES: Final = 10
MOST_MONEY: Final = Decimal("999999999999.99")
FILE_PURPOSE: Final = "services.listing_file"
PREFIXES: Final = {ListingSide.DEMAND.value: "D", ListingSide.SUPPLY.value: "S"}

_CHOICES: Final = {"side": ListingSide, "category": ServiceCategory, "pricing": Pricing, "audience": ListingAudience}
_REQUIRED: Final = ("side", "category", "pricing", "audience")


class ListingConflictError(DomainError):
    """Somebody else changed the listing meanwhile; nothing was saved.

    Attributes:
        theirs: The fields as they stand now.
        edition: Edition to save upon after comparing.
    """

    code = "edit_conflict"

    def __init__(self, listing: Listing) -> None:
        super().__init__(
            _("Someone else changed this record at %(time)s. Compare both versions, then save again.")
            % {"time": f"{timezone.localtime(listing.changed_at or listing.created_at):%H:%M}"},
            remedy=_("Your text was not saved yet; it stands below beside theirs."),
            details={"edition": listing.edition},
        )
        self.theirs = {name: getattr(listing, name) for name in LISTING_FIELDS}
        self.edition = listing.edition


def lock_listing(alliance: Alliance, code: str) -> Listing:
    """The listing, locked until the transaction ends, with its institution.

    Raises:
        NotFoundError: No listing of this alliance has the code.
    """
    listing = (
        Listing.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("alliance", "institution")
        .filter(code=code)
        .first()
    )
    if listing is None:
        raise NotFoundError
    return listing


# ------------------------------------------------------------------------------------------------------- what a step owes


def params_of(listing: Listing, **more: Any) -> dict[str, Any]:
    """Placeholders every text about a listing may use."""
    return {"title_en": listing.title_en, "title_zh": listing.title_zh, "code": listing.code, **more}


def changed(listing: Listing) -> None:
    """Owe the news that what an index or a page shows of a listing is to be renewed."""
    emit(listing.alliance, LISTING_CHANGED, {"id": listing.pk, "code": listing.code, "state": listing.state})
    bump_content_version(listing.alliance)


def move_listing(
    listing: Listing,
    step: Transition,
    *,
    actor: User | None,
    at: datetime,
    fields: Iterable[str] = (),
    after: Mapping[str, Any] | None = None,
    personal: Mapping[str, str] | None = None,
) -> None:
    """Take a listing's step: check, write, record, owe the event. The caller holds the lock and asked permission.

    The only place where a listing's state is written after it was made.

    Raises:
        TransitionRefusedError: Not possible in the listing's state.
    """
    step.check(listing.state)
    before = listing.state
    listing.state = step.target
    listing.save(update_fields=["state", *fields])
    record_audit(
        listing,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": listing.state, "revision": listing.revision, **(after or {})},
        personal=personal,
        at=at,
    )
    changed(listing)


def tell_owner(listing: Listing, kind: str, key: str, *, at: datetime, **params: Any) -> None:
    """Tell the people of the institution that lists it, once per key."""
    if listing.institution_id is None:
        return
    notify(
        listing.alliance,
        staff_of(listing.alliance, [listing.institution_id], at=at),
        kind,
        key,
        params=params_of(listing, **params),
        at=at,
        url_name="portal_listing_detail",
        url_kwargs={"code": listing.code},
    )


def settle_checks(listing: Listing, *, by: User | None, at: datetime) -> None:
    """Nobody is asked to verify the listing any more."""
    inbox.settle_all(listing.alliance, f"listing-check:{listing.code}:", by=by, at=at)


def ask_to_check(listing: Listing, *, step: int, office: bool, at: datetime) -> None:
    """Ask those who may take a step of the verification.

    Args:
        listing: In verification.
        step: 1 or 2.
        office: Whether the office may take it; the committee always may.
        at: Now.
    """
    kind = "services.listing_to_check" if step == 1 else "services.listing_to_check_again"
    roles = [AllianceRole.SECRETARIAT.value] if office else []
    for role in (*roles, AllianceRole.COMMITTEE.value):
        inbox.ask(
            listing.alliance,
            kind,
            f"listing-check:{listing.code}:{listing.revision}:{step}:{role}",
            inbox.office(role),
            params=params_of(listing),
            url_name="listing_check",
            url_kwargs={"code": listing.code},
            at=at,
        )


# ----------------------------------------------------------------------------------------------------------- what is typed


def split_labels(words: Iterable[str]) -> list[str]:
    """Key words without blanks and doubles, in their order."""
    found: dict[str, str] = {}
    for word in words:
        clean = " ".join(str(word).split())
        if clean:
            found.setdefault(clean.casefold(), clean)
    return list(found.values())


def _clean(values: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    """Checked values in the form in which they are kept.

    Raises:
        InvalidInputError: With what to do, by field.
    """
    if unknown := sorted(set(values) - set(LISTING_FIELDS)):
        raise InvalidInputError(
            _("These fields cannot be changed here: %(names)s.") % {"names": ", ".join(unknown)}, code="unknown_fields"
        )
    kept: dict[str, Any] = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    problems: dict[str, Any] = {}
    for name, choices in _CHOICES.items():
        if name in kept and kept[name] not in choices.values:
            problems[name] = _("Choose one from the list.")
    for name, most in (
        ("title_en", LONGEST_TITLE),
        ("title_zh", LONGEST_TITLE),
        ("body_en", LONGEST_BODY),
        ("body_zh", LONGEST_BODY),
    ):
        if len(kept.get(name) or "") > most:
            problems[name] = _("This is longer than %(most)s characters.") % {"most": most}
    if "labels" in kept:
        kept["labels"] = split_labels(kept["labels"] or [])
        if len(kept["labels"]) > MOST_LABELS:
            problems["labels"] = _("At most %(most)s key words are possible.") % {"most": MOST_LABELS}
        elif any(len(word) > 160 for word in kept["labels"]):
            problems["labels"] = _("A key word is longer than 160 characters; separate them by semicolons.")
    for name, known in (("elements", Element.values), ("disciplines", disciplines())):
        if name in kept:
            kept[name] = list(dict.fromkeys(kept[name] or []))
            if any(value not in known for value in kept[name]):
                problems[name] = _("Choose from the list.")
    if kept.get("industry_code") and kept["industry_code"] not in industries():
        problems["industry_code"] = _("Give a section (a letter) or a division (two digits) of GB/T 4754.")
    if kept.get("region_code"):
        region = find_region(kept["region_code"])
        if region is None:
            problems["region_code"] = _("Give a province or prefecture by its name, or its code of six digits.")
        else:
            kept["region_code"] = region
    for name in ("money_min", "money_max"):
        if kept.get(name) is not None and not 0 <= kept[name] <= MOST_MONEY:
            problems[name] = _("Give a sum in yuan that is not below zero.")
    if kept.get("duration_weeks") is not None and not 1 <= kept["duration_weeks"] <= 520:
        problems["duration_weeks"] = _("Give a number of weeks from 1 to 520.")
    if (last := kept.get("expires_on")) is not None:
        if last < today:
            problems["expires_on"] = _("This day has passed; choose a later one.")
        elif last > today + timedelta(days=MOST_DAYS):
            problems["expires_on"] = _("A listing is open for a year at most; it can be renewed.")
    if problems:
        raise _refused(problems)
    return kept


def _refused(problems: Mapping[str, Any]) -> InvalidInputError:
    words = " ".join(dict.fromkeys(str(text) for text in problems.values()))
    return InvalidInputError(
        _("The listing cannot be kept as it stands: %(what)s") % {"what": words}, code="listing_invalid", fields=problems
    )


def _check_whole(listing: Listing) -> None:
    """Rules that span fields; what the table's constraints say, in words."""
    problems: dict[str, Any] = {}
    if not listing.title_en and not listing.title_zh:
        problems["title_en"] = _("Give a title in English or in Chinese.")
    for name in _REQUIRED:
        if not getattr(listing, name):
            problems[name] = _("Choose one from the list.")
    if listing.money_min is not None and listing.money_max is not None and listing.money_max < listing.money_min:
        problems["money_max"] = _("The higher sum is below the lower one.")
    if listing.starts_on and listing.ends_on and listing.ends_on < listing.starts_on:
        problems["ends_on"] = _("The end lies before the beginning.")
    if problems:
        raise _refused(problems)


def clean_listing(listing: Listing, values: Mapping[str, Any], *, today: date) -> None:
    """Put checked values on a listing that was not saved yet.

    Raises:
        InvalidInputError: A value does not fit, by field.
    """
    for name, value in _clean(values, today=today).items():
        setattr(listing, name, value)
    _check_whole(listing)


def _check_ready(listing: Listing, parties: int, *, today: date) -> None:
    """What must be there before others are asked to verify it."""
    problems: dict[str, Any] = {}
    for language in ("en", "zh"):
        title, body = getattr(listing, f"title_{language}"), getattr(listing, f"body_{language}")
        if body and not title:
            problems[f"title_{language}"] = _("The text in this language has no title.")
    if not listing.body_en and not listing.body_zh:
        problems["body_en"] = _("Describe it, in English or in Chinese.")
    if listing.pricing == Pricing.FIXED and listing.money_max is None and listing.money_min is None:
        problems["money_max"] = _("Name the fixed price, or choose “to be agreed”.")
    if listing.pricing == Pricing.RANGE and (listing.money_min is None or listing.money_max is None):
        problems["money_max"] = _("Name both sums, or choose “to be agreed”.")
    if listing.audience == ListingAudience.NAMED and not parties:
        problems["parties"] = _("Name the institutions that may read it.")
    if listing.expires_on is not None and listing.expires_on < today:
        problems["expires_on"] = _("This day has passed; choose a later one.")
    if problems:
        words = " ".join(str(text) for text in problems.values())
        raise InvalidInputError(
            _("The listing is not complete: %(what)s") % {"what": words}, code="listing_incomplete", fields=problems
        )


def _set_parties(listing: Listing, codes: Iterable[str]) -> tuple[list[str], list[str]]:
    """Make the named readers those with these codes; the codes before and after, sorted.

    Raises:
        InvalidInputError: A code belongs to no institution of the alliance, or there are too many.
    """
    wanted = sorted({code.strip() for code in codes if code.strip()})
    if len(wanted) > MOST_PARTIES:
        words = _("At most %(most)s institutions can be named.") % {"most": MOST_PARTIES}
        raise InvalidInputError(words, fields={"parties": words})
    found = dict(Institution.objects.of(listing.alliance).filter(code__in=wanted).values_list("code", "pk"))
    if missing := [code for code in wanted if code not in found]:
        words = _("The alliance has no institution with the code %(codes)s.") % {"codes": ", ".join(missing[:5])}
        raise InvalidInputError(words, code="institution_unknown", fields={"parties": words})
    rows = {row.institution.code: row for row in listing.parties.select_related("institution")}
    before = sorted(rows)
    if before != wanted:
        ListingParty.objects.of(listing.alliance).filter(
            pk__in=[rows[code].pk for code in rows if code not in found]
        ).delete()
        ListingParty.objects.bulk_create(
            ListingParty(alliance=listing.alliance, listing=listing, institution_id=found[code])
            for code in wanted
            if code not in rows
        )
    return before, wanted


def _plain(value: Any) -> Any:
    """A value as the audit log keeps it."""
    return value if isinstance(value, str | int | list | None) else str(value)


# ----------------------------------------------------------------------------------------------------------------- the acts


@transaction.atomic
def draft_listing(
    alliance: Alliance,
    *,
    actor: User,
    institution_id: int,
    values: Mapping[str, Any],
    parties: Iterable[str] = (),
    at: datetime,
    code: str = "",
) -> Listing:
    """Begin a listing of a need or an offer.

    Args:
        alliance: The tenant.
        actor: A representative or handling officer of the institution.
        institution_id: Whose need or offer it is; a member in good standing.
        values: Of LISTING_FIELDS; ``side``, ``category`` and a title at least.
        parties: Codes of the institutions that may read it, where it is addressed to named ones.
        at: Now.
        code: Code to use, for loaders; the next number when empty.

    Raises:
        NotFoundError: No such institution.
        PermissionRefusedError: The actor does not act for it.
        DomainError: ``not_in_good_standing``.
        InvalidInputError: A value does not fit, by field.
    """
    institution = Institution.objects.of(alliance).filter(pk=institution_id).first()
    if institution is None:
        raise NotFoundError
    listing = Listing(
        alliance=alliance,
        institution=institution,
        made_by=actor,
        changed_by=actor,
        changed_at=at,
        pricing=Pricing.TO_AGREE,
        audience=ListingAudience.PUBLIC,
    )
    require(actor, CHANGE_LISTING, listing)
    require_standing(institution)
    clean_listing(listing, values, today=timezone.localtime(at).date())
    listing.code = code or next_code(Listing, alliance, PREFIXES[listing.side], 4)
    listing.save()
    _before, named = _set_parties(listing, parties if listing.audience == ListingAudience.NAMED else ())
    record_audit(
        listing,
        actor=actor,
        verb="draft_listing",
        after={
            "code": listing.code,
            "side": listing.side,
            "institution": institution.code,
            "category": listing.category,
            "audience": listing.audience,
            "parties": named,
        },
        personal=text_of(listing, LISTING_TEXTS),
        at=at,
    )
    changed(listing)
    return listing


def require_standing(institution: Institution | None) -> None:
    """Refuse what only members in good standing do.

    Raises:
        DomainError: ``not_in_good_standing``.
    """
    if (
        institution is not None
        and not Institution.objects.of(institution.alliance).active().filter(pk=institution.pk).exists()
    ):
        raise DomainError(
            _("Only institutions in good standing list needs and offers."),
            code="not_in_good_standing",
            remedy=_("The secretariat can tell you what is missing."),
            status=403,
        )


def text_of(listing: Listing, names: Iterable[str]) -> dict[str, str]:
    """Free texts of a listing by field, for the audit log's personal part."""
    found = {name: getattr(listing, name) for name in names}
    return {name: "; ".join(value) if isinstance(value, list) else value for name, value in found.items() if value}


@transaction.atomic
def update_listing(
    alliance: Alliance,
    code: str,
    *,
    actor: User,
    values: Mapping[str, Any],
    parties: Iterable[str] | None = None,
    edition: int,
    at: datetime,
) -> Listing:
    """Change a draft, or a listing that was sent back.

    Args:
        alliance: The tenant.
        code: The listing's code.
        actor: A representative or handling officer of its institution.
        values: Changed fields, of LISTING_FIELDS.
        parties: Codes of the named readers; None: as they are.
        edition: Edition the actor started from.
        at: Now.

    Raises:
        ListingConflictError: Somebody saved meanwhile; carries their text.
        DomainError: ``not_editable``: it is being verified, or out.
        InvalidInputError: A value does not fit, by field.
    """
    listing = lock_listing(alliance, code)
    require(actor, CHANGE_LISTING, listing)
    _require_editable(listing)
    cleaned = _clean(values, today=timezone.localtime(at).date())
    if listing.edition != edition:
        raise ListingConflictError(listing)
    if "side" in cleaned and cleaned["side"] != listing.side:
        words = _("A need stays a need and an offer an offer; make another listing.")
        raise InvalidInputError(words, code="side_fixed", fields={"side": words})
    differing = {name: value for name, value in cleaned.items() if getattr(listing, name) != value}
    before = {name: _plain(getattr(listing, name)) for name in differing if name not in LISTING_TEXTS}
    for name, value in differing.items():
        setattr(listing, name, value)
    _check_whole(listing)
    if listing.audience != ListingAudience.NAMED:
        parties = ()
    readers: dict[str, Any] = {}
    if parties is not None:
        was, now = _set_parties(listing, parties)
        if was != now:
            before["parties"], readers["parties"] = was, now
    if not differing and not readers:
        return listing
    listing.edition += 1
    listing.changed_at, listing.changed_by = at, actor
    listing.save(update_fields=[*differing, "edition", "changed_at", "changed_by"])
    record_audit(
        listing,
        actor=actor,
        verb="update_listing",
        before=before,
        after={
            **{name: _plain(differing[name]) for name in before if name in differing},
            **readers,
            "fields": sorted(differing),
            "edition": listing.edition,
        },
        personal=text_of(listing, [name for name in differing if name in LISTING_TEXTS]),
        at=at,
    )
    changed(listing)
    return listing


def _require_editable(listing: Listing) -> None:
    if listing.state not in EDITABLE:
        raise DomainError(
            _("The text cannot be changed in the state “%(state)s”.") % {"state": listing.get_state_display()},
            code="not_editable",
            remedy=_("Take it back to a draft first. It keeps its address, and is verified again."),
        )


@transaction.atomic
def add_listing_file(alliance: Alliance, code: str, *, file: Any, actor: User, at: datetime) -> ListingFile:
    """Attach a file to a draft; whoever may read the listing may open it.

    Raises:
        DomainError: ``not_editable``.
        InvalidInputError: No file, or too many.
        UploadRefusedError: The file is not taken; nothing was stored.
    """
    listing = lock_listing(alliance, code)
    require(actor, CHANGE_LISTING, listing)
    _require_editable(listing)
    if file is None:
        words = _("Choose a file.")
        raise InvalidInputError(words, fields={"file": words})
    if listing.files.count() >= MOST_FILES:
        full = _("A listing holds at most %(most)s files. Take one out first.") % {"most": MOST_FILES}
        raise InvalidInputError(full, code="too_many_files", fields={"file": full})
    stored = store_upload(alliance, file, FILE_PURPOSE, actor=actor, permission=OPEN_LISTING_FILE)
    row = ListingFile.objects.create(alliance=alliance, listing=listing, file=stored, added_by=actor, added_at=at)
    record_audit(
        listing,
        actor=actor,
        verb="add_listing_file",
        after={"file": stored.uuid, "sha256": stored.sha256},
        personal={"name": stored.name},
        at=at,
    )
    changed(listing)
    return row


@transaction.atomic
def remove_listing_file(alliance: Alliance, code: str, file_uuid: UUID, *, actor: User, at: datetime) -> None:
    """Take a file out of a draft and delete it.

    Raises:
        NotFoundError: The listing has no such file.
        DomainError: ``not_editable``.
    """
    listing = lock_listing(alliance, code)
    require(actor, CHANGE_LISTING, listing)
    _require_editable(listing)
    row = listing.files.select_related("file").filter(file__uuid=file_uuid).first()
    if row is None:
        raise NotFoundError
    stored = row.file
    row.delete()
    record_audit(
        listing,
        actor=actor,
        verb="remove_listing_file",
        before={"file": stored.uuid, "sha256": stored.sha256},
        personal={"name": stored.name},
        at=at,
    )
    try:
        with transaction.atomic():
            delete_stored(stored, actor=actor)
    except ProtectedError:
        pass  # another record holds the same file: it stays there
    changed(listing)


def file_of(stored: Any) -> ListingFile | None:
    """The row by which a stored file belongs to a listing, for its permission."""
    return (
        ListingFile.objects.filter(alliance_id=stored.alliance_id, file=stored)
        .select_related("alliance", "listing", "listing__alliance")
        .first()
    )


@transaction.atomic
def submit_listing(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Listing:
    """Send a listing for verification; what was verified of an earlier text counts no more.

    Raises:
        InvalidInputError: Something is missing, by field.
        TransitionRefusedError: It is being verified or out already.
        DomainError: ``not_in_good_standing``.
    """
    listing = lock_listing(alliance, code)
    require(actor, SUBMIT_LISTING.permission, listing)
    SUBMIT_LISTING.check(listing.state)
    require_standing(listing.institution)
    _check_whole(listing)
    _check_ready(listing, listing.parties.count(), today=timezone.localtime(at).date())
    if listing.submitted_at is not None:
        listing.revision += 1
    listing.submitted_at = at
    inbox.settle(alliance, f"listing-returned:{code}", by=actor, at=at)
    move_listing(listing, SUBMIT_LISTING, actor=actor, at=at, fields=("revision", "submitted_at"))
    screen_matter(alliance, listing.matter, at=at)
    ask_to_check(listing, step=1, office=True, at=at)
    return listing
