"""The library of clauses and the templates of contracts, as an alliance has them: its own versions over the shipped ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.kernel.errors import NotFoundError
from services.choices import ClauseState
from services.contract_standard import ARTICLES, CLAUSES, TEMPLATE_KEY, TEMPLATE_TITLE_EN, TEMPLATE_TITLE_ZH
from services.contract_text import ArticleText, ClauseText, TemplateText
from services.models import ClauseVersion, ContractTemplate

if TYPE_CHECKING:
    from alliance.models import Alliance
    from services.models import Contract


def _shipped() -> dict[str, ClauseText]:
    return {one.key: ClauseText(one.key, 0, one.title_en, one.title_zh, one.body_en, one.body_zh) for one in CLAUSES}


def _text(row: ClauseVersion) -> ClauseText:
    return ClauseText(row.key, row.version, row.title_en, row.title_zh, row.body_en, row.body_zh)


def clauses_in_force(alliance: Alliance) -> dict[str, ClauseText]:
    """Every clause in use by its key, shipped ones first; one query."""
    found = _shipped()
    for row in ClauseVersion.objects.of(alliance).filter(state=ClauseState.IN_FORCE).order_by("key"):
        found[row.key] = _text(row)
    return found


def clause_versions(alliance: Alliance, key: str) -> list[ClauseVersion]:
    """Versions of a clause made in this alliance, newest first; one query."""
    return list(
        ClauseVersion.objects.of(alliance).filter(key=key).select_related("made_by", "decided_by").order_by("-version")
    )


def clause_at(alliance: Alliance, key: str, version: int) -> ClauseText:
    """One version of a clause; 0 is the shipped one.

    Raises:
        NotFoundError: There is none.
    """
    if version == 0:
        if (found := _shipped().get(key)) is None:
            raise NotFoundError
        return found
    row = ClauseVersion.objects.of(alliance).filter(key=key, version=version).first()
    if row is None:
        raise NotFoundError
    return _text(row)


def proposed_clauses(alliance: Alliance) -> dict[str, ClauseVersion]:
    """Versions that wait for a second person, by key; one query."""
    rows = ClauseVersion.objects.of(alliance).filter(state=ClauseState.PROPOSED)
    return {row.key: row for row in rows}


@dataclass(frozen=True, slots=True)
class TemplateHead:
    """A template in use: its key, version and titles."""

    key: str
    version: int
    title_en: str
    title_zh: str
    articles: tuple[tuple[str, str, tuple[str, ...]], ...]


_STANDARD = TemplateHead(
    TEMPLATE_KEY,
    0,
    TEMPLATE_TITLE_EN,
    TEMPLATE_TITLE_ZH,
    tuple((one.title_en, one.title_zh, one.clauses) for one in ARTICLES),
)


def head_of(row: ContractTemplate) -> TemplateHead:
    """A stored version as a head."""
    articles = tuple((one["title_en"], one["title_zh"], tuple(one["clauses"])) for one in row.articles)
    return TemplateHead(row.key, row.version, row.title_en, row.title_zh, articles)


def templates_in_force(alliance: Alliance) -> dict[str, TemplateHead]:
    """Every template in use by its key; one query."""
    found = {_STANDARD.key: _STANDARD}
    for row in ContractTemplate.objects.of(alliance).filter(state=ClauseState.IN_FORCE).order_by("key"):
        found[row.key] = head_of(row)
    return found


def template_text(alliance: Alliance, key: str) -> TemplateText:
    """A template in use with its clauses in use; two queries.

    Raises:
        NotFoundError: There is no such template.
    """
    head = templates_in_force(alliance).get(key)
    if head is None:
        raise NotFoundError
    return _compose(head, clauses_in_force(alliance))


def _compose(head: TemplateHead, clauses: dict[str, ClauseText]) -> TemplateText:
    return TemplateText(
        head.key,
        head.version,
        head.title_en,
        head.title_zh,
        tuple(
            ArticleText(english, chinese, tuple(clauses[one] for one in keys if one in clauses))
            for english, chinese, keys in head.articles
        ),
    )


def template_as_signed(alliance: Alliance, content: dict[str, Any]) -> TemplateText:
    """The template of a text with each clause as it stood there; a clause that was left out comes as it is in use now.

    Three queries.

    Raises:
        NotFoundError: A version is not on record.
    """
    key, version = content["template"]["key"], content["template"]["version"]
    if version == 0:
        head = _STANDARD
    else:
        row = ContractTemplate.objects.of(alliance).filter(key=key, version=version).first()
        if row is None:
            raise NotFoundError
        head = head_of(row)
    clauses = clauses_in_force(alliance)
    shipped = _shipped()
    present = {one["key"]: one["version"] for article in content["articles"] for one in article["clauses"]}
    stored = {
        (row.key, row.version): _text(row) for row in ClauseVersion.objects.of(alliance).filter(key__in=sorted(present))
    }
    for name, number in present.items():
        found = shipped.get(name) if number == 0 else stored.get((name, number))
        if found is None:
            raise NotFoundError
        clauses[name] = found
    return _compose(head, clauses)


def template_for(contract: Contract) -> TemplateText:
    """What the next version of a contract's terms is made with: the template in use; for an amendment that of the text in effect."""
    main = contract.amends
    if main is not None and main.in_effect is not None:
        return template_as_signed(contract.alliance, main.in_effect.content)
    return template_text(contract.alliance, contract.template_key)


def template_versions(alliance: Alliance, key: str) -> list[ContractTemplate]:
    """Versions of a template made in this alliance, newest first; one query."""
    return list(
        ContractTemplate.objects.of(alliance).filter(key=key).select_related("made_by", "decided_by").order_by("-version")
    )
