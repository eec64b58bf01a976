"""What the service layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.actions.content import bump_content_version
from alliance.kernel import demo, navigation
from alliance.kernel.events import Event, consumer
from alliance.kernel.navigation import NavigationEntry
from alliance.kernel.references import referred
from alliance.kernel.texts import Text, texts
from groups.signals import MEMBERSHIP_ENDED, MEMBERSHIP_STARTED
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
from services import words  # noqa: F401 - names acts and records for the audit log
from services.actions.catalogue import publish_entry, refresh_entry, withdraw_entry
from services.actions.demo import load
from services.permissions import MODERATE_RATING
from services.selectors.rating import count_waiting_comments
from services.selectors.reference import refer_listings, refer_needs

demo.loaders.register("services", load)
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
        urgent=lambda alliance, _user: count_waiting_comments(alliance),
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
