"""Background work of the service layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from alliance.kernel.addresses import absolute_url
from alliance.kernel.tasks import tenant_task
from services.actions.rating import make_token
from services.choices import RatingState
from services.models import Rating

if TYPE_CHECKING:
    from alliance.models import Alliance


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
