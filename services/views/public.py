"""The public site: front page, stories, services, needs and offers, members, about; feed and sitemap. No script needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from alliance.kernel.addresses import absolute_url
from alliance.kernel.errors import NotFoundError
from alliance.kernel.page_cache import cached_page
from alliance.kernel.rich_text import plain_text, render_markdown
from alliance.selectors.paging import paginate
from alliance.templatetags.ui import html_language, pick_bilingual
from members.selectors.regions import region_name
from operations.selectors.piece import mark_of
from services.choices import Access, ClientKind, ListingSide, ServiceCategory
from services.selectors import public
from services.selectors.codes import discipline_title, industry_title
from services.selectors.listing import Filters
from services.views.common import facts_of
from services.views.pictures import Picture, draw_cover, draw_picture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import TextChoices
    from django.utils.safestring import SafeString

    from alliance.kernel.requests import AllianceRequest
    from services.selectors.public import Story


@dataclass(frozen=True, slots=True)
class StoryCard:
    """A story with its picture."""

    story: Story
    picture: Picture


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered text and, when the reader's language has none, the language it is in."""

    html: SafeString
    lang: str
    other: str


def _cards(stories: Iterable[Story]) -> list[StoryCard]:
    return [StoryCard(story, draw_picture(story.article.slug)) for story in stories]


def _text(record: object, field: str) -> Text:
    source, fell_back_to = pick_bilingual(record, field)
    lang = {"en": "en", "zh": "zh-Hans"}.get(fell_back_to or "", "")
    other = {"en": _("This text is available in English only."), "zh": _("This text is available in Chinese only.")}
    return Text(render_markdown(source), lang, other.get(fell_back_to or "", ""))


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a filter."""

    value: str
    label: Any
    selected: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as a labelled list of choices; the first choice lifts it."""

    name: str
    label: str
    options: list[Option]


def _choice(request: AllianceRequest, name: str, choices: type[TextChoices]) -> str:
    """A filter's value from the query; an unknown one counts as none."""
    value = request.GET.get(name, "")
    return value if value in choices.values else ""


def _filter(name: str, label: str, every: str, choices: Iterable[tuple[str, Any]], chosen: str) -> Filter:
    options = [Option("", every, not chosen), *(Option(value, text, value == chosen) for value, text in choices)]
    return Filter(name, label, options)


@require_safe
@cached_page
def home(request: AllianceRequest) -> HttpResponse:
    """Front page of one alliance."""
    found = public.get_home(request.alliance, timezone.now(), timezone.localdate())
    context = {
        "home": found,
        "cards": _cards(found.stories),
        "cover": draw_cover(request.alliance.slug),
        "level": request.alliance.get_level_display(),
    }
    return render(request, "services/home.html", context)


@require_safe
@cached_page
def story_list(request: AllianceRequest) -> HttpResponse:
    """All stories, newest first."""
    request.nav_key = "stories"
    rows = public.list_public_articles(request.alliance, timezone.now())
    page = paginate(rows, request.GET, order=("-published_at", "-id"), size=24)
    return render(request, "services/story_list.html", {"page": page, "cards": _cards(map(public.as_story, page.items))})


@require_safe
@cached_page
def story_detail(request: AllianceRequest, slug: str) -> HttpResponse:
    """One story, with the product it tells of."""
    request.nav_key = "stories"
    found = public.get_article_page(request.alliance, slug, timezone.now())
    if found is None:
        raise NotFoundError
    article = found.story.article
    in_short = article.in_short_zh if (get_language() or "").startswith("zh") else article.in_short_en
    context = {
        "found": found,
        "article": article,
        "text": _text(article, "body"),
        "in_short": in_short,
        "picture": draw_picture(article.slug),
        "more": _cards(found.more),
        "crumbs": [{"label": _("Stories"), "url": reverse("story_list")}, {"label": article.title}],
    }
    return render(request, "services/story_detail.html", context)


@require_safe
@cached_page
def catalogue_list(request: AllianceRequest) -> HttpResponse:
    """Services on offer, by category, client and access."""
    request.nav_key = "catalogue"
    category = _choice(request, "category", ServiceCategory)
    client = _choice(request, "client", ClientKind)
    access = _choice(request, "access", Access)
    rows = public.list_public_entries(request.alliance, category=category, client=client, access=access)
    page = paginate(rows, request.GET, order=("-published_at", "-id"))
    ratings = public.rate_entries(request.alliance, page.items)
    context = {
        "page": page,
        "rows": [(entry, ratings[entry.pk]) for entry in page.items],
        "filters": [
            _filter("category", _("Category"), _("All categories"), ServiceCategory.choices, category),
            _filter("client", pgettext("clients of a service", "For"), _("All clients"), ClientKind.choices, client),
            _filter("access", _("Access"), _("All kinds of access"), Access.choices, access),
        ],
        "filtered": bool(category or client or access),
    }
    return render(request, "services/catalogue_list.html", context)


@require_safe
@cached_page
def catalogue_entry(request: AllianceRequest, code: str) -> HttpResponse:
    """One service: what it is, how it did in pilots, what clients say."""
    request.nav_key = "catalogue"
    found = public.get_entry_page(request.alliance, code, timezone.now())
    if found is None:
        raise NotFoundError
    withdrawn = found.entry.withdrawn_at is not None
    context = {
        "found": found,
        "story": found.story,
        "trial": next(iter(found.story.trials), None),
        "earlier": found.story.trials[1:],
        "pieces": [(piece, mark_of(piece)) for piece in found.story.pieces],
        "entry": found.entry,
        "product": found.product,
        "text": None if withdrawn else _text(found.product, "body"),
        "clients": [ClientKind(client).label for client in found.entry.clients],
        "withdrawn": withdrawn,
        "marks": [(mark, count) for mark, count in found.ratings.marks],
        "crumbs": [{"label": _("Services"), "url": reverse("catalogue_list")}, {"label": found.entry.title}],
    }
    return render(request, "services/catalogue_entry.html", context, status=410 if withdrawn else 200)


@require_safe
@cached_page
def public_piece(request: AllianceRequest, code: str, piece: str) -> HttpResponse:
    """A piece made of a product: what it says, who made and who checked it, and the product one click away."""
    request.nav_key = "catalogue"
    found = public.get_piece_page(request.alliance, code, piece)
    if found is None:
        raise NotFoundError
    record = found.piece
    crumbs = [{"label": _("Services"), "url": reverse("catalogue_list")}]
    if found.entry is not None:
        crumbs.append({"label": found.entry.title, "url": reverse("catalogue_entry", kwargs={"code": found.entry.code})})
    context = {
        "found": found,
        "piece": record,
        "product": record.product,
        "mark": found.mark,
        "text": _text(record, "body") if found.is_out else None,
        "picture": draw_picture(record.code),
        "crumbs": [*crumbs, {"label": record.title}],
    }
    return render(request, "services/public_piece.html", context, status=200 if found.is_out else 410)


NEWER = {"30": 30, "90": 90}
"""Choices of the filter by date: published within so many days."""


def _listing_filters(request: AllianceRequest) -> tuple[Filters, list[Filter]]:
    """What the reader chose, and the filters to draw; values that no public listing has count as none."""
    found = public.list_listing_facets(request.alliance, timezone.localdate())
    fields = [
        *((code, industry_title(code)) for code in found.industries),
        *((code, discipline_title(code)) for code in found.disciplines),
    ]
    side = _choice(request, "side", ListingSide)
    category = _choice(request, "category", ServiceCategory)
    region = request.GET.get("region", "")
    region = region if region in found.provinces else ""
    field = request.GET.get("field", "")
    newer = request.GET.get("newer", "")
    newer = newer if newer in NEWER else ""
    chosen = Filters(
        side=[side] if side else [],
        category=[category] if category else [],
        region=[region] if region else [],
        industry=[field] if field in found.industries else [],
        discipline=[field] if field in found.disciplines else [],
        newer=NEWER.get(newer, 0),
    )
    filters = [
        _filter("side", _("Supply or demand"), _("Both"), ListingSide.choices, side),
        _filter("category", _("Category"), _("All categories"), ServiceCategory.choices, category),
        _filter("field", _("Field"), _("All fields"), fields, field),
        _filter("region", _("Region"), _("All regions"), [(code, region_name(code)) for code in found.provinces], region),
        _filter(
            "newer",
            _("Published"),
            _("At any time"),
            [(key, _("in the last %(days)s days") % {"days": days}) for key, days in NEWER.items()],
            newer,
        ),
    ]
    return chosen, [one for one in filters if len(one.options) > 1]


@require_safe
@cached_page
def listing_list(request: AllianceRequest) -> HttpResponse:
    """Open needs and offers."""
    request.nav_key = "listings"
    chosen, filters = _listing_filters(request)
    rows = public.list_public_listings(request.alliance, timezone.localdate(), chosen, at=timezone.now())
    page = paginate(rows, request.GET, order=("-published_at", "-id"))
    context = {"page": page, "listings": page.items, "filters": filters, "filtered": chosen.any}
    return render(request, "services/listing_list.html", context)


@require_safe
@cached_page
def listing_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One open need or offer."""
    request.nav_key = "listings"
    listing = public.get_public_listing(request.alliance, code, timezone.localdate())
    if listing is None:
        raise NotFoundError
    context = {
        "listing": listing,
        "text": _text(listing, "body"),
        "facts": facts_of(listing),
        "crumbs": [{"label": _("Supply and demand"), "url": reverse("listing_list")}, {"label": listing.title}],
    }
    return render(request, "services/listing_detail.html", context)


FEED_LENGTH = 500
"""Listings in the feed: more than a reader follows, so that in practice it holds them all."""


@require_safe
@cached_page
def listing_feed(request: AllianceRequest) -> HttpResponse:
    """Atom feed of the open listings in the reader's language, newest first."""
    alliance = request.alliance
    atom = Atom1Feed(
        title=_("%(name)s: supply and demand") % {"name": alliance.name},
        link=absolute_url(alliance, "listing_list"),
        description=_("Open needs and offers, checked by the alliance."),
        language=html_language(get_language()),
        feed_url=absolute_url(alliance, "listing_feed"),
        author_name=alliance.name,
    )
    for listing in public.list_public_listings(alliance, timezone.localdate())[:FEED_LENGTH]:
        link = absolute_url(alliance, "listing_detail", {"code": listing.code})
        atom.add_item(
            title=listing.title,
            link=link,
            description=plain_text(pick_bilingual(listing, "body")[0], 500),
            unique_id=link,
            pubdate=listing.published_at,
            updateddate=listing.published_at,
            categories=[str(listing.get_side_display()), str(listing.get_category_display())],
        )
    return HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


@require_safe
def old_directory(request: AllianceRequest) -> HttpResponse:  # noqa: ARG001 - the address says it all
    """The directory stands in the element layer now; its former address leads there."""
    return redirect("member_directory", permanent=True)


@require_safe
@cached_page
def about(request: AllianceRequest) -> HttpResponse:
    """What the alliance is, its level, the six groups, whom to write to."""
    request.nav_key = "about"
    context = {"groups": public.count_seats(request.alliance, timezone.now()), "level": request.alliance.get_level_display()}
    return render(request, "services/about.html", context)


@require_safe
@cached_page
def feed(request: AllianceRequest) -> HttpResponse:
    """Atom feed of stories and services in the reader's language, the newest fifty."""
    alliance, now = request.alliance, timezone.now()
    atom = Atom1Feed(
        title=alliance.name,
        link=absolute_url(alliance, "home"),
        description=alliance.standfirst,
        language=html_language(get_language()),
        feed_url=absolute_url(alliance, "feed"),
        author_name=alliance.name,
    )
    items: list[tuple[Any, str, dict[str, str], Any, str]] = [
        (article.published_at, "story_detail", {"slug": article.slug}, article, pick_bilingual(article, "standfirst")[0])
        for article in public.list_public_articles(alliance, now)[:50]
    ]
    items += [
        (entry.published_at, "catalogue_entry", {"code": entry.code}, entry, pick_bilingual(entry, "summary")[0])
        for entry in public.list_public_entries(alliance)[:50]
    ]
    for moment, url_name, kwargs, record, summary in sorted(items, key=lambda item: item[0], reverse=True)[:50]:
        link = absolute_url(alliance, url_name, kwargs)
        atom.add_item(
            title=record.title,
            link=link,
            description=plain_text(summary, 500),
            unique_id=link,
            pubdate=moment,
            updateddate=moment,
        )
    return HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


@require_safe
@cached_page
def sitemap(request: AllianceRequest) -> HttpResponse:
    """Every public address with its date."""
    alliance = request.alliance
    pages = [
        (absolute_url(alliance, name), None)
        for name in ("home", "story_list", "catalogue_list", "listing_list", "member_directory", "about")
    ]
    found = public.list_addresses(alliance, timezone.now(), timezone.localdate())
    for url_name, rows in found.items():
        key = "slug" if url_name == "story_detail" else "code"
        pages += [(absolute_url(alliance, url_name, {key: code}), moment) for code, moment in rows]
    pages += [
        (absolute_url(alliance, "public_piece", {"code": product, "piece": code}), moment)
        for product, code, moment in public.list_piece_addresses(alliance)
    ]
    lines = [
        format_html(
            "<url><loc>{}</loc>{}</url>", url, format_html("<lastmod>{}</lastmod>", f"{moment:%Y-%m-%d}") if moment else ""
        )
        for url, moment in pages
    ]
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "\n".join(lines)
        + "\n</urlset>\n"
    )
    return HttpResponse(body, content_type="application/xml; charset=utf-8")
