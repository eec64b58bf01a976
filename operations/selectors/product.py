"""Reads of products: who may read which, the board, the list, one product with its record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from alliance.choices import AllianceRole
from alliance.kernel.errors import NotFoundError
from alliance.kernel.formats import format_short_day
from alliance.kernel.permissions import can, grants_of, roles_in_alliance
from alliance.models import AuditEntry, User
from groups.choices import GroupKind, SeatRole
from operations.choices import ParticipantState, PilotState, ProductState, ReleaseRule
from operations.models import (
    Contribution,
    FeedbackPoint,
    Pilot,
    PilotParticipant,
    Product,
    ProductReview,
    ProductShare,
)
from operations.permissions import VIEW_PRODUCT, seats_of
from operations.selectors.conflicts import any_may_act
from operations.selectors.pilot import with_counts
from operations.selectors.point import UNFINISHED
from operations.selectors.stages import COLUMNS, column_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

SEES_ALL: Final = frozenset(
    {AllianceRole.OFFICE_ADMIN, AllianceRole.SECRETARIAT, AllianceRole.COMMITTEE, AllianceRole.AUDITOR}
)
FINISHED: Final = frozenset({ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN})
"""States in which a product is on nobody's desk any more."""


def list_visible_products(alliance: Alliance, user: Any, *, at: datetime) -> QuerySet[Product]:
    """Products a person may read, as ``operations.view_product`` says; one query.

    Shares of single products are one ``EXISTS`` over their own table, never a list of ids.
    """
    products = Product.objects.of(alliance)
    grants = grants_of(user, alliance)
    convenes = any(
        grant.scope == "group" and grant.group == GroupKind.LEADING_ENTERPRISE and grant.role == SeatRole.CONVENOR
        for grant in grants
    )
    if roles_in_alliance(grants) & SEES_ALL or convenes:
        return products
    mine = {grant.institution_id for grant in grants if grant.scope == "institution" and grant.institution_id is not None}
    condition = Q(state__in=[ProductState.RELEASED, ProductState.RETIRED])
    condition |= Q(author_id__in=mine) | Q(adapter_id__in=mine)
    condition |= Q(
        Exists(
            PilotParticipant.objects.of(alliance)
            .filter(pilot__product=OuterRef("pk"), institution_id__in=mine)
            .exclude(state__in=[ParticipantState.WITHDRAWN, ParticipantState.DECLINED])
        )
    )
    condition |= Q(Exists(ProductReview.objects.of(alliance).filter(product=OuterRef("pk"), institution_id__in=mine)))
    condition |= Q(Exists(Contribution.objects.of(alliance).filter(product=OuterRef("pk"), institution_id__in=mine)))
    condition |= Q(
        Exists(
            ProductShare.objects.filter(
                alliance=alliance,
                content_object=OuterRef("pk"),
                user_id=user.pk,
                permission__codename="view_product",
            )
        )
    )
    if seats_of(user, alliance, (GroupKind.WISDOM, GroupKind.POLICY), at=at):
        condition |= Q(state=ProductState.IN_REVIEW)
    if seats_of(user, alliance, (GroupKind.MEDIA,), at=at):
        condition |= Q(state=ProductState.TRANSFORMING)
    return products.filter(condition)


def get_product(alliance: Alliance, code: str, *, reader: Any) -> Product:
    """One product with its institutions and rounds, for somebody who may read it; five queries.

    Raises:
        NotFoundError: There is none, or it is not open to this reader: the same answer.
    """
    product = (
        Product.objects.of(alliance)
        .select_related("author", "adapter", "created_by")
        .prefetch_related(
            Prefetch("pilots", with_counts(Pilot.objects.of(alliance)).order_by("-round")),
            "pilots__participants",
            "reviews",
            "contributions",
        )
        .filter(code=code)
        .first()
    )
    if product is None or not can(reader, VIEW_PRODUCT, product):
        raise NotFoundError
    return product


def latest_pilot(product: Product) -> Any:
    """The latest round of a product whose rounds are prefetched newest first."""
    return next(iter(product.pilots.all()), None)


def with_rounds(products: QuerySet[Product], alliance: Alliance) -> QuerySet[Product]:
    """Products with institutions, rounds newest first, and ``changes_open``, what is left to do or answer."""
    points = FeedbackPoint.objects.of(alliance).filter(product=OuterRef("pk")).order_by().values("product")
    unsettled = points.filter(UNFINISHED).annotate(number=Count("pk")).values("number")
    return (
        products.select_related("author", "adapter")
        .prefetch_related(Prefetch("pilots", with_counts(Pilot.objects.of(alliance)).order_by("-round")))
        .annotate(changes_open=Subquery(unsettled))
    )


# ------------------------------------------------------------------------------------------------------------------ board


@dataclass(frozen=True, slots=True)
class Card:
    """A product on the board."""

    code: str
    title: str
    url_code: str
    state: str
    group_kind: str
    facts: Sequence[str]
    due: str
    late: bool
    movable: bool
    waits: str = ""
    """Who has the turn, and since when."""
    age: str = ""
    """How long it has been in its stage."""


GROUP_STATES: Final[dict[str, frozenset[str]]] = {
    GroupKind.WISDOM.value: frozenset({ProductState.DRAFT, ProductState.IN_REVIEW, ProductState.IMPROVING}),
    GroupKind.MEDIA.value: frozenset({ProductState.TRANSFORMING}),
    GroupKind.LEADING_ENTERPRISE.value: frozenset({ProductState.PILOTING}),
    GroupKind.COMMITTEE.value: frozenset({ProductState.RELEASED}),
}
"""States in which it is a group's turn."""


def group_in_charge(product: Product) -> str:
    """The virtual group whose turn it is."""
    return next((group for group, states in GROUP_STATES.items() if product.state in states), GroupKind.WISDOM.value)


def is_late(product: Product, pilot: Any, at: datetime) -> bool:
    """Whether the present step is overdue."""
    if product.state == ProductState.PILOTING and pilot is not None:
        return bool(pilot.is_running and pilot.deadline < at)
    if product.state in FINISHED or product.due_on is None:
        return False
    return product.due_on < timezone.localtime(at).date()


def days_late(product: Product, pilot: Any, at: datetime) -> int:
    """Whole days past the due day, at least one when late."""
    if product.state == ProductState.PILOTING and pilot is not None:
        due = timezone.localtime(pilot.deadline).date()
    else:
        due = product.due_on or timezone.localtime(at).date()
    return max(1, (timezone.localtime(at).date() - due).days)


def _late_text(days: int) -> str:
    return ngettext("%(count)s day late", "%(count)s days late", days) % {"count": days}


def _due_text(product: Product, pilot: Any, at: datetime) -> str:
    if is_late(product, pilot, at):
        return _late_text(days_late(product, pilot, at))
    if product.state == ProductState.RELEASED:
        return _("Released %(day)s") % {"day": _plain_day(product.released_at)}
    if product.state == ProductState.WITHDRAWN:
        return _("Withdrawn %(day)s") % {"day": _plain_day(product.withdrawn_at)}
    if product.state == ProductState.RETIRED:
        return _("Retired %(day)s") % {"day": _plain_day(product.retired_at)}
    if product.release_proposed_at is not None:
        return _("Ready to release")
    if pilot is not None and product.state == ProductState.PILOTING:
        if pilot.state == PilotState.PLANNED:
            return _("Starts %(day)s") % {"day": _plain_day(pilot.starts_at)}
        if pilot.state == PilotState.AGGREGATING:
            return _("Answers being summed up")
        return _("Due %(day)s") % {"day": _plain_day(pilot.deadline)}
    if product.due_on is None:
        return _("No date set")
    words = {
        ProductState.DRAFT.value: _("Draft due %(day)s"),
        ProductState.IN_REVIEW.value: _("Review due %(day)s"),
        ProductState.TRANSFORMING.value: _("Handover %(day)s"),
    }.get(product.state, _("Due %(day)s"))
    return words % {"day": _plain_day(product.due_on)}


def _plain_day(value: Any) -> str:
    """A day without its year, as cards and stages show it."""
    moment = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return format_short_day(moment, get_language())


def _facts(product: Any, pilot: Any) -> list[str]:
    facts: list[str] = []
    if product.state == ProductState.IN_REVIEW:
        facts.append(_("In review"))
    if product.state in {ProductState.PILOTING, ProductState.RELEASED} and pilot is not None:
        firms = ngettext("%(count)s firm", "%(count)s firms", pilot.firm_count) % {"count": pilot.firm_count}
        answers = ngettext("%(count)s answer", "%(count)s answers", pilot.answer_count) % {"count": pilot.answer_count}
        facts.append(f"{firms} · {answers}")
        if product.state == ProductState.RELEASED and pilot.mean_score is not None:
            facts.append(_("Mean pilot score %(score)s") % {"score": f"{pilot.mean_score:.0f}"})
    if product.state == ProductState.IMPROVING:
        left = product.changes_open or 0
        facts.append(
            ngettext("%(count)s change left", "%(count)s changes left", left) % {"count": left}
            if left
            else _("Ready for the next round")
        )
    return facts


def waited_for(product: Any, pilot: Any, *, rule: str, at: datetime) -> tuple[StrOrPromise, datetime | None]:
    """Who has the turn, in words, and since when; nobody after the release.

    Args:
        product: Through :func:`with_rounds`.
        pilot: Its latest round.
        rule: The alliance's ReleaseRule.
        at: Now.
    """
    since = product.state_since
    if product.state == ProductState.DRAFT:
        return product.author.name, since
    if product.state == ProductState.IN_REVIEW:
        return _("a reviewer of the wisdom or the policy group"), since
    if product.state == ProductState.TRANSFORMING:
        if product.adapter is None:
            return _("a media think tank that takes it up"), since
        return (_("the secretariat"), product.adapted_at) if product.adapted_at else (product.adapter.name, since)
    if product.state == ProductState.IMPROVING:
        return (product.author.name, since) if product.changes_open else (_("the secretariat"), since)
    if product.state == ProductState.PILOTING:
        if product.release_proposed_at is not None:
            return DECIDERS[rule], product.release_proposed_at
        if pilot is not None:
            return _waited_for_in_pilot(pilot, at)
    return "", None


def _waited_for_in_pilot(pilot: Any, at: datetime) -> tuple[StrOrPromise, datetime | None]:
    if pilot.state == PilotState.AGGREGATING:
        return _("the summing up of the answers"), pilot.closed_at
    if pilot.is_running and pilot.deadline < at:
        return _("the secretariat, to extend or close it"), pilot.deadline
    if pilot.state == PilotState.PLANNED:
        return _("the start of the round"), pilot.created_at
    silent = pilot.silent_count
    if not silent:
        return _("the deadline; every firm has answered"), pilot.opened_at or pilot.starts_at
    words = ngettext("%(count)s pilot firm", "%(count)s pilot firms", silent) % {"count": silent}
    return words, pilot.opened_at or pilot.starts_at


DECIDERS: Final[dict[str, StrOrPromise]] = {
    ReleaseRule.COMMITTEE: gettext_lazy("the management committee"),
    ReleaseRule.CONVENOR: gettext_lazy("the convenor of the leading-enterprise group"),
    ReleaseRule.MOTION: gettext_lazy("the vote of the management committee"),
}
"""Who is waited for once a release is proposed, by the alliance's rule."""


def _age_text(product: Product, at: datetime) -> str:
    """Whole days in the present state."""
    days = max(0, (timezone.localtime(at).date() - timezone.localtime(product.state_since).date()).days)
    if not days:
        return _("here since today")
    return ngettext("here for %(count)s day", "here for %(count)s days", days) % {"count": days}


def make_card(product: Any, *, at: datetime, movable: bool, rule: str = ReleaseRule.COMMITTEE.value) -> Card:
    """The card of a product that came through :func:`with_rounds`."""
    pilot = latest_pilot(product)
    who, since = waited_for(product, pilot, rule=rule, at=at)
    waits = ""
    if who:
        waits = _("Waits for %(who)s") % {"who": who}
        if since is not None:
            waits = _("Waits for %(who)s, since %(day)s") % {"who": who, "day": _plain_day(since)}
    return Card(
        code=product.code,
        title=product.title,
        url_code=product.code,
        state=product.state,
        group_kind=group_in_charge(product),
        facts=_facts(product, pilot),
        due=_due_text(product, pilot, at),
        late=is_late(product, pilot, at),
        movable=movable,
        waits=waits,
        age="" if product.state in FINISHED else _age_text(product, at),
    )


# ----------------------------------------------------------------------------------------------------------------- record


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One act in a product's record."""

    title: StrOrPromise
    at: datetime
    by: str
    detail: str = ""
    tone: str = ""


HISTORY: Final[dict[str, StrOrPromise]] = {
    "draft_product": gettext_lazy("Drafted"),
    "update_product": gettext_lazy("Text changed"),
    "submit_product": gettext_lazy("Submitted for review"),
    "return_product": gettext_lazy("Sent back to the author"),
    "approve_product": gettext_lazy("Approved"),
    "adapt_product": gettext_lazy("Adapted"),
    "send_back_product": gettext_lazy("Sent back to the author"),
    "redraft_product": gettext_lazy("Sent back to be drafted anew"),
    "begin_pilot": gettext_lazy("Pilot planned"),
    "open_pilot": gettext_lazy("Pilot opened"),
    "extend_pilot": gettext_lazy("Pilot extended"),
    "close_pilot": gettext_lazy("Pilot closed"),
    "aggregate_pilot": gettext_lazy("Answers summed up"),
    "pass_pilot": gettext_lazy("Pilot passed"),
    "fail_pilot": gettext_lazy("Pilot not passed"),
    "end_pilot_without_result": gettext_lazy("Not enough answers"),
    "improve_product": gettext_lazy("Sent to improvement"),
    "propose_release": gettext_lazy("Release proposed"),
    "decline_release": gettext_lazy("Release declined for now"),
    "release_product": gettext_lazy("Released"),
    "retire_product": gettext_lazy("Retired"),
    "stop_pilot": gettext_lazy("Pilot stopped"),
    "readapt_product": gettext_lazy("Sent back to be adapted anew"),
    "resume_pilot": gettext_lazy("Pilot taken up again"),
    "withdraw_product": gettext_lazy("Withdrawn"),
    "admit_over_limit": gettext_lazy("Let into a full stage"),
    "draft_release_motion": gettext_lazy("Motion on the release drafted"),
    "release_motion_without_effect": gettext_lazy("Motion on the release without effect"),
    "agree_change": gettext_lazy("Change agreed"),
    "answer_point": gettext_lazy("Feedback answered"),
    "begin_next_version": gettext_lazy("Next version begun"),
    "use_newest_form": gettext_lazy("Taken over into the newest form"),
    "add_product_file": gettext_lazy("File added"),
    "remove_product_file": gettext_lazy("File taken out"),
    "publish_product_file": gettext_lazy("File given to the public"),
    "hold_back_product_file": gettext_lazy("File held back from the public"),
    "name_contributions": gettext_lazy("Makers named"),
    "confirm_contribution": gettext_lazy("Part confirmed"),
    "contest_contribution": gettext_lazy("Part contested"),
    "add_reference": gettext_lazy("Reference added"),
    "remove_reference": gettext_lazy("Reference taken out"),
    "share_product": gettext_lazy("Shared with a reader"),
    "unshare_product": gettext_lazy("Share taken back"),
}
TONES: Final = {"pass_pilot": "ok", "release_product": "ok", "fail_pilot": "warn", "return_product": "warn"}


def list_history(product: Product, *, limit: int = 30) -> list[HistoryEntry]:
    """The product's record, newest first; two queries. People stand with their names, the workflow as such."""
    entries = list(
        AuditEntry.objects.of(product.alliance)
        .filter(object_type="operations.product", object_id=str(product.pk))
        .order_by("-at", "-id")[:limit]
    )
    names = {
        user.uuid: str(user)
        for user in User.objects.filter(uuid__in={entry.actor_id for entry in entries if entry.actor_id})
    }
    return [
        HistoryEntry(
            title=HISTORY.get(entry.verb, entry.verb),
            at=entry.at,
            by=names.get(entry.actor_id, _("former person")) if entry.actor_id else _("pilot workflow"),
            tone=TONES.get(entry.verb, ""),
        )
        for entry in entries
    ]


@dataclass(frozen=True, slots=True)
class StageView:
    """One of the five stages on a product's page."""

    label: StrOrPromise
    note: str
    state: str


def list_stages(product: Product, *, at: datetime) -> list[StageView]:
    """The five stages with what is known of each; no query when rounds are prefetched."""
    pilot = latest_pilot(product)
    order = [key for key, _label, _colour, _states in COLUMNS]
    if product.state == ProductState.WITHDRAWN:
        here = order.index(column_of(product.withdrawn_from))
    else:
        here = order.index(column_of(product.state)) if product.state != ProductState.RETIRED else len(order)
    passed_without_improving = product.version == 1 and product.state in {ProductState.RELEASED, ProductState.RETIRED}
    notes = {
        "draft": _plain_day(product.created_at),
        "transforming": _plain_day(product.adapted_at) if product.adapted_at else "",
        "piloting": _plain_day(pilot.closed_at or pilot.deadline) if pilot else "",
        "improving": _("not needed") if passed_without_improving else "",
        "released": _plain_day(product.released_at) if product.released_at else "",
    }
    if here < len(order):
        notes[order[here]] = _("in review") if product.state == ProductState.IN_REVIEW else _due_text(product, pilot, at)
        for key in order[here + 1 :]:
            notes[key] = ""
        if product.state in {ProductState.DRAFT, ProductState.IN_REVIEW}:
            notes["transforming"] = ""
    labels = {
        "draft": _("Draft"),
        "transforming": _("Transformed"),
        "piloting": _("In pilot"),
        "improving": _("Improve"),
        "released": _("Release"),
    }
    last = len(order) - 1
    return [
        StageView(
            labels[key],
            notes[key],
            "done" if place < here or (place == here == last) else "now" if place == here else "",
        )
        for place, key in enumerate(order)
    ]


def week_of(pilot: Pilot, at: datetime) -> tuple[int, int]:
    """Present week and number of weeks of a round."""
    week = timedelta(days=7)
    total = max(1, round((pilot.deadline - pilot.starts_at) / week))
    now = min(at, pilot.deadline) - pilot.starts_at
    return min(total, max(1, now // week + 1)), total


def list_shares(product: Product) -> list[ProductShare]:
    """People a product is shared with; one query."""
    return list(
        ProductShare.objects.filter(alliance_id=product.alliance_id, content_object=product)
        .select_related("user", "given_by")
        .order_by("given_at", "id")
    )


def list_products_of_institutions(alliance: Alliance, ids: Iterable[int]) -> list[Any]:
    """Products that institutions write or adapt, unfinished ones first; three queries."""
    mine = set(ids)
    rows = with_rounds(Product.objects.of(alliance).filter(Q(author_id__in=mine) | Q(adapter_id__in=mine)), alliance)
    return sorted(rows.order_by("code"), key=lambda product: (product.state in FINISHED, product.code))


def list_waiting_for_groups(alliance: Alliance, user: Any, *, at: datetime) -> list[Any]:
    """Drafts the person's institutions may review and reviewed drafts they may take up; one query."""
    reviewers = seats_of(user, alliance, (GroupKind.WISDOM, GroupKind.POLICY), at=at)
    media = seats_of(user, alliance, (GroupKind.MEDIA,), at=at)
    own = {grant.institution_id for grant in grants_of(user, alliance) if grant.institution_id is not None}
    condition = Q(pk__in=[])
    if reviewers:
        condition |= Q(state=ProductState.IN_REVIEW) & ~Q(author_id__in=own) & any_may_act(alliance, reviewers)
    if media:
        condition |= Q(state=ProductState.TRANSFORMING, adapter__isnull=True) & any_may_act(alliance, media)
    return list(Product.objects.of(alliance).filter(condition).select_related("author").order_by("state_since", "id"))


def products_in_pipeline(alliance: Alliance, user: Any) -> QuerySet[Product]:
    """Products on their way."""
    return list_visible_products(alliance, user, at=timezone.now()).exclude(state__in=FINISHED)
