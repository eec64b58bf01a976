"""Finds entries that may be one institution: register, name in either language, pinyin, domain (features S23).

The whole alliance is compared inside the database, over a table made for the moment: row-level security lets no trigram
operator use an index of the real table, for these operators are not leak-proof, and the moment's table has no policy. The
chances are put together as if they were independent; two different codes of one register speak against it strongly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from members.choices import DuplicateState, InstitutionState, MergeOutcome, RegistryScheme
from members.models import DuplicatePair, Institution, InstitutionMerge, MergeStep
from members.selectors.domains import HOST, PUBLIC_DOMAINS, REGISTRABLE, domain_of
from members.selectors.merge import list_links
from members.selectors.names import fold_name, sort_key_of
from members.selectors.registry_codes import parse_registry_code

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

ALIKE = 0.6
"""Least trigram similarity of two names that is looked at."""
SEARCHED = 0.7
"""The same where all names are compared with all: less could reach ``FLOOR`` only together with a key, which has its own road."""
FLOOR = 0.5
"""Least likeness of a pair that the office is shown."""
CROWD = 4
"""A key that more entries than this have in common says nothing by itself (a group of companies under one domain)."""
MOST_TWINS = 10
"""Most entries named as possible twins of one."""

REASONS: dict[str, StrOrPromise] = {
    "registry": _("same code in the register"),
    "name_en": _("English names alike (%(percent)s %%)"),
    "name_zh": _("Chinese names alike (%(percent)s %%)"),
    "pinyin": _("same name in pinyin"),
    "domain": _("same domain (%(domain)s)"),
    "other_code": _("but different codes in the same register"),
}
"""Reasons in words, by code."""


@dataclass(slots=True)
class Signals:
    """What two entries have in common.

    Attributes:
        name_en: Trigram similarity of the folded English names, 0 to 1.
        name_zh: The same of the Chinese names.
        pinyin: Whether the names sound the same.
        registry: Whether the codes name the same organisation.
        domain: Domain they share.
        other_code: Whether both have a code of one register, and different ones.
    """

    name_en: float = 0.0
    name_zh: float = 0.0
    pinyin: bool = False
    registry: bool = False
    domain: str = ""
    other_code: bool = False


@dataclass(frozen=True, slots=True)
class Twin:
    """An entry that may be the same institution.

    Attributes:
        institution: The entry.
        score: Likeness, 0 to 1.
        reasons: As DuplicatePair keeps them.
    """

    institution: Institution
    score: float
    reasons: list[dict[str, Any]] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """The reasons in the active language."""
        return reason_words(self.reasons)


def reason_words(reasons: Iterable[dict[str, Any]]) -> list[str]:
    """Reasons in the active language."""
    return [str(REASONS[reason["code"]]) % reason.get("params", {}) for reason in reasons if reason["code"] in REASONS]


def rate(signals: Signals) -> tuple[float, list[dict[str, Any]]]:
    """The likeness of two entries, 0 to 1, with the reasons; the figures are judgements, ordered by what they prove.

    A code of a register proves most; equal names most of the rest, falling to nothing at a similarity of one half; the
    same domain alone is as good as a coin, for a university's library and think tank share one.
    """
    chances: list[float] = []
    reasons: list[dict[str, Any]] = []
    if signals.registry:
        chances.append(0.97)
        reasons.append({"code": "registry", "params": {}})
    # A character of a Chinese name says more than a letter: 研究院 against 研究所 costs a quarter of the similarity.
    for name, value, nothing in (("name_en", signals.name_en, 0.5), ("name_zh", signals.name_zh, 0.45)):
        if value >= ALIKE:
            chances.append(min(0.95, (value - nothing) / 0.5 * 0.95))
            reasons.append({"code": name, "params": {"percent": round(100 * value)}})
    if signals.pinyin and signals.name_zh < 1:
        chances.append(0.8)
        reasons.append({"code": "pinyin", "params": {}})
    if signals.domain:
        chances.append(0.5)
        reasons.append({"code": "domain", "params": {"domain": signals.domain}})
    against = 1.0
    for chance in chances:
        against *= 1 - chance
    score = 1 - against
    if signals.other_code and not signals.registry:
        score *= 0.4
        reasons.append({"code": "other_code", "params": {}})
    return round(score, 3), reasons


def organisation_part(scheme: str, code: str) -> str:
    """What a registry code says about the organisation alone: empty for none.

    The ninth to seventeenth character of a unified social credit code are the organisation's (GB 32100-2015, GB 11714); the
    eight before name authority, category and place, which change when it is registered anew.
    """
    if not code:
        return ""
    return f"uscc:{code[8:17]}" if scheme == RegistryScheme.USCC else f"{scheme}:{code}"


# ------------------------------------------------------------------------------------------------------ the whole alliance

_STAGE = f"""
CREATE TEMP TABLE IF NOT EXISTS members_twin_stage (
    id bigint PRIMARY KEY, en text, zh text, pinyin text, spoken text, organisation text, scheme text, code text, site text, mail text
) ON COMMIT DROP;
TRUNCATE members_twin_stage;
INSERT INTO members_twin_stage
SELECT id, CASE WHEN name_en <> '' THEN name_key ELSE '' END, name_zh,
       CASE WHEN name_zh <> '' THEN replace(sort_key_zh, ' ', '') ELSE '' END,
       CASE WHEN name_en <> '' THEN replace(name_key, ' ', '') ELSE '' END,
       CASE registry_scheme WHEN 'uscc' THEN 'uscc:' || substr(registry_code, 9, 9) WHEN 'none' THEN ''
            ELSE registry_scheme || ':' || registry_code END,
       registry_scheme, registry_code,
       coalesce(substring(substring(lower(web) FROM '{HOST}') FROM '{REGISTRABLE}'), ''),
       coalesce(substring(substring(lower(contact_email) FROM '@([^@]+)$') FROM '{REGISTRABLE}'), '')
  FROM members_institution
 WHERE alliance_id = %(alliance)s AND state <> %(merged)s;
UPDATE members_twin_stage SET site = '' WHERE site = ANY(%(public)s) OR site ~ '^[0-9.]*$';
UPDATE members_twin_stage SET mail = '' WHERE mail = ANY(%(public)s) OR mail = site;
"""  # noqa: S608 - constants of this program
_INDEX_NAMES = """
CREATE INDEX ON members_twin_stage USING gin (en gin_trgm_ops);
CREATE INDEX ON members_twin_stage USING gin (zh gin_trgm_ops);
ANALYZE members_twin_stage;
SELECT set_config('pg_trgm.similarity_threshold', %(alike)s::text, true);
"""
_BY_KEY = """
WITH keys AS MATERIALIZED (
    SELECT id, 'registry' AS kind, organisation AS value FROM members_twin_stage WHERE organisation <> ''
    UNION ALL SELECT id, 'pinyin', pinyin FROM members_twin_stage WHERE pinyin <> ''
    UNION ALL SELECT id, 'pinyin', spoken FROM members_twin_stage WHERE spoken <> '' AND spoken <> pinyin
    UNION ALL SELECT id, 'domain', site FROM members_twin_stage WHERE site <> ''
    UNION ALL SELECT id, 'domain', mail FROM members_twin_stage WHERE mail <> ''
), common AS (
    SELECT kind, value FROM keys GROUP BY kind, value HAVING count(*) BETWEEN 2 AND %(crowd)s
)
SELECT a.id, b.id, kind, value FROM common JOIN keys a USING (kind, value) JOIN keys b USING (kind, value) WHERE a.id < b.id
"""
_BY_NAME = """
SELECT s.id, o.id, 'name_en', similarity(s.en, o.en)
  FROM members_twin_stage s JOIN members_twin_stage o ON o.en %% s.en AND o.id > s.id
 WHERE s.id = ANY(%(ids)s) AND s.en <> '' AND o.en <> ''
UNION ALL
SELECT s.id, o.id, 'name_zh', similarity(s.zh, o.zh)
  FROM members_twin_stage s JOIN members_twin_stage o ON o.zh %% s.zh AND o.id > s.id
 WHERE s.id = ANY(%(ids)s) AND s.zh <> '' AND o.zh <> ''
"""
_FACTS = """
SELECT a.id, b.id, similarity(a.en, b.en), similarity(a.zh, b.zh),
       a.scheme = b.scheme AND a.scheme <> 'none' AND a.code <> b.code,
       CASE WHEN a.site <> '' AND a.site IN (b.site, b.mail) THEN a.site WHEN a.mail <> '' AND a.mail IN (b.site, b.mail)
            THEN a.mail ELSE '' END
  FROM unnest(%(first)s::bigint[], %(second)s::bigint[]) AS pair(one, two)
  JOIN members_twin_stage a ON a.id = pair.one JOIN members_twin_stage b ON b.id = pair.two
"""


def stage(alliance: Alliance) -> list[int]:
    """Lay the alliance's entries out for comparison until the end of the transaction; their ids in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STAGE,
            {"alliance": alliance.pk, "merged": InstitutionState.MERGED.value, "public": sorted(PUBLIC_DOMAINS)},
        )
        cursor.execute("SELECT id FROM members_twin_stage ORDER BY id")
        return [int(row[0]) for row in cursor.fetchall()]


Pair = tuple[int, int]


def pairs_by_key() -> dict[Pair, Signals]:
    """Pairs of the staged entries that share a register's code, a spoken name or a domain; one statement."""
    found: dict[Pair, Signals] = {}
    with connection.cursor() as cursor:
        cursor.execute(_BY_KEY, {"crowd": CROWD})
        for one, other, kind, value in cursor.fetchall():
            signals = found.setdefault((one, other), Signals())
            if kind == "domain":
                signals.domain = value
            else:
                setattr(signals, kind, True)
    return _complete(found)


def index_names() -> None:
    """Make the staged names searchable by their trigrams."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEX_NAMES, {"alike": SEARCHED})


def pairs_by_name(ids: list[int]) -> dict[Pair, Signals]:
    """Pairs of which the first is one of these and whose names are alike; three statements with :func:`index_names`."""
    found: dict[Pair, Signals] = {}
    with connection.cursor() as cursor:
        cursor.execute(_BY_NAME, {"ids": ids})
        for one, other, kind, value in cursor.fetchall():
            setattr(found.setdefault((one, other), Signals()), kind, float(value))
    return _complete(found)


def _complete(found: dict[Pair, Signals]) -> dict[Pair, Signals]:
    """The same pairs with everything else their entries have in common, so that one road finds the whole likeness."""
    if not found:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"first": [pair[0] for pair in found], "second": [pair[1] for pair in found]})
        for one, other, en, zh, other_code, domain in cursor.fetchall():
            signals = found[one, other]
            signals.name_en, signals.name_zh, signals.other_code = float(en), float(zh), bool(other_code)
            signals.domain = signals.domain or domain
    return found


# --------------------------------------------------------------------------------------------------------------- one entry

_LIKE_ONE = """
SELECT id, en, zh, sound, organisation, other_code FROM (
    SELECT id, CASE WHEN %(en)s <> '' AND name_en <> '' THEN similarity(name_key, %(en)s) ELSE 0 END AS en,
           CASE WHEN %(zh)s <> '' THEN similarity(name_zh, %(zh)s) ELSE 0 END AS zh,
           (name_zh <> '' AND replace(sort_key_zh, ' ', '') = ANY(%(sounds)s))
             OR (%(zh)s <> '' AND name_en <> '' AND replace(name_key, ' ', '') = ANY(%(sounds)s)) AS sound,
           %(code)s <> '' AND registry_scheme = %(scheme)s
             AND CASE registry_scheme WHEN 'uscc' THEN substr(registry_code, 9, 9) = substr(%(code)s, 9, 9)
                      ELSE registry_code = %(code)s END AS organisation,
           %(code)s <> '' AND registry_scheme = %(scheme)s AND registry_code <> %(code)s AS other_code,
           %(domain)s <> '' AND (web ILIKE %(domain_like)s OR contact_email ILIKE %(domain_like)s) AS domain
      FROM members_institution
     WHERE alliance_id = %(alliance)s AND state <> %(merged)s AND id <> %(but)s
  ) found
 WHERE en >= %(alike)s OR zh >= %(alike)s OR sound OR organisation OR domain
 ORDER BY organisation DESC, greatest(en, zh) DESC, id LIMIT 200
"""


def find_twins(
    alliance: Alliance,
    name_en: str = "",
    name_zh: str = "",
    registry: str = "",
    domain: str = "",
    *,
    but: int | None = None,
) -> list[Twin]:
    """Entries that may be the same institution as one described, the likeliest first; three queries.

    For whoever adds an institution or receives an application, before the entry exists or after.

    Args:
        alliance: The tenant.
        name_en: English name.
        name_zh: Chinese name.
        registry: Registry code in any usual form; one that is not valid counts for nothing.
        domain: Domain, web or e-mail address.
        but: Entry to leave aside.

    Returns:
        At most ten entries with a likeness of at least one half.
    """
    scheme, code = parse_registry_code(registry.strip()) or (RegistryScheme.NONE.value, "")
    own = domain_of(domain)
    sounds = {sort_key_of(name, "").replace(" ", "") for name in (name_en, name_zh) if name.strip()}
    values: dict[str, Any] = {
        "alliance": alliance.pk,
        "merged": InstitutionState.MERGED.value,
        "but": but or 0,
        "en": fold_name(name_en) if name_en.strip() else "",
        "zh": name_zh.strip(),
        "sounds": sorted(sounds),
        "scheme": scheme,
        "code": code,
        "domain": own,
        "domain_like": "%" + own.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%",
        "alike": ALIKE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LIKE_ONE, values)
        rows = cursor.fetchall()
    entries = Institution.objects.of(alliance).in_bulk([row[0] for row in rows]) if rows else {}
    sharing = [pk for pk, entry in entries.items() if own and own in {domain_of(entry.web), domain_of(entry.contact_email)}]
    twins = []
    for pk, en, zh, sound, organisation, other_code in rows:
        shared = own if pk in sharing and (len(sharing) < CROWD or max(en, zh) >= ALIKE) else ""
        score, reasons = rate(Signals(float(en), float(zh), bool(sound), bool(organisation), shared, bool(other_code)))
        if score >= FLOOR:
            twins.append(Twin(entries[pk], score, reasons))
    return sorted(twins, key=lambda twin: (-twin.score, twin.institution.pk))[:MOST_TWINS]


def find_twins_of(institution: Institution) -> list[Twin]:
    """Entries that may be the same institution as an entry that is there already."""
    return find_twins(
        institution.alliance,
        institution.name_en,
        institution.name_zh,
        institution.registry_code,
        institution.web or institution.contact_email,
        but=institution.pk,
    )


# ------------------------------------------------------------------------------------------------------------------- pairs


def list_pairs(alliance: Alliance, state: str = DuplicateState.OPEN) -> QuerySet[DuplicatePair]:
    """Pairs in a state with both entries, the likeliest first; one query."""
    return (
        DuplicatePair.objects.of(alliance)
        .filter(state=state)
        .select_related("first", "second", "decided_by")
        .order_by("-score", "-id")
    )


def get_pair(alliance: Alliance, pair_uuid: UUID) -> DuplicatePair:
    """One pair with both entries.

    Raises:
        DuplicatePair.DoesNotExist: The alliance has none of that identifier.
    """
    return DuplicatePair.objects.of(alliance).select_related("first", "second", "decided_by").get(uuid=pair_uuid)


def count_open_pairs(alliance: Alliance) -> int:
    """Pairs that wait for a decision; one query."""
    return DuplicatePair.objects.of(alliance).filter(state=DuplicateState.OPEN).count()


def list_merges(alliance: Alliance) -> QuerySet[InstitutionMerge]:
    """Merges, newest first; one query."""
    return (
        InstitutionMerge.objects.of(alliance)
        .select_related("kept", "absorbed", "merged_by", "undone_by")
        .order_by("-merged_at", "-id")
    )


def get_merge(alliance: Alliance, merge_uuid: UUID) -> InstitutionMerge:
    """One merge with its entries.

    Raises:
        InstitutionMerge.DoesNotExist: The alliance has none of that identifier.
    """
    return list_merges(alliance).get(uuid=merge_uuid)


def can_be_undone(merge: InstitutionMerge, at: datetime) -> bool:
    """Whether the merge stands and its 30 days are not over."""
    return merge.undone_at is None and at < merge.undo_until


@dataclass(slots=True)
class StepCount:
    """What a merge did with one table.

    Attributes:
        label: What the rows are.
        moved: Rows that went over.
        left: Rows that stayed.
    """

    label: StrOrPromise
    moved: int = 0
    left: int = 0


def list_merge_steps(merge: InstitutionMerge) -> list[StepCount]:
    """What a merge did, table by table; one query."""
    labels = {(link.table, link.column): link.label for link in list_links()}
    found: dict[str, StepCount] = {}
    rows = (
        MergeStep.objects.of(merge.alliance)
        .filter(merge=merge)
        .values_list("table", "column", "outcome")
        .annotate(n=Count("id"))
        .order_by("table", "column")
    )
    for table, column, outcome, n in rows:
        step = found.setdefault(table, StepCount(labels.get((table, column), table)))
        if outcome == MergeOutcome.MOVED:
            step.moved += n
        else:
            step.left += n
    return list(found.values())


def list_merges_into(institution: Institution) -> list[InstitutionMerge]:
    """Merges into an entry that stand, newest first; one query."""
    return list(list_merges(institution.alliance).filter(kept=institution, undone_at__isnull=True)[:20])
