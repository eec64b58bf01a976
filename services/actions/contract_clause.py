"""Versions of clauses and templates: proposed by one person of the office, put in use by a second one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.texts import Text, texts
from alliance.kernel.turns import take_turns
from services.choices import ClauseState
from services.contract_text import check_clause, clean
from services.models import ClauseVersion, ContractTemplate
from services.permissions import DECIDE_CLAUSES, MANAGE_CLAUSES
from services.selectors.clause import clauses_in_force, templates_in_force
from services.signals import CLAUSES_CHANGED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from alliance.models import Alliance, User

KEY: Final = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
NEEDED: Final = frozenset({"milestones", "no-payment-before-acceptance", "electronic-signature", "effect"})
"""Clauses that the platform itself keeps to, so that no contract goes without them."""
CLAUSE_WAITS = "services.clause_waits"
texts.register(
    CLAUSE_WAITS,
    Text(
        title=_("Decide as second person: version %(version)s of “%(title)s”"),
        body=_("A colleague proposes another text for contracts. It is used once a second person agrees."),
        verb=_("Compare and decide"),
        icon="file-text",
    ),
)


def _clean_head(title_en: str, title_zh: str, note: str, *, is_new: bool) -> tuple[str, str, str]:
    english, chinese, words = clean(title_en), clean(title_zh), clean(note)
    errors: dict[str, Any] = {}
    for name, text in (("title_en", english), ("title_zh", chinese)):
        if not text:
            errors[name] = _("Write the title in both languages.")
        elif len(text) > 200:
            errors[name] = _("This is longer than %(most)s characters.") % {"most": 200}
    if not words and not is_new:
        errors["note"] = _("Say what you changed and why.")
    elif len(words) > 300:
        errors["note"] = _("This is longer than %(most)s characters.") % {"most": 300}
    if errors:
        raise InvalidInputError(_("The text is not complete."), code="clause_invalid", fields=errors)
    return english, chinese, words


def _check_key(key: str) -> None:
    if not KEY.fullmatch(key):
        words = _("A key has 3 to 40 small letters, digits and hyphens, and begins with a letter.")
        raise InvalidInputError(words, code="key_invalid", fields={"key": words})


def _next_version(rows: Any, in_use: int, base: int) -> int:
    """The number of the next version.

    Raises:
        DomainError: ``edit_conflict``, ``proposed_already``.
    """
    if rows.filter(state=ClauseState.PROPOSED).exists():
        raise DomainError(
            _("Another version waits for a second person."),
            code="proposed_already",
            remedy=_("Have it decided first."),
        )
    if in_use != base:
        raise DomainError(
            _("Someone else changed this text meanwhile; version %(version)s is in use now.") % {"version": in_use},
            code="edit_conflict",
            remedy=_("Compare both versions, then propose again."),
            details={"version": in_use},
        )
    last: int = rows.order_by("-version").values_list("version", flat=True).first() or 0
    return last + 1


@transaction.atomic
def propose_clause(
    alliance: Alliance,
    key: str,
    *,
    title_en: str,
    title_zh: str,
    body_en: str,
    body_zh: str,
    note: str,
    base: int,
    actor: User,
    at: datetime,
) -> ClauseVersion:
    """Propose the next version of a clause, or a new clause.

    Args:
        alliance: The tenant.
        key: Key of the clause.
        title_en: Title.
        title_zh: The same in Chinese.
        body_en: Text with placeholders.
        body_zh: The same in Chinese.
        note: What changed and why; may be empty for a new clause.
        base: Version in use that the actor started from; -1 for a new clause.
        actor: Somebody of the office.
        at: Now.

    Raises:
        PermissionRefusedError: Not of the office.
        InvalidInputError: Incomplete, unknown placeholders, or nothing changed.
        DomainError: ``edit_conflict``, ``proposed_already``.
    """
    require(actor, MANAGE_CLAUSES, alliance)
    _check_key(key)
    take_turns(alliance, f"clause:{key}")
    present = clauses_in_force(alliance).get(key)
    english, chinese, words = _clean_head(title_en, title_zh, note, is_new=present is None)
    body_en, body_zh = clean(body_en), clean(body_zh)
    check_clause(body_en, body_zh)
    number = _next_version(ClauseVersion.objects.of(alliance).filter(key=key), present.version if present else -1, base)
    if present is not None and (present.title_en, present.title_zh, present.body_en, present.body_zh) == (
        english,
        chinese,
        body_en,
        body_zh,
    ):
        raise InvalidInputError(_("Nothing was changed, so no new version was made."), code="nothing_changed")
    row = ClauseVersion.objects.create(
        alliance=alliance,
        key=key,
        version=number,
        title_en=english,
        title_zh=chinese,
        body_en=body_en,
        body_zh=body_zh,
        note=words,
        made_by=actor,
        made_at=at,
    )
    record_audit(
        row,
        actor=actor,
        verb="propose_clause",
        before={"version": base},
        after={"key": key, "version": number},
        personal={"body_en": body_en, "body_zh": body_zh, **({"note": words} if words else {})},
        at=at,
    )
    _ask(alliance, "clause_detail", f"clause:{key}", english, chinese, key, number, at=at)
    return row


def _ask(
    alliance: Alliance, url_name: str, prefix: str, title_en: str, title_zh: str, key: str, number: int, *, at: datetime
) -> None:
    inbox.ask(
        alliance,
        CLAUSE_WAITS,
        f"{prefix}:{number}",
        inbox.office(),
        params={"title_en": title_en, "title_zh": title_zh, "version": number},
        url_name=url_name,
        url_kwargs={"key": key},
        at=at,
    )


@transaction.atomic
def propose_template(
    alliance: Alliance,
    key: str,
    *,
    title_en: str,
    title_zh: str,
    articles: Sequence[tuple[str, str, Sequence[str]]],
    note: str,
    base: int,
    actor: User,
    at: datetime,
) -> ContractTemplate:
    """Propose the next version of a template, or a new one.

    Args:
        alliance: The tenant.
        key: Key of the template.
        title_en: Title.
        title_zh: The same in Chinese.
        articles: Headings in both languages and keys of the clauses, in order.
        note: What changed and why; may be empty for a new template.
        base: Version in use that the actor started from; -1 for a new template.
        actor: Somebody of the office.
        at: Now.

    Raises:
        PermissionRefusedError: Not of the office.
        InvalidInputError: Incomplete, an unknown clause, a clause twice, or one missing that every contract needs.
        DomainError: ``edit_conflict``, ``proposed_already``.
    """
    require(actor, MANAGE_CLAUSES, alliance)
    _check_key(key)
    take_turns(alliance, f"contract-template:{key}")
    present = templates_in_force(alliance).get(key)
    english, chinese, words = _clean_head(title_en, title_zh, note, is_new=present is None)
    _check_articles(alliance, articles)
    number = _next_version(ContractTemplate.objects.of(alliance).filter(key=key), present.version if present else -1, base)
    wanted = [{"title_en": clean(en), "title_zh": clean(zh), "clauses": list(keys)} for en, zh, keys in articles]
    row = ContractTemplate.objects.create(
        alliance=alliance,
        key=key,
        version=number,
        title_en=english,
        title_zh=chinese,
        articles=wanted,
        note=words,
        made_by=actor,
        made_at=at,
    )
    record_audit(
        row,
        actor=actor,
        verb="propose_contract_template",
        before={"version": base},
        after={"key": key, "version": number, "clauses": [one["clauses"] for one in wanted]},
        personal={"note": words} if words else None,
        at=at,
    )
    _ask(alliance, "contract_template_detail", f"contract-template:{key}", english, chinese, key, number, at=at)
    return row


def _check_articles(alliance: Alliance, articles: Sequence[tuple[str, str, Sequence[str]]]) -> None:
    known = set(clauses_in_force(alliance))
    error: Any = ""
    used: list[str] = [one for _en, _zh, keys in articles for one in keys]
    if not articles:
        error = _("Write one article at least.")
    elif any(not clean(en) or not clean(zh) or len(en) > 200 or len(zh) > 200 for en, zh, _keys in articles):
        error = _("Each article needs a heading in both languages, of 200 characters at most.")
    elif any(not keys for _en, _zh, keys in articles):
        error = _("Each article needs one clause at least.")
    elif unknown := sorted(set(used) - known):
        error = _("There is no such clause: %(names)s.") % {"names": ", ".join(unknown)}
    elif twice := sorted({one for one in used if used.count(one) > 1}):
        error = _("These clauses stand in the template twice: %(names)s.") % {"names": ", ".join(twice)}
    else:
        missing = sorted(NEEDED - set(used))
        if missing:
            error = _("Every contract needs these clauses: %(names)s.") % {"names": ", ".join(missing)}
    if error:
        raise InvalidInputError(error, code="articles_invalid", fields={"articles": error})


@transaction.atomic
def decide_clause(alliance: Alliance, key: str, version: int, *, accept: bool, actor: User, at: datetime) -> ClauseVersion:
    """Put a proposed version of a clause in use, or refuse it; contracts under way keep the text they have.

    Args:
        alliance: The tenant.
        key: Key of the clause.
        version: The proposed version.
        accept: Whether it comes in use.
        actor: Somebody of the office or the committee who did not propose it.
        at: Now.

    Raises:
        NotFoundError: There is none.
        SeparationOfDutiesError: The actor proposed it.
        DomainError: ``decided_already``.
    """
    take_turns(alliance, f"clause:{key}")
    row: ClauseVersion = _decide(
        alliance, ClauseVersion.objects.of(alliance).filter(key=key), version, accept=accept, actor=actor, at=at
    )
    inbox.settle(alliance, f"clause:{key}:{version}", by=actor, at=at)
    return row


@transaction.atomic
def decide_template(
    alliance: Alliance, key: str, version: int, *, accept: bool, actor: User, at: datetime
) -> ContractTemplate:
    """Put a proposed version of a template in use, or refuse it; as :func:`decide_clause`.

    Args:
        alliance: The tenant.
        key: Key of the template.
        version: The proposed version.
        accept: Whether it comes in use.
        actor: Somebody of the office or the committee who did not propose it.
        at: Now.

    Raises:
        NotFoundError: There is none.
        SeparationOfDutiesError: The actor proposed it.
        DomainError: ``decided_already``.
    """
    take_turns(alliance, f"contract-template:{key}")
    row: ContractTemplate = _decide(
        alliance, ContractTemplate.objects.of(alliance).filter(key=key), version, accept=accept, actor=actor, at=at
    )
    inbox.settle(alliance, f"contract-template:{key}:{version}", by=actor, at=at)
    return row


def _decide(alliance: Alliance, rows: Any, version: int, *, accept: bool, actor: User, at: datetime) -> Any:
    row = rows.select_for_update(of=("self",)).filter(version=version).first()
    if row is None:
        raise NotFoundError
    require(actor, DECIDE_CLAUSES, alliance)
    if row.made_by_id == actor.pk:
        raise SeparationOfDutiesError(
            _("You proposed this version, so somebody else decides on it."),
            who=[_("another person of the office or the committee")],
        )
    if row.state != ClauseState.PROPOSED:
        raise DomainError(_("This version was decided on already."), code="decided_already")
    if accept:
        rows.filter(state=ClauseState.IN_FORCE).update(state=ClauseState.REPLACED)
    row.state = ClauseState.IN_FORCE if accept else ClauseState.REFUSED
    row.decided_by, row.decided_at = actor, at
    row.save(update_fields=["state", "decided_by", "decided_at"])
    record_audit(
        row,
        actor=actor,
        verb="put_clause_in_use" if accept else "refuse_clause",
        before={"state": ClauseState.PROPOSED},
        after={"key": row.key, "version": version, "state": row.state},
        at=at,
    )
    if accept:
        emit(alliance, CLAUSES_CHANGED, {"key": row.key, "version": version})
    return row
