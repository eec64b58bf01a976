"""What the pages of charter, responsibilities, consortia and disputes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from alliance.kernel.errors import InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.kernel.permissions import grants_of, institutions_acted_for
from alliance.selectors.people import acting_institution_id
from groups.forms.group import place_errors
from members.models import Institution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django import forms
    from django.http import HttpResponse
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.requests import AllianceRequest

CONSOLE = "console/base.html"
PORTAL = "portal/base.html"


def own_institution(request: AllianceRequest, entry: str, tab: str) -> Institution | HttpResponse:
    """The institution acted for, or the page where it is chosen; marks the place in the portal.

    Raises:
        PermissionRefusedError: The person acts for no member.
    """
    request.nav_key, request.tab_key = entry, tab
    acting = acting_institution_id(request)
    if acting is None:
        if institutions_acted_for(grants_of(request.user, request.alliance)):
            return redirect(f"{reverse('choose_institution')}?next={request.get_full_path()}")
        raise PermissionRefusedError(
            _("open the portal of a member institution"), permission="", who=[_("people of a member institution")]
        )
    found = Institution.objects.of(request.alliance).filter(pk=acting).first()
    if found is None:
        raise NotFoundError
    return found


def take_step(
    request: AllianceRequest,
    form: forms.Form,
    act: Callable[[dict[str, Any]], object],
    *,
    heading: StrOrPromise,
    done: StrOrPromise,
    back: str,
    submit: StrOrPromise,
    base: str = CONSOLE,
    hint: StrOrPromise = "",
    lines: list[StrOrPromise] | None = None,
    danger: bool = False,
    names: Mapping[str, str] | None = None,
    to: Callable[[Any], str] | None = None,
    wide: bool = False,
) -> HttpResponse:
    """A page with one form that does one thing.

    Args:
        request: The request.
        form: Bound on POST.
        act: Does it with the form's values.
        heading: Title of the page.
        done: What is said afterwards.
        back: Where to go afterwards, and the way back.
        submit: Words on the button.
        base: Frame of the page.
        hint: What it does, in one or two sentences.
        lines: What the reader must know before, as a list.
        danger: Whether it cannot be undone.
        names: Field names of the action where the form's are different.
        to: Where to go afterwards, given what the action returned.
        wide: Whether the page may use the whole width.
    """
    if request.method == "POST" and form.is_valid():
        try:
            result = act(form.cleaned_data)
        except InvalidInputError as refusal:
            fields = {(names or {}).get(name, name): words for name, words in refusal.fields.items()}
            place_errors(form, fields, refusal.reason)
            if refusal.remedy:
                form.add_error(None, refusal.remedy)
        else:
            messages.success(request, str(done))
            return redirect(to(result) if to is not None else back)
    context = {
        "base_template": base,
        "form": form,
        "page_heading": heading,
        "hint": hint,
        "lines": lines or [],
        "submit": submit,
        "danger": danger,
        "back": back,
        "wide": wide,
    }
    return render(request, "groups/promise_form.html", context, status=422 if form.errors else 200)


def initial_of(record: object, names: tuple[str, ...]) -> dict[str, Any]:
    """A form's values from a record."""
    return {name: getattr(record, name) for name in names}
