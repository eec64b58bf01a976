"""Who may do what in the service layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from alliance.choices import AllianceRole
from alliance.kernel.permissions import (
    COMMITTEE,
    SECRETARIAT,
    Grant,
    Holder,
    InAlliance,
    InInstitution,
    can,
    declare,
    grants_of,
    institution_ids,
    institutions_acted_for,
    share_checks,
)
from groups.selectors.conflict import list_recused
from members.choices import StaffRole
from services.choices import ListingAudience, ListingState
from services.models import OPEN_LISTINGS, Contract, ContractParty, ContractSignatory, Listing, ListingFile

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

MODERATE_RATING = declare(
    "services.moderate_rating",
    _("decide whether a comment is shown"),
    InAlliance(AllianceRole.EDITOR),
    *SECRETARIAT,
)

# -------------------------------------------------------------------------------------------------------------------- docking


@dataclass(frozen=True, slots=True)
class ForOutside:
    """A holder who answers for listings from outside sources, which no institution answers for.

    Attributes:
        holder: Who.
        paths: Attribute paths from the record to an institution's id; it holds where one of them leads to none.
    """

    holder: Holder
    paths: tuple[str, ...]

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether a listing has no institution and the holder fits."""
        return any(not institution_ids(record, path) for path in self.paths) and self.holder.holds(grants, record)

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.holder.describe()


_ANSWERING: Final = frozenset({StaffRole.REPRESENTATIVE.value, StaffRole.STAFF.value})
_OWN_LISTING: Final = _("representative or handling officer of the listing's institution")
_OWN_PEOPLE: Final = InInstitution("institution_id", frozenset(), _("people of the institution that lists it"))
_OUTSIDE: Final = tuple(ForOutside(holder, ("institution_id",)) for holder in SECRETARIAT)
_DESK_READERS: Final = (*SECRETARIAT, *COMMITTEE, InAlliance(AllianceRole.AUDITOR))

VIEW_MATCHES: Final = declare(
    "services.view_matches", _("see how demands and supplies are brought together"), *_DESK_READERS
)
"""Asked with the alliance as the record."""
VIEW_OWN_MATCHES: Final = declare(
    "services.view_own_matches",
    _("see what is suggested to the own institution"),
    InInstitution("", frozenset(), _("people of a member institution")),
)
"""Asked with the alliance as the record: opens the pages of the portal, which show the institutions acted for."""
VIEW_SUGGESTIONS: Final = declare(
    "services.view_suggestions", _("see what is suggested for this listing"), _OWN_PEOPLE, *_DESK_READERS
)
"""Asked with the listing as the record."""
ANSWER_MATCH: Final = declare(
    "services.answer_match",
    _("accept or decline for this listing"),
    InInstitution("institution_id", _ANSWERING, _OWN_LISTING),
    *_OUTSIDE,
)
"""Asked with the listing as the record."""
CHANGE_CRITERIA: Final = declare(
    "services.change_criteria",
    _("set the criteria of this listing's suggestions"),
    InInstitution("institution_id", _ANSWERING, _OWN_LISTING),
    *_OUTSIDE,
)
"""Asked with the listing as the record."""
DESK_MATCH: Final = declare("services.desk_match", _("propose a match for the desk"), *SECRETARIAT, *COMMITTEE)
"""Asked with the alliance as the record."""
CARRY_MATCH: Final = declare(
    "services.carry_match",
    _("note what becomes of this match"),
    InInstitution("demand.institution_id", _ANSWERING, _("representative or handling officer of the demand side")),
    InInstitution("supply.institution_id", _ANSWERING, _("representative or handling officer of the supply side")),
    *SECRETARIAT,
)
"""Asked with the match as the record."""
VIEW_MATCH_RULE: Final = declare(
    "services.view_match_rule",
    _("read how the fit is computed"),
    *_DESK_READERS,
    InInstitution("", frozenset(), _("people of a member institution")),
)
PROPOSE_MATCH_RULE: Final = declare("services.propose_match_rule", _("propose a rule of the fit"), *SECRETARIAT, *COMMITTEE)
APPROVE_MATCH_RULE_PERMISSION: Final = declare("services.approve_match_rule", _("approve a rule of the fit"), *COMMITTEE)

# ---------------------------------------------------------------------------------------------------------------- matching

REBUILD_MATCH_INDEX = declare(
    "services.rebuild_match_index",
    _("have all listings indexed afresh for matching"),
    *SECRETARIAT,
)


# ---------------------------------------------------------------------------------------------------------------- listings

LISTING_OFFICERS: Final = frozenset({StaffRole.REPRESENTATIVE.value, StaffRole.STAFF.value})
"""Roles in an institution that make its listings."""

UNDER_CHECK: Final = frozenset({ListingState.PENDING, ListingState.CHECKED})
"""States in which a listing waits for those who verify."""


def _listing_of(record: Any) -> Listing | None:
    if isinstance(record, Listing):
        return record
    return record.listing if isinstance(record, ListingFile) else None


@dataclass(frozen=True, slots=True)
class AddressedReader:
    """People of a member institution to whom an open listing is addressed.

    The same rule as ``ListingQuerySet.readable``, for one record.
    """

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the listing is verified, not past its last day, and open to one of the person's institutions."""
        listing = _listing_of(record)
        mine = institutions_acted_for(grants)
        if listing is None or not mine or listing.state not in OPEN_LISTINGS:
            return False
        if listing.expires_on is not None and listing.expires_on < timezone.localdate():
            return False
        if listing.audience != ListingAudience.NAMED:
            return True
        return listing.parties.filter(institution__in=mine).exists()

    def describe(self) -> StrOrPromise:
        """The readers in words."""
        return _("people of the institutions it is addressed to")


@dataclass(frozen=True, slots=True)
class Verifier:
    """Members of the committee while the listing waits for verification, unless their institution stands aside."""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the person may verify it for an institution that has no part in it."""
        listing = _listing_of(record)
        if listing is None or listing.state not in UNDER_CHECK:
            return False
        if not any(holder.holds(grants, record) for holder in COMMITTEE):
            return False
        mine = institutions_acted_for(grants)
        return bool(mine) and not mine & list_recused(listing.alliance, listing.matter)

    def describe(self) -> StrOrPromise:
        """The verifiers in words."""
        return _("members of the management committee while it is verified")


@dataclass(frozen=True, slots=True)
class OfficeReader:
    """The secretariat and the audit administrator; not one who also acts for an institution that stands aside.

    A public listing is open to everybody anyway.
    """

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the person holds such a role and has no interest in the matter."""
        listing = _listing_of(record)
        if listing is None or not any(holder.holds(grants, record) for holder in _OFFICE_READERS):
            return False
        mine = institutions_acted_for(grants)
        if not mine or listing.institution_id in mine:
            return True
        return not mine & list_recused(listing.alliance, listing.matter)

    def describe(self) -> StrOrPromise:
        """The office in words."""
        return _("the secretariat and the audit administrator")


@dataclass(frozen=True, slots=True)
class OfficeForSourced:
    """The secretariat, for listings that came from an outside source and belong to no institution."""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether nobody else could."""
        listing = _listing_of(record)
        return (
            listing is not None
            and listing.institution_id is None
            and any(holder.holds(grants, record) for holder in SECRETARIAT)
        )

    def describe(self) -> StrOrPromise:
        """The office in words."""
        return _("the secretariat, for listings from an outside source")


_OFFICE_READERS: Final[tuple[Holder, ...]] = (*SECRETARIAT, InAlliance(AllianceRole.AUDITOR))
_OWNER: Final = InInstitution(
    "institution_id", LISTING_OFFICERS, _("representative or handling officer of the institution that lists it")
)
_READERS: Final[tuple[Holder, ...]] = (
    AddressedReader(),
    Verifier(),
    OfficeReader(),
)

VIEW_LISTINGS: Final = declare(
    "services.view_listings",
    _("see the desk of supply and demand"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
START_LISTING: Final = declare(
    "services.start_listing",
    _("list a need or an offer"),
    InInstitution("", LISTING_OFFICERS, _("representatives and handling officers of the member institutions")),
)
"""Asked with the alliance as the record, for buttons and the portal; the action asks CHANGE_LISTING of the listing itself."""
READ_MEMBER_LISTINGS: Final = declare(
    "services.read_member_listings",
    _("read the listings for members"),
    InInstitution("", frozenset(), _("people of a member institution")),
)
VIEW_LISTING: Final = declare("services.view_listing", _("read this listing"), _OWN_PEOPLE, *_READERS)
CHANGE_LISTING: Final = declare("services.change_listing", _("change this listing"), _OWNER, OfficeForSourced())
WITHDRAW_LISTING: Final = declare("services.withdraw_listing", _("take this listing back"), _OWNER, *SECRETARIAT)
CHECK_LISTING: Final = declare("services.check_listing", _("verify this listing"), *SECRETARIAT, *COMMITTEE)
OPEN_LISTING_FILE: Final = declare(
    "services.open_listing_file",
    _("open a file of this listing"),
    InInstitution("listing.institution_id", frozenset(), _("people of the institution that lists it")),
    *_READERS,
)
"""Asked with the file's row (ListingFile) as the record: the permission to read its listing."""


def own_institutions(actor: Any, alliance: Alliance, *, at: datetime | None = None) -> set[int]:
    """Institutions the person acts for."""
    return institutions_acted_for(grants_of(actor, alliance, at))


# ----------------------------------------------------------------------------------------------------------------- contracts


@dataclass(frozen=True, slots=True)
class ForAlliance:
    """A holder who acts where the alliance itself is the party."""

    holder: Holder

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the record is a party without an institution and the holder fits."""
        return isinstance(record, ContractParty) and record.is_alliance and self.holder.holds(grants, record)

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.holder.describe()


_ANY: Final[frozenset[str]] = frozenset()
_SIGNING: Final = frozenset({StaffRole.REPRESENTATIVE.value, StaffRole.SIGNATORY.value})
_OFFICE: Final = tuple(ForAlliance(holder) for holder in SECRETARIAT)

VIEW_CONTRACTS: Final = declare("services.view_contracts", _("see the contracts of the alliance"), *SECRETARIAT)
"""The list of the console; asked with the alliance."""
VIEW_CONTRACT: Final = declare(
    "services.view_contract",
    _("read this contract"),
    InInstitution("party_institution_ids", _ANY, _("people of its parties")),
    *SECRETARIAT,
)
MANAGE_CONTRACTS: Final = declare(
    "services.manage_contracts", _("prepare contracts and arrange their signing"), *SECRETARIAT
)
START_CONTRACT: Final = declare(
    "services.start_contract",
    _("begin a contract"),
    InInstitution("institution_id", _SIGNING, _("representatives and signatories of its demand or supply side")),
    *SECRETARIAT,
)
"""Asked with each of the two sides (ContractParty) as the record; one of them is enough."""
PROPOSE_TERMS_PERMISSION: Final = declare(
    "services.propose_terms",
    _("propose and comment on terms for this party"),
    InInstitution("institution_id", _ANY, _("people of the party")),
    *_OFFICE,
)
"""This and the following are asked with a ContractParty as the record."""
AGREE_TERMS_PERMISSION: Final = declare(
    "services.agree_terms",
    _("agree to terms for this party"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the party")),
    *_OFFICE,
)
NAME_SIGNATORY_PERMISSION: Final = declare(
    "services.name_signatory",
    _("say who signs for this party"),
    InInstitution("institution_id", frozenset({StaffRole.REPRESENTATIVE.value}), _("the representative of the party")),
    *_OFFICE,
)
SIGN_CONTRACT_PERMISSION: Final = declare(
    "services.sign_contract",
    _("sign for this party"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the party")),
    *_OFFICE,
    *(ForAlliance(holder) for holder in COMMITTEE),
)
"""Beside it the person must be named as a signatory of the contract."""
DECLINE_CONTRACT_PERMISSION: Final = declare(
    "services.decline_contract",
    _("decline the contract for this party"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the party")),
    *_OFFICE,
)
MANAGE_CLAUSES: Final = declare("services.manage_clauses", _("keep the clauses and templates of contracts"), *SECRETARIAT)
DECIDE_CLAUSES: Final = declare(
    "services.decide_clauses",
    _("put a version of a clause or a template in use, as a second person"),
    *SECRETARIAT,
    *COMMITTEE,
)


def is_signatory(actor: Any, permission: str, record: Any) -> bool:
    """Whoever is named to sign a contract and still may may read it, such as a member of the committee who signs for the alliance.

    Its amendments too; and who is named for an amendment reads the contract that it changes.
    """
    if permission != VIEW_CONTRACT or not isinstance(record, Contract):
        return False
    named = (
        ContractSignatory.objects.filter(alliance_id=record.alliance_id, user=actor, ended_at__isnull=True)
        .filter(Q(contract=record) | Q(contract=record.amends_id) | Q(contract__amends=record))
        .select_related("party__alliance")
    )
    return any(can(actor, SIGN_CONTRACT_PERMISSION, row.party) for row in named)


share_checks.register("services.contract", is_signatory)


# ----------------------------------------------------------------------------------------------------- execution of contracts
HAND_OVER_PERMISSION: Final = declare(
    "services.hand_over_milestone",
    _("hand work over for this party"),
    InInstitution("institution_id", _ANY, _("people of the supply side")),
)
"""This and the following are asked with a ContractParty as the record."""
ACCEPT_MILESTONE_PERMISSION: Final = declare(
    "services.accept_milestone",
    _("accept work or send it back for this party"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the demand side")),
)
REMIND_ACCEPTANCE_PERMISSION: Final = declare(
    "services.remind_acceptance",
    _("remind the demand side as the witness"),
    InInstitution("institution_id", _ANY, _("people of the witness")),
    *_OFFICE,
)
RECORD_PAYMENT_PERMISSION: Final = declare(
    "services.record_payment",
    _("record payments for this party"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the party that pays")),
    *_OFFICE,
)
ANSWER_PAYMENT_PERMISSION: Final = declare(
    "services.answer_payment",
    _("confirm or contradict payments for this party"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the supply side")),
)
COMPLETE_CONTRACT_PERMISSION: Final = declare(
    "services.complete_contract",
    _("close a contract as the witness"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the witness")),
    *_OFFICE,
)


# amendments, suspension, resumption, early end
GIVE_NOTICE_PERMISSION: Final = declare(
    "services.give_contract_notice",
    _("suspend, take up or end the work for this party"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the party")),
    *_OFFICE,
)
"""Asked with a ContractParty as the record: demand and supply side give notice and answer it, the witness orders."""


# ----------------------------------------------------------------------------------------------- follow-ups and evaluation
ANSWER_FOLLOW_UP_PERMISSION: Final = declare(
    "services.answer_follow_up",
    _("answer follow-ups for this party"),
    InInstitution("institution_id", _ANY, _("people of the party")),
)
"""Asked with a ContractParty as the record, as are the three that follow the next one."""
HANDLE_FOLLOW_UP: Final = declare(
    "services.handle_follow_up", _("read follow-ups of contracts and see to them"), *SECRETARIAT
)
"""Asked with the alliance as the record."""
READ_OWN_REVIEW: Final = declare(
    "services.read_own_review",
    _("read what this party gave before it is open to all three"),
    InInstitution("institution_id", _ANY, _("people of the party")),
    *_OFFICE,
)
GIVE_REVIEW_PERMISSION: Final = declare(
    "services.give_review",
    _("evaluate the other parties for this one"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the party")),
    *_OFFICE,
)
ANSWER_REVIEW_PERMISSION: Final = declare(
    "services.answer_review",
    _("reply and appeal for this party"),
    InInstitution("institution_id", _SIGNING, _("the representative and the signatories of the party")),
    *_OFFICE,
)
DECIDE_REVIEW_APPEAL: Final = declare("services.decide_review_appeal", _("decide appeals against evaluations"), *COMMITTEE)
"""Asked with the alliance as the record; beside it the person acts for none of the parties and nobody linked with one."""
