"""The evaluation of a contract as its readers see it.

Before the reveal a sheet is read by the people of the party that gave it and by nobody else, whatever their role. That is a
condition of the query in :func:`sheets_of`, the only road by which pages get at marks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Avg, Count, OuterRef, Q, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import NotFoundError
from alliance.kernel.indicators import Reading
from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from alliance.selectors.audit import identifier_of, list_entries
from groups.selectors.conflict import list_matters_aside, list_recused
from services.choices import AppealState, PartyRole, ReviewCriterion, ReviewState
from services.models import Contract, ContractParty, ContractReview, PartyScore, ReviewAppeal, ReviewSheet
from services.permissions import DECIDE_REVIEW_APPEAL, GIVE_REVIEW_PERMISSION
from services.scores import Score, committed_text, compute, counting, digest_of
from services.selectors.contract import is_apart_from_sides
from services.transitions import GIVE_REVIEW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance
    from members.models import Institution

PAIRS: Final = tuple((by, of) for by in PartyRole.values for of in PartyRole.values if by != of)
"""Who evaluates whom: six sheets."""
APPEAL_ORDER: Final = ("made_at", "id")


def pair_name(by: str, of: str) -> str:
    """A sheet in an address, such as ``demand-supply``."""
    return f"{by}-{of}"


def pair_of(name: str) -> tuple[str, str]:
    """Evaluator and evaluated of such a name.

    Raises:
        NotFoundError: It names no pair.
    """
    by, _hyphen, of = name.partition("-")
    if (by, of) not in PAIRS:
        raise NotFoundError
    return by, of


def get_review(contract: Contract) -> ContractReview | None:
    """The evaluation of a contract; one query."""
    found = ContractReview.objects.of(contract.alliance).filter(contract=contract).first()
    if found is not None:
        found.contract = contract
    return found


def roles_of(contract: Contract, reader: Any, permission: str) -> list[str]:
    """The parties for which a person may do something; for the witness only who acts for neither side."""
    return [
        party.role
        for party in contract.parties.all()
        if can(reader, permission, party) and (party.role != PartyRole.WITNESS or is_apart_from_sides(contract, reader))
    ]


def newest(review: ContractReview) -> QuerySet[ReviewSheet]:
    """The sheets that count: the newest version of each pair."""
    later = ReviewSheet.objects.filter(
        alliance_id=OuterRef("alliance_id"),
        review=OuterRef("review_id"),
        by_role=OuterRef("by_role"),
        of_role=OuterRef("of_role"),
    ).order_by("-version")
    return (
        ReviewSheet.objects.of(review.alliance)
        .filter(review=review, version=Subquery(later.values("version")[:1]))
        .order_by()
    )


def given_pairs(review: ContractReview) -> set[tuple[str, str]]:
    """Who gave for whom, and nothing of what; one query."""
    return set(ReviewSheet.objects.of(review.alliance).filter(review=review).values_list("by_role", "of_role").distinct())


def sheets_of(review: ContractReview, own_roles: Iterable[str]) -> list[ReviewSheet]:
    """The sheets a reader may read, with reply and appeal; before the reveal those of the reader's own parties. One query."""
    rows = newest(review).select_related("given_by", "reply__by", "appeal__made_by", "appeal__decided_by")
    if review.state == ReviewState.OPEN:
        rows = rows.filter(by_role__in=list(own_roles))
    return list(rows)


def marks_that_count(sheets: Iterable[ReviewSheet], of_role: str) -> tuple[dict[str, dict[str, int]], dict[str, list[str]]]:
    """Marks by evaluator of one evaluated party, and the criteria an appeal struck; sheets come with their appeals."""
    marks, struck = {}, {}
    for sheet in sheets:
        if sheet.of_role != of_role:
            continue
        marks[sheet.by_role] = dict(sheet.marks)
        appeal = getattr(sheet, "appeal", None)
        if appeal is not None and appeal.state == AppealState.UPHELD:
            struck[sheet.by_role] = list(appeal.struck)
    return marks, struck


def score_now(sheets: Iterable[ReviewSheet], of_role: str) -> Score | None:
    """The score of a party as the marks stand; an appeal that is not decided changes nothing."""
    return compute(*marks_that_count(sheets, of_role))


@dataclass(slots=True)
class SheetCard:
    """A sheet as the page of a revealed evaluation shows it.

    Attributes:
        text: What the digest was made of, after the secret number.
        fits: Whether number and text give the digest that was noted when the sheet was given.
    """

    sheet: ReviewSheet
    text: str
    fits: bool
    reply: Any = None
    appeal: Any = None

    @property
    def pair(self) -> str:
        """Name of the sheet in addresses and of its forms."""
        return pair_name(self.sheet.by_role, self.sheet.of_role)


@dataclass(slots=True)
class CriterionRow:
    """A line of the table: one criterion, a mark of each evaluator, the mean and its part of the score."""

    criterion: str
    label: Any
    marks: list[tuple[int | None, bool]] = field(default_factory=list)
    """Mark and whether it was struck, in the order of the evaluators."""
    mean: Decimal | None = None
    part: Decimal | None = None


@dataclass(slots=True)
class PartyResult:
    """What one party got."""

    party: ContractParty
    evaluators: list[ContractParty]
    rows: list[CriterionRow]
    score: Score | None
    sheets: list[SheetCard]


def commitments(contract: Contract) -> dict[tuple[str, str, int], str]:
    """What the audit log holds of the sheets of a contract: evaluator, evaluated and version -> digest. One query."""
    entries = list_entries(
        contract.alliance,
        object_type=contract._meta.label_lower,
        object_id=identifier_of(contract),
        verb=GIVE_REVIEW.name,
    )
    found: dict[tuple[str, str, int], str] = {}
    for text in entries.order_by("at", "id").values_list("record", flat=True):
        noted = json.loads(text)["after"]
        # The first entry counts: what somebody notes later about the same version proves nothing.
        found.setdefault((noted["by_role"], noted["of_role"], noted["version"]), noted["commitment"])
    return found


def card_of(sheet: ReviewSheet, contract: Contract, noted: Mapping[tuple[str, str, int], str]) -> SheetCard:
    """A sheet with the proof that it was not changed.

    Args:
        sheet: Revealed.
        contract: Its contract.
        noted: The digests in the audit log (:func:`commitments`); the row's own proves nothing, for it stands beside the marks.
    """
    text = committed_text(
        contract=contract.code,
        by=sheet.by_role,
        of=sheet.of_role,
        version=sheet.version,
        marks=sheet.marks,
        words=sheet.words,
    )
    return SheetCard(
        sheet=sheet,
        text=text,
        fits=digest_of(sheet.nonce, text) == noted.get((sheet.by_role, sheet.of_role, sheet.version)),
        reply=getattr(sheet, "reply", None),
        appeal=getattr(sheet, "appeal", None),
    )


def results_of(contract: Contract, sheets: list[ReviewSheet]) -> list[PartyResult]:
    """Tables of a revealed evaluation, one per party; one query."""
    noted = commitments(contract)
    parties = list(contract.parties.all())
    by_role = {party.role: party for party in parties}
    found = []
    roles = [role for role in PartyRole.values if role in by_role]
    for role in roles:
        marks, struck = marks_that_count(sheets, role)
        evaluators = [by_role[other] for other in roles if other != role]
        score = compute(marks, struck)
        valid = counting(marks, struck)
        rows = []
        for criterion in ReviewCriterion:
            row = CriterionRow(criterion.value, criterion.label)
            for evaluator in evaluators:
                mark = marks.get(evaluator.role, {}).get(criterion.value)
                row.marks.append((mark, mark is not None and evaluator.role not in valid.get(criterion.value, {})))
            if score is not None:
                row.mean, row.part = score.means.get(criterion.value), score.parts.get(criterion.value)
            rows.append(row)
        cards = [card_of(sheet, contract, noted) for sheet in sheets if sheet.of_role == role]
        cards.sort(key=lambda one: PartyRole.values.index(one.sheet.by_role))
        found.append(PartyResult(by_role[role], evaluators, rows, score, cards))
    return found


def may_answer(review: ContractReview, at: datetime) -> bool:
    """Whether replies and appeals are still taken."""
    return (
        review.state == ReviewState.REVEALED
        and review.appeal_until is not None
        and timezone.localdate(at) <= review.appeal_until
    )


# ---------------------------------------------------------------------------------------------------------------- appeals


def may_decide(contract: Contract, actor: Any) -> bool:
    """Whether a person may decide appeals of this contract: of the committee, of none of the parties, linked with none.

    Somebody who is named to sign for a party, or who would act for the alliance where that is a party, is of a party.
    """
    if not can(actor, DECIDE_REVIEW_APPEAL, contract.alliance):
        return False
    own = institutions_acted_for(grants_of(actor, contract.alliance))
    if own & contract.party_institution_ids() or own & list_recused(contract.alliance, contract.matter):
        return False
    if contract.signatories.filter(user=actor, ended_at__isnull=True).exists():
        return False
    return all(not can(actor, GIVE_REVIEW_PERMISSION, party) for party in contract.parties.all())


def list_appeals(alliance: Alliance, reader: Any, *, only_open: bool = True) -> QuerySet[ReviewAppeal]:
    """Appeals of contracts from which the reader stands apart; one or two queries more for conflicts."""
    rows = ReviewAppeal.objects.of(alliance).select_related("sheet__review__contract")
    if only_open:
        rows = rows.filter(state=AppealState.OPEN)
    own = institutions_acted_for(grants_of(reader, alliance))
    if own:
        parties = ContractParty.objects.of(alliance).filter(institution__in=own).values("contract")
        rows = rows.exclude(sheet__review__contract__in=parties)
        if aside := list_matters_aside(alliance, frozenset(own), "contract"):
            codes = [matter.partition(":")[2] for matter in aside]
            rows = rows.exclude(sheet__review__contract__code__in=codes)
    return rows


def get_appeal(alliance: Alliance, code: str, pair: str, *, reader: Any) -> ReviewAppeal:
    """An appeal for those who may decide it, with its sheet; the same answer for "not there" and "not yours".

    Raises:
        NotFoundError: There is none, or it is not the reader's to decide.
    """
    by, of = pair_of(pair)
    found = (
        ReviewAppeal.objects.of(alliance)
        .select_related("sheet__review__contract__alliance", "sheet__given_by", "sheet__reply", "made_by", "decided_by")
        .filter(sheet__review__contract__code=code, sheet__by_role=by, sheet__of_role=of)
        .first()
    )
    if found is None or not may_decide(found.sheet.review.contract, reader):
        raise NotFoundError
    return found


# ------------------------------------------------------------------------------------------------------------ what is due


def list_to_reveal(alliance: Alliance, today: date) -> list[str]:
    """Codes of contracts whose evaluation is to be opened: all six sheets are there, or the last day is over; one query."""
    pairs = (
        ReviewSheet.objects.filter(alliance_id=OuterRef("alliance_id"), review=OuterRef("pk"), version=1)
        .order_by()
        .values("review")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return list(
        ContractReview.objects.of(alliance)
        .filter(state=ReviewState.OPEN)
        .annotate(given=Subquery(pairs))
        .filter(Q(give_until__lt=today) | Q(given=len(PAIRS)))
        .order_by("pk")
        .values_list("contract__code", flat=True)
    )


def list_to_settle(alliance: Alliance, today: date) -> list[str]:
    """Codes of contracts whose evaluation becomes final: the time for appeals is over and none is open; one query."""
    waiting = ReviewAppeal.objects.of(alliance).filter(state=AppealState.OPEN).values("sheet__review")
    return list(
        ContractReview.objects.of(alliance)
        .filter(state=ReviewState.REVEALED, appeal_until__lt=today)
        .exclude(pk__in=waiting)
        .order_by("pk")
        .values_list("contract__code", flat=True)
    )


# ----------------------------------------------------------------------------------------------------------------- record


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Settled scores of an institution.

    Attributes:
        contracts: How many contracts they come from.
        mean: Mean of the scores, with six places.
    """

    contracts: int
    mean: Decimal


def track_records(alliance: Alliance, institution_ids: Iterable[int]) -> dict[int, TrackRecord]:
    """Mean of the settled scores of institutions as demand or supply side; one query.

    What an institution got as a witness says how it witnesses, not how it works, and is left out.
    """
    rows = (
        PartyScore.objects.of(alliance)
        .filter(institution__in=list(institution_ids), role__in=[PartyRole.DEMAND, PartyRole.SUPPLY])
        .values_list("institution")
        .annotate(count=Count("pk"), mean=Avg("score"))
    )
    return {pk: TrackRecord(count, Decimal(mean).quantize(Decimal("0.000001"))) for pk, count, mean in rows}


SHOWN: Final = 5


def scores_panel(alliance: Alliance, institution: Institution, _at: datetime) -> dict[str, Any]:
    """Values of the card "Evaluated contracts" on an institution's page; one query."""
    rows = list(
        PartyScore.objects.of(alliance)
        .filter(institution=institution)
        .select_related("review__contract")
        .order_by("-at", "-id")
    )
    roles: dict[str, list[Decimal]] = defaultdict(list)
    for row in rows:
        roles[row.role].append(row.score)
    worked = roles[PartyRole.DEMAND] + roles[PartyRole.SUPPLY]
    witnessed = roles[PartyRole.WITNESS]
    return {
        "contracts": len(worked),
        "mean": sum(worked, Decimal(0)) / len(worked) if worked else None,
        "witnessed": len(witnessed),
        "witness_mean": sum(witnessed, Decimal(0)) / len(witnessed) if witnessed else None,
        "rows": rows[:SHOWN],
    }


FEWEST: Final = 3
"""An indicator over fewer contracts would tell the scores of single ones."""


def measure_contract_score(alliance: Alliance, params: Mapping[str, Decimal], at: datetime) -> Reading:  # noqa: ARG001
    """Mean of the final scores of demand and supply sides; one query. Undefined below :data:`FEWEST` contracts.

    Names no contract: scores are read by the parties, their institutions and the office, an indicator by more people.
    """
    found = (
        PartyScore.objects.of(alliance)
        .filter(role__in=[PartyRole.DEMAND, PartyRole.SUPPLY])
        .aggregate(mean=Avg("score"), scores=Count("pk"), contracts=Count("review", distinct=True), total=Sum("score"))
    )
    inputs: dict[str, Any] = {"method": "mean_of_scores", "version": 1, "scores": 0, "contracts": found["contracts"]}
    if found["contracts"] < FEWEST:
        reason = _("Fewer than %(fewest)s contracts were evaluated.") % {"fewest": FEWEST}
        return Reading(None, (), {**inputs, "reason": str(reason)})
    inputs |= {"scores": found["scores"], "sum": str(found["total"])}
    return Reading(Decimal(found["mean"]).quantize(Decimal("0.0001")), (), inputs)
