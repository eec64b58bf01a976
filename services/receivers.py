"""What the service layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.actions.content import bump_content_version
from alliance.kernel import demo, jobs, navigation, uploads
from alliance.kernel.audiences import kept_from, set_aside
from alliance.kernel.events import Event, consumer
from alliance.kernel.indicators import Indicator, indicators
from alliance.kernel.jump import JumpProvider, providers
from alliance.kernel.navigation import NavigationEntry
from alliance.kernel.portal import Figure, figures
from alliance.kernel.references import referred
from alliance.kernel.texts import Text, texts
from groups.selectors.matters import matter_parties
from groups.signals import MEMBERSHIP_ENDED, MEMBERSHIP_STARTED
from members.selectors.duties import duty_providers
from members.selectors.institution import Panel, panels
from members.signals import INSTITUTION_STATE_CHANGED, INSTITUTIONS_IMPORTED
from operations.signals import (
    PIECE_PUBLISHED,
    PIECE_WITHDRAWN,
    PILOT_DECIDED,
    POINT_ANSWERED,
    PRODUCT_CHANGED,
    PRODUCT_RELEASED,
    PRODUCT_RETIRED,
)
from services import (
    tasks,
    transitions,  # noqa: F401 - names states for refusals
    words,  # noqa: F401 - names acts and records for the audit log
)
from services.actions.catalogue import publish_entry, refresh_entry, withdraw_entry
from services.actions.contract_sealing import PURPOSE as CONTRACT_PURPOSE
from services.actions.contract_sealing import contract_of_file
from services.actions.demo import load
from services.actions.demo_amendments import load_amendments
from services.actions.demo_contracts import load_contracts
from services.actions.demo_execution import load_execution
from services.actions.demo_matches import load_matches
from services.actions.demo_reviews import load_reviews
from services.actions.execution import FILE_PURPOSE as SUBMISSION_PURPOSE
from services.actions.execution import contract_of_submission
from services.actions.listing import FILE_PURPOSE, file_of
from services.actions.listing_import import LISTINGS  # noqa: F401 - registers itself
from services.actions.listing_life import withdraw_listings_of
from services.actions.match import agree_by_contract, keep_questions
from services.actions.match_index import REBUILD_JOB, STEPS, index_listings, run_rebuild
from services.actions.review import open_review
from services.permissions import (
    DECIDE_REVIEW_APPEAL,
    HANDLE_FOLLOW_UP,
    MODERATE_RATING,
    READ_MEMBER_LISTINGS,
    VIEW_CONTRACTS,
    VIEW_LISTINGS,
    VIEW_MATCHES,
    VIEW_OWN_MATCHES,
)
from services.selectors.contract import (
    CONTRACT_MATTER,
    contract_duties,
    contracts_kept_from,
    contracts_set_aside,
    count_waiting_for,
    unfinished_contracts,
)
from services.selectors.follow_up import list_signals
from services.selectors.listing import (
    LISTING_MATTER,
    find_listings,
    listings_kept_from,
    returned_listings,
    waiting_listings,
)
from services.selectors.rating import list_comments_to_check
from services.selectors.reference import refer_listings, refer_needs
from services.selectors.review import list_appeals, measure_contract_score, scores_panel
from services.signals import (
    CONTRACT_COMPLETED,
    CONTRACT_IN_FORCE,
    CONTRACT_SIGNED_BY_ALL,
    CONTRACT_TERMINATED,
    LISTING_CHANGED,
)

if TYPE_CHECKING:
    from alliance.models import Alliance

demo.loaders.register("services", load)
demo.loaders.register("services.contracts", load_contracts)
demo.loaders.register("services.amendments", load_amendments)
referred.register("need", refer_needs)
referred.register("listing", refer_listings)

texts.register(
    "services.comment_to_check",
    Text(
        title=_("Check a comment on “%(title)s”"),
        body=_("A client gave %(score)s of 5 and wrote a comment. It is shown once you agree."),
        verb=_("Read the comment"),
        icon="message-square-text",
    ),
)

texts.register(
    "services.comment_taken_up",
    Text(
        title=_("A client says of “%(title)s”"),
        body=_(
            "An editor hands you the comment of a client who gave %(score)s of 5. Answer it; the client reads the answer."
        ),
        verb=_("Answer"),
        icon="message-square-text",
    ),
)

navigation.add(NavigationEntry("public", "stories", pgettext_lazy("navigation", "Stories"), "story_list", order=10))
navigation.add(NavigationEntry("public", "catalogue", pgettext_lazy("navigation", "Services"), "catalogue_list", order=20))
navigation.add(
    NavigationEntry("public", "listings", pgettext_lazy("navigation", "Supply and demand"), "listing_list", order=30)
)
navigation.add(NavigationEntry("public", "members", pgettext_lazy("navigation", "Members"), "member_directory", order=40))
navigation.add(NavigationEntry("public", "about", pgettext_lazy("navigation", "About"), "about", order=50))
navigation.add(
    NavigationEntry(
        "console",
        "ratings",
        pgettext_lazy("navigation", "Comments"),
        "rating_moderation",
        icon="message-square-text",
        section="serve",
        order=20,
        permission=MODERATE_RATING,
        urgent=lambda alliance, _user: list_comments_to_check(alliance),
    )
)
navigation.add(
    NavigationEntry(
        "console", "public", pgettext_lazy("navigation", "Public pages"), "home", icon="globe", section="serve", order=90
    )
)


@consumer(PRODUCT_RELEASED, "services.publish_entry")
def offer_released_product(event: Event) -> None:
    """A released product becomes a service on offer, once."""
    publish_entry(event.alliance, event.payload["product"], at=timezone.now())


@consumer(PRODUCT_CHANGED, "services.refresh_entry")
def follow_corrected_product(event: Event) -> None:
    """A corrected text is shown corrected."""
    refresh_entry(event.alliance, event.payload["product"], at=timezone.now())


@consumer(PRODUCT_RETIRED, "services.withdraw_entry")
def withdraw_retired_product(event: Event) -> None:
    """A retired product is no longer on offer."""
    withdraw_entry(event.alliance, event.payload["product"], at=timezone.now())


@consumer(INSTITUTION_STATE_CHANGED, "services.withdraw_listings")
def withdraw_what_who_left_lists(event: Event) -> None:
    """What an institution lists goes with it."""
    withdraw_listings_of(event.alliance, event.payload["institution"], at=timezone.now())


@consumer(INSTITUTIONS_IMPORTED, "services.renew_pages")
@consumer(INSTITUTION_STATE_CHANGED, "services.renew_pages")
@consumer(MEMBERSHIP_STARTED, "services.renew_pages")
@consumer(MEMBERSHIP_ENDED, "services.renew_pages")
@consumer(PILOT_DECIDED, "services.renew_pages")
@consumer(PIECE_PUBLISHED, "services.renew_pages")
@consumer(PIECE_WITHDRAWN, "services.renew_pages")
@consumer(POINT_ANSWERED, "services.renew_pages")
def renew_public_pages(event: Event) -> None:
    """The public pages count members, seats and decided pilots, and show pieces and what became of comments."""
    bump_content_version(event.alliance)


# ---------------------------------------------------------------------------------------------------------------- matching

jobs.kinds.register(REBUILD_JOB, jobs.JobKind(REBUILD_JOB, _("Index of listings for matching"), run_rebuild, STEPS))


@consumer(LISTING_CHANGED, "services.index_listing")
def index_changed_listing(event: Event) -> None:
    """The index says what the listing says now; one that is no longer open leaves it."""
    index_listings(event.alliance, [event.payload["id"]], at=timezone.now())


@consumer(LISTING_CHANGED, "services.keep_match_questions")
def keep_questions_of_listing(event: Event) -> None:
    """Nobody is asked about a pair of which one listing is closed; opened again, it is asked about again."""
    keep_questions(event.alliance, event.payload["id"], at=timezone.now())


# ---------------------------------------------------------------------------------------------------------------- listings

texts.register(
    "services.listing_to_check",
    Text(
        title=_("Verify the listing %(code)s: %(title)s"),
        body=_("A member sent it in. Two people of two institutions verify it before anybody else reads it."),
        verb=_("Verify"),
        icon="search-check",
        holds_up=True,
    ),
)
texts.register(
    "services.listing_to_check_again",
    Text(
        title=_("Verify the listing %(code)s as the second: %(title)s"),
        body=_("Somebody of another institution verified it. Your word publishes it."),
        verb=_("Verify"),
        icon="search-check",
        holds_up=True,
    ),
)
texts.register(
    "services.listing_returned",
    Text(
        title=_("Complete your listing %(code)s: %(title)s"),
        body=_("Those who verify it sent it back. Each point stands beside its field."),
        verb=_("Complete it"),
        icon="undo-2",
    ),
)
texts.register(
    "services.listing_came_back",
    Text(
        title=_("Your listing came back: %(title)s"),
        body=_("Each point stands beside its field. Change it and send it again."),
        verb=_("Open"),
        icon="undo-2",
    ),
)
texts.register(
    "services.listing_published",
    Text(
        title=_("Your listing is published: %(title)s"),
        body=_("Two people of two institutions verified %(code)s."),
        verb=_("Open"),
        icon="circle-check",
    ),
)
texts.register(
    "services.listing_withdrawn",
    Text(
        title=_("The secretariat took your listing back: %(title)s"),
        body=_("The reason: %(reason)s"),
        verb=_("Open"),
        icon="log-out",
    ),
)
texts.register(
    "services.listing_expires_soon",
    Text(
        title=_("Your listing is open until %(due)s: %(title)s"),
        body=_("Keep it open longer, mark it as met, or let it end. Its address stays the same."),
        verb=_("Open"),
        icon="calendar-clock",
    ),
)
texts.register(
    "services.listing_expired",
    Text(
        title=_("Your listing has expired: %(title)s"),
        body=_("Nobody else reads it any more. For 30 days you can keep it open longer without a new verification, once."),
        verb=_("Open"),
        icon="calendar-x",
    ),
)

uploads.purposes.register(
    FILE_PURPOSE,
    uploads.Purpose(
        FILE_PURPOSE,
        _("file of a listing"),
        frozenset({"pdf", "png", "jpeg", "webp", "docx", "xlsx", "pptx", "csv", "txt"}),
        owner=file_of,
    ),
)
matter_parties.register("listing", LISTING_MATTER)
kept_from.register("services.listings", listings_kept_from)
providers.register("services", JumpProvider(_("Supply and demand"), find_listings))
navigation.add(
    NavigationEntry(
        "console",
        "listings",
        pgettext_lazy("navigation", "Supply & demand"),
        "listing_desk",
        icon="arrow-left-right",
        section="operate",
        order=60,
        permission=VIEW_LISTINGS,
        urgent=waiting_listings,
    )
)
navigation.add(
    NavigationEntry(
        "portal",
        "listings",
        pgettext_lazy("navigation", "Supply & demand"),
        "portal_listings",
        order=27,
        permission=READ_MEMBER_LISTINGS,
        urgent=returned_listings,
    )
)


# ----------------------------------------------------------------------------------------------------------------- docking

texts.register(
    "services.match_asked",
    Text(
        title=_("Somebody is interested: %(demand)s and %(supply)s"),
        body=_("The other side accepted the match %(code)s. See how well it fits, then accept or decline."),
        verb=_("Answer"),
        icon="arrow-left-right",
        holds_up=True,
    ),
)
texts.register(
    "services.match_proposed",
    Text(
        title=_("The desk proposes a match: %(demand)s and %(supply)s"),
        body=_("Both sides are asked. See why it was proposed (%(code)s), then accept or decline."),
        verb=_("Answer"),
        icon="arrow-left-right",
        holds_up=True,
    ),
)
texts.register(
    "services.match_introduced",
    Text(
        title=_("You are introduced: %(demand)s and %(supply)s"),
        body=_("Both sides accepted the match %(code)s. Its page shows the contacts of both."),
        verb=_("See the contacts"),
        icon="handshake",
        mails=True,
    ),
)
texts.register(
    "services.match_contact",
    Text(
        title=_("Get in touch, and note it: %(demand)s and %(supply)s"),
        body=_("Both sides accepted the match %(code)s. Note the first contact once you have talked."),
        verb=_("Note it"),
        icon="phone",
    ),
)
texts.register(
    "services.match_declined",
    Text(
        title=_("The other side declined: %(demand)s and %(supply)s"),
        body=_("Its reason for the match %(code)s: %(reason)s."),
        icon="arrow-left-right",
    ),
)
texts.register(
    "services.match_agreed",
    Text(
        title=_("Agreed: %(demand)s and %(supply)s"),
        body=_("An agreement was noted for the match %(code)s. A contract can follow from it."),
        icon="handshake",
    ),
)
texts.register(
    "services.match_ended",
    Text(
        title=_("Ended without agreement: %(demand)s and %(supply)s"),
        body=_("The match %(code)s was ended; its page says why."),
        icon="arrow-left-right",
    ),
)
texts.register(
    "services.match_rule_proposed",
    Text(
        title=_("Decide on the rule of the fit"),
        body=_("Somebody proposes other weights for the suggestions. A second person approves or refuses them."),
        verb=_("Decide"),
        icon="scale",
    ),
)
texts.register(
    "services.match_rule_approved",
    Text(title=_("Your rule of the fit was approved"), body=_("Every list is ordered by it now."), icon="scale"),
)
texts.register(
    "services.match_rule_refused",
    Text(title=_("Your rule of the fit was refused"), body=_("The reason: %(reason)s"), icon="scale"),
)
navigation.add(
    NavigationEntry(
        "console",
        "matches",
        pgettext_lazy("navigation", "Matches"),
        "match_list",
        icon="arrow-left-right",
        section="operate",
        order=60,
        permission=VIEW_MATCHES,
    )
)
navigation.add(
    NavigationEntry(
        "portal",
        "matches",
        pgettext_lazy("navigation", "Matches"),
        "portal_matches",
        order=32,
        permission=VIEW_OWN_MATCHES,
    )
)
demo.loaders.register("services.matches", load_matches)


# ----------------------------------------------------------------------------------------------------------------- contracts
matter_parties.register("contract", CONTRACT_MATTER)
set_aside.register("services.contracts", contracts_set_aside)
kept_from.register("services.contracts", contracts_kept_from)
duty_providers.register("contracts", contract_duties)
uploads.purposes.register(
    CONTRACT_PURPOSE,
    uploads.Purpose(
        CONTRACT_PURPOSE,
        _("sealed contract"),
        frozenset({"pdf"}),
        owner=contract_of_file,
        matter=lambda contract: contract.matter,
    ),
)
navigation.add(
    NavigationEntry(
        "console",
        "contracts",
        pgettext_lazy("navigation", "Contracts"),
        "contract_list",
        icon="file-pen-line",
        section="operate",
        order=60,
        permission=VIEW_CONTRACTS,
        count=unfinished_contracts,
    )
)
navigation.add(
    NavigationEntry("portal", "contracts", pgettext_lazy("navigation", "Contracts"), "portal_contract_list", order=29)
)


def _contract_figures(alliance: Alliance, institution_id: int, at: datetime) -> list[Figure]:  # noqa: ARG001 - the interface
    """Contracts that are not concluded yet on a member's first page."""
    open_ones, waiting = count_waiting_for(alliance, institution_id)
    if not open_ones:
        return []
    return [Figure(_("contracts under way"), open_ones, "portal_contract_list", waits=waiting > 0)]


figures.register("services.contracts", _contract_figures)


@consumer(CONTRACT_IN_FORCE, "services.agree_match")
def agree_match_of_contract(event: Event) -> None:
    """Two sides whose contract is in force have agreed."""
    if code := event.payload["match"]:
        agree_by_contract(event.alliance, code, at=timezone.now())


@consumer(CONTRACT_SIGNED_BY_ALL, "services.seal_contract")
def seal_signed_contract(event: Event) -> None:
    """The seal takes a moment and may ask the network, so a task makes it; the periodic task makes a lost wake-up good."""
    alliance_id = event.alliance.pk
    transaction.on_commit(lambda: tasks.keep_contracts.delay(alliance_id), robust=True)


# ----------------------------------------------------------------------------------------------------- execution of contracts
uploads.purposes.register(
    SUBMISSION_PURPOSE,
    uploads.Purpose(
        SUBMISSION_PURPOSE,
        _("file handed over under a contract"),
        frozenset({"pdf", "png", "jpeg", "webp", "docx", "xlsx", "pptx", "csv", "txt", "zip"}),
        owner=contract_of_submission,
        matter=lambda contract: contract.matter,
    ),
)
demo.loaders.register("services.execution", load_execution)


# ----------------------------------------------------------------------------------------------- follow-ups and evaluation
navigation.add(
    NavigationEntry(
        "console",
        "follow_ups",
        pgettext_lazy("navigation", "Follow-ups"),
        "follow_up_list",
        icon="phone",
        section="operate",
        order=61,
        permission=HANDLE_FOLLOW_UP,
        urgent=list_signals,
    )
)
navigation.add(
    NavigationEntry(
        "console",
        "review_appeals",
        pgettext_lazy("navigation", "Appeals"),
        "review_appeal_list",
        icon="scale",
        section="operate",
        order=62,
        permission=DECIDE_REVIEW_APPEAL,
        urgent=list_appeals,
    )
)
panels.register("contract_scores", Panel("services/institution_scores.html", scores_panel, order=65))
demo.loaders.register("services.reviews", load_reviews)
indicators.register(
    "services.contract_score",
    Indicator(
        name="services.contract_score",
        title=_("Mean score of parties after contracts, 1 to 5"),
        description=_(
            "Mean of the final scores that demand and supply sides got from the other parties. Undefined below three contracts."
        ),
        params_schema=(),
        measure=measure_contract_score,
    ),
)


@consumer(CONTRACT_COMPLETED, "services.open_review")
@consumer(CONTRACT_TERMINATED, "services.open_review")
def evaluate_contract_that_is_over(event: Event) -> None:
    """When the work is over, each party is asked to evaluate the other two."""
    open_review(event.alliance, event.payload["contract"], at=timezone.now())
