"""Imports and exports tables whose rows go in one by one, through the action for one record (features S24).

Every rule of single entry holds for a row of a table too, with the same words. A dry run adds each row inside a savepoint that
is taken back.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import IO, TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.validators import validate_email
from django.db import DataError, IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel import faults, tenancy
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.tables import unguard
from members.actions.expert import ExpertValues, add_expert
from members.choices import ConsentLevel, ExpertState, ImportSubject
from members.models import Expert, ExpertSkill, Institution
from members.selectors.expert import LANGUAGES
from members.selectors.import_subjects import ImportField, RowSubject, row_subjects
from members.selectors.institution_table import UNREADABLE, read_rows
from members.selectors.institution_values import has_control_characters
from members.selectors.names import clean_text, fold_name
from members.selectors.orcid import parse_orcid
from members.selectors.registry_codes import parse_registry_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User
    from members.actions.institution_import import Plan, Tally

ROWS_PER_TRANSACTION = 100
LANGUAGE_KEYS = (("en", "en"), ("zh", "zh-hans"))


class _TakeBackError(Exception):
    """Ends the savepoint of a row that is only tried."""


def import_single_rows(
    alliance: Alliance,
    content: IO[bytes],
    plan: Plan,
    tally: Tally,
    *,
    subject: RowSubject,
    actor: User,
    at: datetime,
    write: bool,
    on_fault: Callable[[int, str, dict[str, Any], list[str]], None] | None = None,
    on_batch: Callable[[int], None] | None = None,
    between: Callable[[Tally], None] | None = None,
) -> Tally:
    """Read a table and add its records one by one (or try them); a hundred rows a transaction.

    Args:
        alliance: The tenant.
        content: The file, opened for bytes.
        plan: How to read it.
        tally: Counts, added to.
        subject: What the rows are.
        actor: Whose permission every row is asked for.
        at: Moment of the act.
        write: Whether to add.
        on_fault: Gets row number, code, parameters and cells of each refused row.
        on_batch: Called inside the batch's transaction with the number added.
        between: Called between transactions with the counts so far; may raise to stop.

    Returns:
        The counts.
    """
    seen: dict[str, int] = {}

    def refuse(number: int, code: str, params: dict[str, Any], cells: list[str]) -> None:
        if code == "duplicate":
            tally.duplicate += 1
        else:
            tally.faulty += 1
        tally.reasons[code] = tally.reasons.get(code, 0) + 1
        if on_fault is not None:
            on_fault(number, code, params, cells)

    def take(number: int, cells: list[str] | None) -> int:
        """One row; 1 when it was added."""
        tally.rows += 1
        if cells is None:
            refuse(number, "malformed", {}, [])
            return 0
        if fault := _unreadable(cells, plan):
            refuse(number, *fault, cells)
            return 0
        values = {name: unguard(cells[index]).strip() for name, index in plan.columns.items()}
        values |= {name: value for name, value in plan.constants.items() if not values.get(name)}
        key = subject.identity(values)
        if key and key in seen:
            refuse(number, "duplicate", {"row": seen[key]}, cells)
            return 0
        if key:
            seen[key] = number
        if subject.is_known(alliance, values):
            tally.known += 1
            return 0
        if words := _attempt(alliance, subject, values, actor=actor, at=at, write=write):
            refuse(number, "refused", words, cells)
            return 0
        tally.good += 1
        return 1

    rows = read_rows(content, plan.encoding, plan.delimiter)
    while True:
        batch = [row for row, _place in zip(rows, range(ROWS_PER_TRANSACTION), strict=False)]
        if not batch:
            return tally
        with tenancy.acting_in(alliance):
            added = sum(take(number, cells) for number, cells in batch)
            faults.point("members.import.rows")
            if on_batch is not None and write:
                on_batch(added)
        if between is not None:
            between(tally)


def _unreadable(cells: list[str], plan: Plan) -> tuple[str, dict[str, Any]] | None:
    if plan.width and len(cells) != plan.width:
        return "columns", {"found": len(cells), "expected": plan.width}
    joined = "".join(cells)
    if UNREADABLE in joined:
        return "unreadable", {}
    if has_control_characters(joined):
        return "control", {}
    return None


def _attempt(
    alliance: Alliance, subject: RowSubject, values: dict[str, str], *, actor: User, at: datetime, write: bool
) -> dict[str, Any]:
    """Add one record, or try to; empty when it went well, else the refusal in both languages."""
    words: dict[str, Any] = {}
    for key, language in LANGUAGE_KEYS:
        with translation.override(language):
            try:
                with transaction.atomic():
                    subject.add(alliance, values, actor, at)
                    if not write:
                        raise _TakeBackError
            except _TakeBackError:
                return {}
            except InvalidInputError as refusal:
                details = " ".join(_with_column(subject, name, str(text)) for name, text in refusal.fields.items())
                words[key] = (details or f"{refusal.reason} {refusal.remedy}").strip()
            except DomainError as refusal:
                words[key] = f"{refusal.reason} {refusal.remedy}".strip()
            except (ObjectDoesNotExist, IntegrityError, DataError):
                words[key] = str(_("The record does not fit what the alliance has."))
            else:
                return {}
    return words


def _with_column(subject: RowSubject, name: str, words: str) -> str:
    """What is wrong, after the column it is about."""
    for field in subject.fields:
        if name == field.name or name in field.headings:
            return f"{field.label}: {words}"
    return words


def read_day(text: str, name: str) -> date | None:
    """A day written as 2026-11-30; None for an empty text.

    Raises:
        InvalidInputError: It is no day.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10].replace("/", "-"))
    except ValueError as error:
        words = _("“%(value)s” is no day; write it as 2026-11-30.") % {"value": text[:30]}
        raise InvalidInputError(words, code="day_invalid", fields={name: words}) from error


def find_institution(alliance: Alliance, text: str) -> Institution:
    """The institution that a cell names: by its code, its registry code, or its whole name in either language.

    One that was merged stands for the entry it was merged into.

    Raises:
        InvalidInputError: None, or more than one of that name.
    """
    entries = Institution.objects.of(alliance).select_related("merged_into")
    found = list(entries.filter(code=text)[:2]) if text else []
    if not found and text and (parsed := parse_registry_code(text)) and parsed[1]:
        found = list(entries.filter(registry_scheme=parsed[0], registry_code=parsed[1])[:2])
    if not found and text:
        found = list(entries.filter(name_key=fold_name(text))[:2]) or list(entries.filter(name_zh=clean_text(text))[:2])
    found = list({entry.pk: entry for entry in (row.merged_into or row for row in found)}.values())
    if len(found) == 1:
        return found[0]
    words: StrOrPromise
    if not text:
        words = _("The institution is missing.")
    elif found:
        words = _("More than one institution is called “%(value)s”; give its code.") % {"value": text[:60]}
    else:
        words = _("The alliance has no institution “%(value)s”; give its code, registry code or whole name.") % {
            "value": text[:60]
        }
    raise InvalidInputError(words, code="institution_unknown", fields={"institution": words})


# ---------------------------------------------------------------------------------------------------------------- experts

_CONSENT_WORDS: dict[str, str] = {
    "public": ConsentLevel.PUBLIC,
    "everybody": ConsentLevel.PUBLIC,
    "公开": ConsentLevel.PUBLIC,
    "所有人": ConsentLevel.PUBLIC,
    "members_only": ConsentLevel.MEMBERS_ONLY,
    "members only": ConsentLevel.MEMBERS_ONLY,
    "members": ConsentLevel.MEMBERS_ONLY,
    "仅成员": ConsentLevel.MEMBERS_ONLY,
    "仅限成员": ConsentLevel.MEMBERS_ONLY,
    "none": ConsentLevel.NONE,
    "nobody": ConsentLevel.NONE,
    "no": ConsentLevel.NONE,
    "无": ConsentLevel.NONE,
    "不公开": ConsentLevel.NONE,
    "": ConsentLevel.NONE,
}
"""What a cell about consent means; nothing said means that nobody agreed to anything."""


def _expert_identity(values: dict[str, str]) -> str:
    if orcid := parse_orcid(values.get("orcid", "")):
        return f"orcid:{orcid}"
    return "|".join(fold_name(values.get(name, "")) for name in ("institution", "name_en", "name_zh"))


def _is_expert_known(alliance: Alliance, values: dict[str, str]) -> bool:
    experts = Expert.objects.of(alliance)
    if (orcid := parse_orcid(values.get("orcid", ""))) and experts.filter(orcid=orcid).exists():
        return True
    try:
        institution = find_institution(alliance, values.get("institution", ""))
    except InvalidInputError:
        return False
    names = {name: clean_text(values.get(name, "")) for name in ("name_en", "name_zh")}
    if not any(names.values()):
        return False
    # Two people of one name and institution with two ORCID iDs are two people.
    return experts.filter(institution=institution, **names, **({"orcid": ""} if orcid else {})).exists()


def _list_of(text: str) -> list[str]:
    return [part.strip() for part in text.replace("；", ";").replace("\n", ";").split(";")] if text else []


def _add_expert_row(alliance: Alliance, values: dict[str, str], actor: User, at: datetime) -> Expert:
    problems: dict[str, StrOrPromise] = {}
    institution = find_institution(alliance, values.get("institution", ""))
    consent = _CONSENT_WORDS.get(values.get("consent", "").strip().lower())
    if consent is None:
        problems["consent"] = _("Consent is one of: public, members_only, none.")
    days: Decimal | None = None
    if text := values.get("days_per_month", ""):
        try:
            days = Decimal(text)
        except InvalidOperation:
            problems["days_per_month"] = _("Give a figure from 0 to 31.")
    if email := values.get("email", ""):
        try:
            validate_email(email)
        except ValidationError:
            problems["email"] = _("“%(value)s” is not an e-mail address.") % {"value": email[:60]}
    for name, most in (("name_en", 120), ("name_zh", 120), ("title_en", 160), ("title_zh", 160)):
        if len(values.get(name, "")) > most:
            problems[name] = _("At most %(most)s characters are possible.") % {"most": most}
    if problems:
        raise InvalidInputError(_("The entry cannot be kept as it stands."), code="expert_invalid", fields=problems)
    english, chinese = _list_of(values.get("skills_en", "")), _list_of(values.get("skills_zh", ""))
    most = max(len(english), len(chinese))
    pairs = [
        (english[place] if place < len(english) else "", chinese[place] if place < len(chinese) else "")
        for place in range(most)
    ]
    return add_expert(
        alliance,
        institution.code,
        ExpertValues(
            name_en=values.get("name_en", ""),
            name_zh=values.get("name_zh", ""),
            title_en=values.get("title_en", ""),
            title_zh=values.get("title_zh", ""),
            email=email,
            orcid=values.get("orcid", ""),
            skills=pairs,
            languages=[code for code in _list_of(values.get("languages", "")) if code],
            days_per_month=days,
            available_from=read_day(values.get("available_from", ""), "available_from"),
            available_until=read_day(values.get("available_until", ""), "available_until"),
            outputs_en="\n".join(_list_of(values.get("outputs_en", ""))),
            outputs_zh="\n".join(_list_of(values.get("outputs_zh", ""))),
        ),
        consent=consent or ConsentLevel.NONE,
        actor=actor,
        at=at,
    )


def _export_experts(alliance: Alliance, _reader: Any) -> list[list[Any]]:
    experts = (
        Expert.objects.of(alliance).filter(state=ExpertState.ACTIVE).select_related("institution").order_by("sort_key", "id")
    )
    skills: dict[int, list[ExpertSkill]] = {}
    for skill in ExpertSkill.objects.of(alliance).order_by("expert_id", "position"):
        skills.setdefault(skill.expert_id, []).append(skill)
    rows: list[list[Any]] = []
    for item in experts:
        own = skills.get(item.pk, [])
        rows.append(
            [
                item.institution.code,
                item.name_en,
                item.name_zh,
                item.title_en,
                item.title_zh,
                item.email,
                item.orcid,
                "; ".join(skill.name_en for skill in own) if any(skill.name_en for skill in own) else "",
                "; ".join(skill.name_zh for skill in own) if any(skill.name_zh for skill in own) else "",
                "; ".join(item.languages),
                str(item.days_per_month) if item.days_per_month is not None else "",
                item.available_from,
                item.available_until,
                "; ".join(item.outputs_en.splitlines()),
                "; ".join(item.outputs_zh.splitlines()),
                item.consent,
            ]
        )
    return rows


EXPERTS = row_subjects.register(
    ImportSubject.EXPERTS,
    RowSubject(
        name=ImportSubject.EXPERTS,
        fields=(
            ImportField(
                "institution",
                _("Institution"),
                ("institution code", "organisation", "机构", "所属机构", "单位"),
                _("Its code, registry code or whole name."),
            ),
            ImportField("name_en", _("Name in English"), ("name", "english name", "英文姓名")),
            ImportField("name_zh", pgettext_lazy("person", "Name in Chinese"), ("chinese name", "姓名", "中文姓名")),
            ImportField("title_en", _("Title in English"), ("title", "position")),
            ImportField("title_zh", _("Title in Chinese"), ("职称", "职务")),
            ImportField("email", _("E-mail"), ("e-mail", "mail", "邮箱", "电子邮箱")),
            ImportField("orcid", _("ORCID iD"), ("orcid id",)),
            ImportField("skills_en", _("Skills in English"), ("skills",), _("Separated by semicolons.")),
            ImportField(
                "skills_zh", _("Skills in Chinese"), ("技能", "专长"), _("Separated by semicolons, in the same order.")
            ),
            ImportField(
                "languages",
                _("Languages"),
                ("语言",),
                _("Codes separated by semicolons: %(codes)s.") % {"codes": ", ".join(LANGUAGES)},
            ),
            ImportField("days_per_month", _("Days a month"), ("days", "每月天数")),
            ImportField("available_from", _("Available from"), ("起始日期",)),
            ImportField("available_until", _("Available until"), ("截止日期",)),
            ImportField("outputs_en", _("Outputs in English"), ("outputs",), _("Separated by semicolons.")),
            ImportField("outputs_zh", _("Outputs in Chinese"), ("成果",), _("Separated by semicolons.")),
            ImportField(
                "consent",
                _("Consent"),
                ("consent level", "授权", "同意"),
                _("public, members_only or none, as the expert said; without a column, nobody outside sees the entry."),
            ),
        ),
        required=(("institution",), ("name_en", "name_zh"), ("skills_en", "skills_zh")),
        identity=_expert_identity,
        is_known=_is_expert_known,
        add=_add_expert_row,
        export=_export_experts,
        done_url="expert_list",
    ),
)
