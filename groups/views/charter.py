"""Pages of the charter: drafting and acceptance in the console, reading and accepting in the portal, the public text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.accounts import fresh_authentication
from alliance.kernel.errors import NotFoundError
from alliance.kernel.page_cache import cached_page
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.audit import latest_head
from alliance.selectors.paging import paginate
from groups.actions.charter import (
    accept_charter,
    draft_charter,
    drop_charter,
    note_acceptance,
    propose_charter,
    remove_article,
    set_charter_rules,
    what_is_missing,
    write_article,
    write_charter,
)
from groups.choices import CharterState
from groups.forms.charter import AcceptForm, ArticleForm, CharterRulesForm, CharterTextForm, ConfirmForm, PaperForm
from groups.models import CharterAcceptance
from groups.permissions import ACCEPT_CHARTER, DRAFT_CHARTER, NOTE_ACCEPTANCE
from groups.selectors.charter import (
    acceptance_of,
    charter_in_force,
    count_acceptances,
    end_of_grace,
    find_version,
    list_acceptances,
    list_articles,
    list_missing,
    list_versions,
    version_in_force_or_coming,
    without_voting_rights,
)
from groups.selectors.charter_text import FIELDS, RULES, compare_charters, write_charter_text
from groups.views.group import enter_console
from groups.views.promise import PORTAL, initial_of, own_institution, take_step
from members.models import Institution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alliance.kernel.requests import AllianceRequest
    from alliance.models import Alliance
    from groups.models import CharterArticle, CharterVersion

EXPORT_LIMIT = 60_000


def _version(alliance: Alliance, number: int, *, public: bool = False) -> CharterVersion:
    found = find_version(alliance, number, public=public)
    if found is None:
        raise NotFoundError
    return found


def _chapters(articles: Iterable[CharterArticle]) -> list[dict[str, Any]]:
    """Articles under their chapters."""
    chapters: list[dict[str, Any]] = []
    for article in articles:
        key = (article.chapter_zh, article.chapter_en)
        if not chapters or chapters[-1]["key"] != key:
            chapters.append({"key": key, "head": article, "articles": []})
        chapters[-1]["articles"].append(article)
    return chapters


# ----------------------------------------------------------------------------------------------------------- console


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def charter_list(request: AllianceRequest) -> HttpResponse:
    """All versions and how far the acceptance is; begin the next one."""
    alliance = enter_console(request, "charter")
    if request.method == "POST":
        version = draft_charter(alliance, actor=request.user, at=timezone.now())
        messages.success(request, _("Version %(number)s is a draft now.") % {"number": version.number})
        return redirect("charter_detail", number=version.number)
    versions = list(list_versions(alliance))
    current = next((version for version in versions if version.state == CharterState.IN_FORCE), None)
    context = {
        "versions": versions,
        "current": current,
        "count": count_acceptances(alliance, current, timezone.now()) if current else None,
        "has_draft": any(version.state == CharterState.DRAFT for version in versions),
        "may_draft": can(request.user, DRAFT_CHARTER, alliance),
    }
    return render(request, "groups/charter_list.html", context)


@require_safe
@login_required
def charter_detail(request: AllianceRequest, number: int) -> HttpResponse:
    """One version: its text, rules and what is missing."""
    alliance = enter_console(request, "charter")
    version = _version(alliance, number)
    is_draft = version.state == CharterState.DRAFT
    articles = list(list_articles(version))
    context = {
        "version": version,
        "chapters": _chapters(articles),
        "next_number": len(articles) + 1,
        "missing": what_is_missing(alliance, version) if is_draft else [],
        "earlier": list_versions(alliance).filter(number__lt=number).first(),
        "is_draft": is_draft,
        "may_draft": is_draft and can(request.user, DRAFT_CHARTER, version),
        "count": count_acceptances(alliance, version, timezone.now()) if not is_draft else None,
        "crumbs": _crumbs(_("Version %(number)s") % {"number": number}),
    }
    return render(request, "groups/charter_detail.html", context)


def _crumbs(label: str, *more: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"label": _("Charter"), "url": reverse("charter_list")},
        *({"label": name, "url": url} for name, url in more),
        {"label": label, "url": ""},
    ]


def _url(name: str, number: int, **kwargs: Any) -> str:
    return reverse(name, kwargs={"number": number, **kwargs})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def charter_write(request: AllianceRequest, number: int) -> HttpResponse:
    """Take in the whole text of a draft."""
    alliance = enter_console(request, "charter")
    version = _version(alliance, number)
    require(request.user, DRAFT_CHARTER, version)
    articles = list(list_articles(version))
    form = CharterTextForm(request.POST or None, initial={"text": write_charter_text(articles)})
    return take_step(
        request,
        form,
        lambda values: write_charter(alliance, number, values["text"], actor=request.user, at=timezone.now()),
        heading=_("Text of version %(number)s") % {"number": number},
        hint=_("The whole text at once. The articles the draft has now are replaced."),
        done=_("The text was taken in."),
        submit=_("Take in the text"),
        back=_url("charter_detail", number),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def charter_article(request: AllianceRequest, number: int, article: int) -> HttpResponse:
    """Change one article of a draft, or add the next one."""
    alliance = enter_console(request, "charter")
    version = _version(alliance, number)
    require(request.user, DRAFT_CHARTER, version)
    found = list_articles(version).filter(number=article).first()
    last = list_articles(version).last() if found is None else None
    initial = initial_of(found, FIELDS) if found else initial_of(last, ("chapter_en", "chapter_zh")) if last else {}
    form = ArticleForm(request.POST or None, initial=initial)
    return take_step(
        request,
        form,
        lambda values: write_article(alliance, number, article, actor=request.user, at=timezone.now(), **values),
        heading=_("Article %(article)s of version %(number)s") % {"article": article, "number": number},
        done=_("Article %(article)s was saved.") % {"article": article},
        submit=_("Save"),
        back=_url("charter_detail", number),
    )


@require_POST
@login_required
@once
def charter_article_remove(request: AllianceRequest, number: int, article: int) -> HttpResponse:
    """Remove an article of a draft."""
    alliance = enter_console(request, "charter")
    remove_article(alliance, number, article, actor=request.user, at=timezone.now())
    messages.success(request, _("Article %(article)s was removed.") % {"article": article})
    return redirect(_url("charter_detail", number))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def charter_rules(request: AllianceRequest, number: int) -> HttpResponse:
    """The day, the grace and the figures of a draft."""
    alliance = enter_console(request, "charter")
    version = _version(alliance, number)
    require(request.user, DRAFT_CHARTER, version)
    form = CharterRulesForm(request.POST or None, initial=initial_of(version, ("in_force_on", *RULES)))
    return take_step(
        request,
        form,
        lambda values: set_charter_rules(alliance, number, actor=request.user, at=timezone.now(), **values),
        heading=_("Rules of version %(number)s") % {"number": number},
        hint=_("Figures that the platform takes from the charter; the text must say the same."),
        done=_("The rules were saved."),
        submit=_("Save"),
        back=_url("charter_detail", number),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def charter_propose(request: AllianceRequest, number: int) -> HttpResponse:
    """Put a draft to the vote of the assembly."""
    alliance = enter_console(request, "charter")
    version = _version(alliance, number)
    require(request.user, DRAFT_CHARTER, version)
    return take_step(
        request,
        ConfirmForm(request.POST if request.method == "POST" else None),
        lambda _values: propose_charter(alliance, number, actor=request.user, at=timezone.now()),
        heading=_("Put version %(number)s to the vote") % {"number": number},
        hint=_("A motion of the assembly is drafted; you open it under Votes."),
        lines=[
            _("Two-thirds of all members must vote for it."),
            _("The motion names the SHA-256 of the text: the text does not change any more until the result."),
            *what_is_missing(alliance, version),
        ],
        done=_("The motion was drafted. Open it under Votes."),
        submit=_("Draft the motion"),
        back=_url("charter_detail", number),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def charter_drop(request: AllianceRequest, number: int) -> HttpResponse:
    """Drop a draft."""
    alliance = enter_console(request, "charter")
    require(request.user, DRAFT_CHARTER, _version(alliance, number))
    return take_step(
        request,
        ConfirmForm(request.POST if request.method == "POST" else None),
        lambda _values: drop_charter(alliance, number, actor=request.user, at=timezone.now()),
        heading=_("Drop the draft of version %(number)s?") % {"number": number},
        hint=_("Its text is deleted; adopted versions stay."),
        done=_("The draft was dropped."),
        submit=_("Drop the draft"),
        back=_url("charter_detail", number),
        to=lambda _result: reverse("charter_list"),
        danger=True,
    )


def _difference(alliance: Alliance, version: CharterVersion, asked: str, *, public: bool) -> dict[str, Any]:
    """The comparison with an earlier version, the one before unless another one is asked for."""
    others = list(list_versions(alliance, public=public).exclude(pk=version.pk))
    earlier = next((one for one in others if str(one.number) == asked), None)
    if earlier is None:
        earlier = next((one for one in others if one.number < version.number), None)
    changes = compare_charters(list(list_articles(earlier)), list(list_articles(version))) if earlier else []
    return {
        "version": version,
        "earlier": earlier,
        "others": others,
        "changes": [change for change in changes if change.kind != "same" or change.is_renumbered],
        "unchanged": sum(change.kind == "same" for change in changes),
    }


@require_safe
@login_required
def charter_difference(request: AllianceRequest, number: int) -> HttpResponse:
    """What a version changes, article by article."""
    alliance = enter_console(request, "charter")
    version = _version(alliance, number)
    context = _difference(alliance, version, request.GET.get("against", ""), public=False) | {
        "base_template": "console/base.html",
        "crumbs": _crumbs(_("Differences"), (_("Version %(number)s") % {"number": number}, _url("charter_detail", number))),
    }
    return render(request, "groups/charter_difference.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def charter_acceptances(request: AllianceRequest, number: int) -> HttpResponse:
    """Who has accepted a version and who has not; note one from a signed paper; the list as CSV."""
    alliance = enter_console(request, "charter")
    version = _version(alliance, number)
    if version.state == CharterState.DRAFT:
        raise NotFoundError
    now = timezone.now()
    if request.GET.get("format") == "csv":
        return _acceptance_table(alliance, version)
    may_note = can(request.user, NOTE_ACCEPTANCE, alliance)
    form = PaperForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        require(request.user, NOTE_ACCEPTANCE, alliance)
        return take_step(
            request,
            form,
            lambda values: note_acceptance(
                alliance,
                number,
                values["institution"].strip(),
                signed_on=values["signed_on"],
                paper=values["paper"],
                actor=request.user,
                at=now,
            ),
            heading=_("Note an acceptance"),
            done=_("The acceptance was noted."),
            submit=_("Note the acceptance"),
            back=_url("charter_acceptances", number),
        )
    context = {
        "version": version,
        "count": count_acceptances(alliance, version, now),
        "page": paginate(list_acceptances(alliance, version), request.GET, ("-accepted_at", "-id")),
        "missing": list(list_missing(alliance, version)[:100]),
        "without_vote": without_voting_rights(alliance, now) if version.state == CharterState.IN_FORCE else set(),
        "form": form,
        "may_note": may_note,
        "crumbs": _crumbs(_("Acceptances"), (_("Version %(number)s") % {"number": number}, _url("charter_detail", number))),
    }
    return render(request, "groups/charter_acceptances.html", context)


def _acceptance_table(alliance: Alliance, version: CharterVersion) -> HttpResponse:
    header = [_("code"), _("name in English"), _("name in Chinese"), _("accepted"), _("from a paper"), _("digest")]
    rows = [
        [
            row.institution.code,
            row.institution.name_en,
            row.institution.name_zh,
            row.accepted_at,
            row.noted_from_paper,
            row.digest,
        ]
        for row in list_acceptances(alliance, version)[:EXPORT_LIMIT]
    ]
    rows += [
        [institution.code, institution.name_en, institution.name_zh, None, None, ""]
        for institution in list_missing(alliance, version)[:EXPORT_LIMIT]
    ]
    return csv_response(f"charter-{version.number}-acceptances", header, rows)


# ------------------------------------------------------------------------------------------------------------ portal


@require_safe
@login_required
def portal_charter(request: AllianceRequest) -> HttpResponse:
    """The charter as a member reads it, with its own acceptance."""
    institution = own_institution(request, "institution", "charter")
    if not isinstance(institution, Institution):
        return institution
    alliance = request.alliance
    version = version_in_force_or_coming(alliance)
    now = timezone.now()
    accepted = acceptance_of(alliance, version, institution.pk) if version else None
    blank = CharterAcceptance(alliance=alliance, institution=institution)
    context = {
        "version": version,
        "institution": institution,
        "chapters": _chapters(list_articles(version)) if version else [],
        "accepted": accepted,
        "may_accept": can(request.user, ACCEPT_CHARTER, blank),
        "grace_until": end_of_grace(version) if version and version.in_force_on else None,
        "has_no_vote": version is not None and institution.pk in without_voting_rights(alliance, now),
        "earlier": list_versions(alliance, public=True).filter(number__lt=version.number).first() if version else None,
        "head": latest_head(alliance) if accepted else None,
    }
    return render(request, "groups/portal_charter.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@fresh_authentication
@once
def portal_charter_accept(request: AllianceRequest) -> HttpResponse:
    """Accept the charter for the institution; asks again who is there."""
    institution = own_institution(request, "institution", "charter")
    if not isinstance(institution, Institution):
        return institution
    alliance = request.alliance
    version = version_in_force_or_coming(alliance)
    if version is None:
        raise NotFoundError
    require(request.user, ACCEPT_CHARTER, CharterAcceptance(alliance=alliance, institution=institution))
    form = AcceptForm(request.POST or None, initial={"digest": version.digest})
    number = version.number
    return take_step(
        request,
        form,
        lambda values: accept_charter(
            alliance, number, institution.code, digest=values["digest"], actor=request.user, at=timezone.now()
        ),
        heading=_("Accept version %(number)s of the charter") % {"number": number},
        hint=_("For %(institution)s.") % {"institution": institution.name},
        lines=[
            _("Adopted by the assembly on %(day)s.") % {"day": version.adopted_on},
            _("SHA-256 of the text you accept: %(digest)s") % {"digest": version.digest},
            _("Your acceptance is dated, written to the audit log and sealed there."),
        ],
        done=_("Accepted. Thank you: your institution is bound by version %(number)s.") % {"number": number},
        submit=_("Accept the charter"),
        back=reverse("portal_charter"),
        base=PORTAL,
    )


# ------------------------------------------------------------------------------------------------------------ public


@require_safe
@cached_page
def charter_text(request: AllianceRequest, number: int = 0) -> HttpResponse:
    """The charter in both languages with the history of its versions."""
    alliance = request.alliance
    versions = list(list_versions(alliance, public=True))
    current = charter_in_force(alliance)
    version = _version(alliance, number, public=True) if number else current or (versions[0] if versions else None)
    if version is None:
        return render(request, "groups/charter_text.html", {"version": None, "versions": []})
    context = {
        "version": version,
        "chapters": _chapters(list_articles(version)),
        "versions": versions,
        "earlier": next((one for one in versions if one.number < version.number), None),
        "is_current": current is not None and current.pk == version.pk,
    }
    return render(request, "groups/charter_text.html", context)


@require_safe
@cached_page
def charter_changes(request: AllianceRequest, number: int) -> HttpResponse:
    """What a version changed, for everybody."""
    alliance = request.alliance
    version = _version(alliance, number, public=True)
    context = _difference(alliance, version, request.GET.get("against", ""), public=True) | {
        "base_template": "public/base.html",
        "is_public": True,
    }
    return render(request, "groups/charter_difference.html", context)
