"""Rating a service: the public form, the link in the mail, and the editor's queue."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel import limits
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from alliance.selectors.paging import paginate
from services.actions.rating import confirm_rating, moderate_comment, read_token, submit_rating, take_up_comment
from services.forms.rating import ModerationForm, RatingForm
from services.models import CatalogueEntry
from services.permissions import MODERATE_RATING
from services.selectors.product_page import fates_of
from services.selectors.rating import get_rating, list_comments_to_check, list_decided_comments
from services.tasks import send_rating_mail

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest
    from services.models import Rating


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def rating_create(request: AllianceRequest, code: str) -> HttpResponse:
    """The form for one service; nothing typed is lost when it is refused."""
    request.nav_key = "catalogue"
    entry = CatalogueEntry.objects.of(request.alliance).public().filter(code=code).first()
    if entry is None:
        raise NotFoundError
    form = RatingForm(request.POST or None, entry_code=code)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                rating = _submit(request, entry, form)
            except limits.RateLimitedError as refusal:
                form.add_error(None, str(refusal.reason))
                status = 429
            except InvalidInputError as refusal:
                for field, reason in refusal.fields.items():
                    form.add_error(field, str(reason))
                status = 422
            else:
                address = form.cleaned_data["email"]
                transaction.on_commit(partial(send_rating_mail.delay, request.alliance.pk, str(rating.uuid), address))
                return HttpResponseRedirect(reverse("rating_sent", kwargs={"code": code}))
        else:
            status = 422
    crumbs = [
        {"label": _("Services"), "url": reverse("catalogue_list")},
        {"label": entry.title, "url": reverse("catalogue_entry", kwargs={"code": code})},
        {"label": _("Rate this service")},
    ]
    response = render(
        request, "services/rating_create.html", {"form": form, "entry": entry, "crumbs": crumbs}, status=status
    )
    if status == 429:
        response["Retry-After"] = "60"
    return response


def _submit(request: AllianceRequest, entry: CatalogueEntry, form: RatingForm) -> Rating:
    alliance = request.alliance
    network = limits.network_of(request.META.get("REMOTE_ADDR", ""))
    limits.hit("public_form_network", alliance.pk, "rating", network)
    limits.hit("public_form", alliance.pk, "rating")
    given = form.cleaned_data
    return submit_rating(
        alliance,
        entry.code,
        score=given["score"],
        client_kind=given["client_kind"],
        comment=given["comment"],
        email=given["email"],
        language=get_language() or "en",
        at=timezone.now(),
    )


@require_safe
def rating_sent(request: AllianceRequest, code: str) -> HttpResponse:
    """What happens next, after the form was sent."""
    request.nav_key = "catalogue"
    entry = CatalogueEntry.objects.of(request.alliance).public().filter(code=code).first()
    if entry is None:
        raise NotFoundError
    return render(request, "services/rating_sent.html", {"entry": entry})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rating_confirm(request: AllianceRequest, token: str) -> HttpResponse:
    """The page behind the mail's link. Reading it changes nothing, because mail programs open links by themselves."""
    request.nav_key = "catalogue"
    rating = get_rating(request.alliance, read_token(request.alliance, token))
    if rating is None:
        raise NotFoundError
    done = False
    if request.method == "POST":
        rating = confirm_rating(request.alliance, token, at=timezone.now()).rating
        done = True
    context = {"rating": rating, "entry": rating.entry, "done": done or rating.confirmed_at is not None}
    response = render(request, "services/rating_confirm.html", context)
    # The address of this page is a key: no other host may learn it. Not "no-referrer", with which browsers send the form
    # with "Origin: null", which the forgery check rightly refuses.
    response["Referrer-Policy"] = "same-origin"
    return response


@require_safe
def rating_moderation(request: AllianceRequest) -> HttpResponse:
    """Comments that wait for the editor, oldest first; or those decided on, newest first, with what became of them."""
    request.nav_key = "ratings"
    require(request.user, MODERATE_RATING, request.alliance)
    decided = request.GET.get("show") == "decided"
    if decided:
        page = paginate(list_decided_comments(request.alliance), request.GET, order=("-confirmed_at", "-id"))
    else:
        page = paginate(list_comments_to_check(request.alliance), request.GET, order=("confirmed_at", "id"))
    fates = fates_of(request.alliance, page.items) if page.items else {}
    address = reverse("rating_moderation")
    context = {
        "page": page,
        "rows": [(rating, fates.get(rating.uuid)) for rating in page.items],
        "decided": decided,
        "tabs": [
            {"label": _("Waiting"), "url": address, "current": not decided},
            {"label": _("Decided"), "url": f"{address}?show=decided", "current": decided},
        ],
    }
    return render(request, "services/rating_moderation.html", context)


@require_POST
def rating_moderate(request: AllianceRequest, uuid: UUID) -> HttpResponse:
    """Show a comment or leave it out; hand it to the makers as feedback, at the same time or later."""
    require(request.user, MODERATE_RATING, request.alliance)
    form = ModerationForm(request.POST)
    if not form.is_valid():
        raise InvalidInputError(_("Choose whether the comment is shown."))
    decision, now = form.cleaned_data["decision"], timezone.now()
    with transaction.atomic():
        if decision != "take_up":
            moderate_comment(request.alliance, uuid, show=decision == "show", actor=request.user, at=now)
        if decision == "take_up" or form.cleaned_data["take_up"]:
            take_up_comment(request.alliance, uuid, actor=request.user, at=now)
    if decision != "take_up":
        shown = _("The comment is shown.") if decision == "show" else _("The comment is not shown; the mark counts.")
        messages.success(request, shown)
    if decision == "take_up" or form.cleaned_data["take_up"]:
        messages.success(request, _("The makers have it as a point of feedback."))
    target = reverse("rating_moderation")
    return HttpResponseRedirect(f"{target}?show=decided" if decision == "take_up" else target)
