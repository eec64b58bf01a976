"""Background work of the service layer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from alliance.choices import AuditVia
from alliance.kernel import context, tenancy
from alliance.kernel.addresses import absolute_url
from alliance.kernel.tasks import periodic, tenant_task
from alliance.models import Alliance
from services.actions.contract_notice import ask_witness_to_decide
from services.actions.contract_sealing import seal_contract
from services.actions.contract_signing import lapse_contract, remind_party
from services.actions.execution import look_after_work
from services.actions.follow_up import ask_follow_ups, miss_follow_up
from services.actions.listing_life import expire_listing, remind_of_expiry
from services.actions.match_index import VECTORS_AT_ONCE, index_listings, refresh_weights, stale_ids
from services.actions.match_index import embed_listings as make_vectors
from services.actions.rating import make_token
from services.actions.review import reveal_review, settle_review
from services.choices import RatingState
from services.models import Rating
from services.selectors.contract import list_to_lapse, list_to_seal, list_unsigned_to_remind
from services.selectors.contract_notice import list_unanswered
from services.selectors.follow_up import list_to_ask, list_to_miss
from services.selectors.listing import list_to_expire, list_to_remind
from services.selectors.milestones import list_with_work
from services.selectors.review import list_to_reveal, list_to_settle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

logger = logging.getLogger(__name__)


@tenant_task("services.send_rating_mail", max_retries=5, autoretry_for=(OSError,), retry_backoff=True)
def send_rating_mail(alliance: Alliance, rating_uuid: str, email: str) -> bool:
    """Mail the confirmation link of one rating; the address travels with the task and is stored nowhere.

    A task that runs twice sends the same mail again under the same Message-ID; the link works once.

    Returns:
        Whether a mail was sent; False when the rating is gone or confirmed already.
    """
    rating = Rating.objects.of(alliance).select_related("entry").filter(uuid=rating_uuid).first()
    if rating is None or rating.state != RatingState.UNCONFIRMED:
        return False
    with translation.override(rating.language):
        title = rating.entry.title
        link = absolute_url(alliance, "rating_confirm", {"token": make_token(rating)})
        lines = [
            _("Somebody gave this address to rate “%(title)s” with %(score)s of 5.")
            % {"title": title, "score": rating.score},
            _("If it was you, open this page and confirm. The rating counts from then on; the link works for 7 days."),
            link,
            _("If it was not you, do nothing: the rating will not count and this address is not kept."),
            f"-- \n{alliance.name}",
        ]
        message = EmailMessage(
            subject=_("Confirm your rating: %(title)s") % {"title": title},
            body="\n\n".join(lines),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[email],
            headers={
                "Message-ID": f"<{alliance.slug}.rating.{rating.uuid}@alliance.invalid>",
                "Auto-Submitted": "auto-generated",
            },
        )
        message.send()
    return True


@tenant_task("services.embed_listings")
def embed_listings(alliance: Alliance, ids: Sequence[int] | None = None) -> int:
    """Make missing vectors of these listings, or of any; running it again makes none twice.

    Each turn is one transaction and hands the rest on, behind whatever else waits for the same worker. It holds no turn of
    the index meanwhile, and a row only for its own writing.

    Returns:
        How many vectors this turn made.
    """
    made = make_vectors(alliance, ids, most=VECTORS_AT_ONCE)
    if made == VECTORS_AT_ONCE:
        transaction.on_commit(partial(embed_listings.delay, alliance.pk, ids), robust=True)
    return made


@periodic("services.keep_all_match_indexes")
def keep_all_match_indexes() -> None:
    """Every five minutes: two tasks per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        keep_match_index.delay(alliance_id)
        embed_listings.delay(alliance_id)


@tenant_task("services.keep_match_index")
def keep_match_index(alliance: Alliance) -> int:
    """Take out what is no longer open, index what was missed, weigh anew after a drift.

    Returns:
        How many texts were written or taken out.
    """
    now = timezone.now()
    changed = index_listings(alliance, stale_ids(alliance, at=now), at=now)
    refresh_weights(alliance, at=now)
    return changed


@periodic("services.expire_all_listings")
def expire_all_listings() -> None:
    """Several times a minute: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        expire_listings.delay(alliance_id)


@shared_task(name="services.expire_listings")
def expire_listings(alliance_id: int) -> int:
    """Expire what is past its last day in one alliance, each listing in a transaction of its own; returns how many."""
    return _each(alliance_id, "expire")


@periodic("services.remind_all_of_listings")
def remind_all_of_listings() -> None:
    """Each hour: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        remind_of_listings.delay(alliance_id)


@shared_task(name="services.remind_of_listings")
def remind_of_listings(alliance_id: int) -> int:
    """Tell the owners of listings that end within two weeks, once for each last day; returns how many were looked at."""
    return _each(alliance_id, "remind")


def _each(alliance_id: int, what: str) -> int:
    """One act per listing; one that fails must not hold up the others, the next run tries again."""
    find, act = (list_to_expire, expire_listing) if what == "expire" else (list_to_remind, remind_of_expiry)
    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            due = find(alliance, timezone.localdate()) if alliance is not None else []
        if alliance is None:
            return 0
        done = 0
        for listing_id in due:
            try:
                with tenancy.acting_in(alliance_id):
                    done += act(alliance, listing_id, at=timezone.now())
            except Exception:
                logger.exception(
                    "listing not handled", extra={"listing": listing_id, "act": what, "alliance_id": alliance_id}
                )
        return done
    finally:
        context.current.reset(token)


@periodic("services.keep_all_contracts")
def keep_all_contracts() -> None:
    """Each minute: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        keep_contracts.delay(alliance_id)


@shared_task(name="services.keep_contracts")
def keep_contracts(alliance_id: int) -> int:
    """Seal what was signed by all, note what lapsed, send the reminders that are due, ask witnesses to decide; each by itself.

    One contract that fails stops no other; the next run tries it again.

    Returns:
        How many acts were taken.
    """
    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        now = timezone.now()
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            if alliance is None:
                logger.info("contracts of a removed alliance", extra={"alliance_id": alliance_id})
                return 0
            sealing = list_to_seal(alliance)
            lapsing = list_to_lapse(alliance, timezone.localdate(now))
            reminding = list_unsigned_to_remind(alliance, now)
            unanswered = list_unanswered(alliance, now)
        taken = sum(_apart(alliance, partial(seal_contract, alliance, pk, at=now)) for pk in sealing)
        for pk in lapsing:
            taken += _apart(alliance, partial(_inside, alliance, partial(lapse_contract, alliance, pk, at=now)))
        for code in reminding:
            taken += _apart(alliance, partial(_inside, alliance, partial(remind_party, alliance, code, actor=None, at=now)))
        for pk in unanswered:
            taken += _apart(alliance, partial(_inside, alliance, partial(ask_witness_to_decide, alliance, pk, at=now)))
        return taken
    finally:
        context.current.reset(token)


def _inside(alliance: Alliance, act: Callable[[], int]) -> int:
    with tenancy.acting_in(alliance):
        return act()


def _apart(alliance: Alliance, act: Callable[[], int]) -> int:
    try:
        return int(bool(act()))
    except Exception:
        logger.exception("a contract was not kept up", extra={"alliance_id": alliance.pk})
        return 0


# Execution of contracts


@periodic("services.keep_all_work")
def keep_all_work() -> None:
    """Each hour: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        keep_work.delay(alliance_id)


@shared_task(name="services.keep_work")
def keep_work(alliance_id: int) -> int:
    """Warn of milestones and payments, ask the witness to remind, accept by silence; each contract by itself.

    A task that died leaves the contracts it had not reached as they were; running it again tells and accepts nothing twice.

    Returns:
        In how many contracts something was done.
    """
    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        now = timezone.now()
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            if alliance is None:
                logger.info("work of a removed alliance", extra={"alliance_id": alliance_id})
                return 0
            codes = list_with_work(alliance)
        return sum(
            _apart(alliance, partial(_inside, alliance, partial(look_after_work, alliance, code, at=now))) for code in codes
        )
    finally:
        context.current.reset(token)


# ----------------------------------------------------------------------------------------------- follow-ups and evaluation


@periodic("services.keep_all_reviews")
def keep_all_reviews() -> None:
    """Each minute: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        keep_reviews.delay(alliance_id)


@shared_task(name="services.keep_reviews")
def keep_reviews(alliance_id: int) -> int:
    """Reveal the evaluations whose time is out and settle those whose appeals are decided; each in a transaction of its own.

    Returns:
        How many steps were taken.
    """

    def due(alliance: Alliance, now: datetime) -> list[Callable[[], int]]:
        today = timezone.localdate(now)
        return [
            *(partial(reveal_review, alliance, code, at=now) for code in list_to_reveal(alliance, today)),
            *(partial(settle_review, alliance, code, at=now) for code in list_to_settle(alliance, today)),
        ]

    return _take_each(alliance_id, due)


@periodic("services.follow_all_contracts_up")
def follow_all_contracts_up() -> None:
    """Every six hours, so that each question is asked on its day: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        follow_contracts_up.delay(alliance_id)


@shared_task(name="services.follow_contracts_up")
def follow_contracts_up(alliance_id: int) -> int:
    """Note the questions that were not answered in time and ask those that are due, contract by contract.

    Returns:
        How many contracts and questions were handled.
    """

    def due(alliance: Alliance, now: datetime) -> list[Callable[[], int]]:
        missed = list_to_miss(alliance, timezone.localdate(now))
        return [
            *(partial(miss_follow_up, alliance, code, role, number, at=now) for code, role, number in missed),
            *(partial(ask_follow_ups, alliance, code, at=now) for code in list_to_ask(alliance, now)),
        ]

    return _take_each(alliance_id, due)


def _take_each(alliance_id: int, due: Callable[[Alliance, datetime], list[Callable[[], int]]]) -> int:
    """Look up what is due and do each of it by itself; one that fails stops no other, the next run tries it again."""
    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            acts = due(alliance, timezone.now()) if alliance is not None else []
        return sum(_apart(alliance, partial(_inside, alliance, act)) for act in acts) if alliance is not None else 0
    finally:
        context.current.reset(token)
