"""What an amendment may not touch, and what its end or its seal does to the contract that it changes.

Whoever calls these holds the lock of both rows: that of the contract first, then that of the amendment
(:func:`services.actions.contract.lock_contract` takes them in that order).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from services.models import ContractTerms
from services.selectors.amendment import (
    altered_milestones,
    begun_milestones,
    renamed_milestones,
    settled_milestones,
)
from services.signals import CONTRACT_AMENDED, CONTRACT_AMENDMENT_DROPPED
from services.transitions import DROP_AMENDMENT, PUT_AMENDMENT_IN_EFFECT

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import User
    from services.models import Contract


def require_amendable(amendment: Contract, content: dict[str, Any], sha256: str) -> None:
    """Refuse a text that changes nothing, or that changes what was accepted or paid.

    Raises:
        DomainError: ``amendment_changes_nothing``.
        InvalidInputError: ``milestone_settled``, ``milestone_begun``, naming the milestones.
    """
    main = amendment.amends
    if main is None or main.in_effect is None:
        return
    first = ContractTerms.objects.of(amendment.alliance).filter(contract=amendment, number=1).first()
    if first is not None and first.sha256 == sha256:
        raise DomainError(
            _("This is the text in effect; an amendment must change something."),
            code="amendment_changes_nothing",
            remedy=_("Propose the terms as they shall read, or decline the amendment."),
        )
    touched = altered_milestones(main.in_effect.content, content) & settled_milestones(main)
    if touched:
        words = _(
            "Accepted or paid already, so it must stay with its number, text and amount: milestone %(numbers)s. "
            "A milestone with an earlier day moves the numbers of those after it."
        ) % {"numbers": ", ".join(str(number) for number in sorted(touched))}
        raise InvalidInputError(
            words,
            code="milestone_settled",
            fields={"milestones": words},
            details={"milestones": sorted(touched)},
        )
    lost = renamed_milestones(main.in_effect.content, content) & begun_milestones(main)
    if lost:
        words = _(
            "Something was handed over for it, so it must stay with its number and title: milestone %(numbers)s. "
            "A milestone with an earlier day moves the numbers of those after it."
        ) % {"numbers": ", ".join(str(number) for number in sorted(lost))}
        raise InvalidInputError(
            words, code="milestone_begun", fields={"milestones": words}, details={"milestones": sorted(lost)}
        )


def put_in_effect(amendment: Contract, sha256: str, *, at: datetime) -> None:
    """The amendment is sealed: its terms bind from now on, and the contract is in force again.

    Args:
        amendment: The amendment, sealed in this transaction.
        sha256: Digest of the sealed file.
        at: Now.

    Raises:
        TransitionRefusedError: The contract is not being amended.
    """
    main, terms = amendment.amends, amendment.frozen
    if main is None or terms is None:
        return
    PUT_AMENDMENT_IN_EFFECT.check(main.state)
    before = main.in_effect
    state = main.state
    main.state, main.in_effect = PUT_AMENDMENT_IN_EFFECT.target, terms
    main.title_en, main.title_zh = terms.content["title_en"], terms.content["title_zh"]
    main.save(update_fields=["state", "in_effect", "title_en", "title_zh"])
    record_audit(
        main,
        actor=None,
        verb=PUT_AMENDMENT_IN_EFFECT.name,
        before={"state": state, "terms_sha256": before.sha256 if before else ""},
        after={"state": main.state, "amendment": amendment.code, "terms_sha256": terms.sha256},
        at=at,
    )
    emit(amendment.alliance, CONTRACT_AMENDED, {"contract": main.code, "amendment": amendment.code, "sha256": sha256})


def go_on_without(amendment: Contract, *, actor: User | None, at: datetime) -> None:
    """The amendment is dropped: the contract goes on under the terms in effect.

    Raises:
        TransitionRefusedError: The contract is not being amended.
    """
    main = amendment.amends
    if main is None:
        return
    DROP_AMENDMENT.check(main.state)
    before = main.state
    main.state = DROP_AMENDMENT.target
    main.save(update_fields=["state"])
    record_audit(
        main,
        actor=actor,
        verb=DROP_AMENDMENT.name,
        before={"state": before},
        after={"state": main.state, "amendment": amendment.code},
        at=at,
    )
    emit(
        amendment.alliance,
        CONTRACT_AMENDMENT_DROPPED,
        {"contract": main.code, "amendment": amendment.code, "state": amendment.state},
    )
