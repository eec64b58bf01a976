"""Begins an amendment to a contract in force.

An amendment is a contract of its own row (``Contract.amends``) and goes the same way as its contract did: versions of the terms,
agreement of all three, signing in order, seal. The work goes on meanwhile under the terms in effect.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from groups.actions.conflict import require_no_conflict, screen_matter
from services.actions.contract import acting_for, lock_contract, name_usual_people, party_of
from services.actions.contract_announce import AMENDMENT_STARTED, tell_parties
from services.choices import ContractState
from services.contract_text import amendment_content, clean, digest
from services.models import Contract, ContractParty, ContractSignatory, ContractTerms
from services.permissions import AGREE_TERMS_PERMISSION
from services.selectors.contract import eligible_people
from services.signals import CONTRACT_AMENDMENT_STARTED
from services.transitions import AMEND_CONTRACT

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

LONGEST_WORDS = 300


@transaction.atomic
def start_amendment(alliance: Alliance, code: str, *, role: str, words: str, actor: User, at: datetime) -> Contract:
    """Begin an amendment; its first version is the text in effect, which the next ones are compared with.

    Args:
        alliance: The tenant.
        code: The contract in force.
        role: For which party.
        words: What shall change and why, at most 300 characters.
        actor: The party's representative or a signatory; the desk for the alliance.
        at: Now.

    Returns:
        The amendment, being negotiated; its code is that of the contract with ``-A`` and a number.

    Raises:
        NotFoundError: There is no such contract, or it is an amendment itself.
        PermissionRefusedError: Not of this party.
        ConflictOfInterestError: The actor's institution stands aside.
        TransitionRefusedError: The contract is not in force: being amended already, suspended, or over.
        InvalidInputError: Nothing was said about what shall change.
    """
    main = lock_contract(alliance, code)
    if main.amends_id is not None:
        raise NotFoundError
    party = party_of(main, role)
    require(actor, AGREE_TERMS_PERMISSION, party)
    screen_matter(alliance, main.matter, at=at)
    require_no_conflict(alliance, acting_for(party, actor), main.matter)
    AMEND_CONTRACT.check(main.state)
    said = clean(words)
    if not said or len(said) > LONGEST_WORDS:
        text: Any = (
            _("Say what shall change and why.")
            if not said
            else _("This is longer than %(most)s characters.") % {"most": LONGEST_WORDS}
        )
        raise InvalidInputError(text, code="words_invalid", fields={"words": text})
    if main.in_effect is None:  # a constraint of the database keeps that from happening
        raise NotFoundError
    number = Contract.objects.of(alliance).filter(amends=main).count() + 1
    content = amendment_content(main.in_effect.content, main.in_effect.sha256, main=main.code, number=number)
    amendment = Contract.objects.create(
        alliance=alliance,
        code=content["contract"],
        title_en=content["title_en"],
        title_zh=content["title_zh"],
        state=ContractState.NEGOTIATING,
        amends=main,
        demand=main.demand,
        supply=main.supply,
        template_key=content["template"]["key"],
        template_version=content["template"]["version"],
        verify_code=secrets.token_hex(10),
        made_by=actor,
        made_at=at,
    )
    _copy_parties(main, amendment, actor=actor, at=at)
    ContractTerms.objects.create(
        alliance=alliance,
        contract=amendment,
        number=1,
        content=content,
        sha256=digest(content),
        note=said,
        role=role,
        proposed_by=actor,
        proposed_at=at,
    )
    before = main.state
    main.state = AMEND_CONTRACT.target
    main.save(update_fields=["state"])
    record_audit(
        main,
        actor=actor,
        verb=AMEND_CONTRACT.name,
        before={"state": before},
        after={"state": main.state, "amendment": amendment.code, "role": role},
        personal={"words": said},
        at=at,
    )
    record_audit(
        amendment,
        actor=actor,
        verb=AMEND_CONTRACT.name,
        after={"code": amendment.code, "state": amendment.state, "terms_sha256": main.in_effect.sha256, "role": role},
        at=at,
    )
    emit(alliance, CONTRACT_AMENDMENT_STARTED, {"contract": main.code, "amendment": amendment.code})
    tell_parties(amendment, AMENDMENT_STARTED, f"contract_amendment:{amendment.code}", at=at, besides=actor, main=main.code)
    return amendment


def _copy_parties(main: Contract, amendment: Contract, *, actor: User, at: datetime) -> None:
    """The same parties in the same order; of the people who sign those who still may, where nobody is left the usual ones."""
    present: dict[int, list[User]] = {}
    rows = ContractSignatory.objects.of(main.alliance).filter(contract=main, ended_at__isnull=True).select_related("user")
    for row in rows.order_by("named_at", "pk"):
        present.setdefault(row.party_id, []).append(row.user)
    for party in main.parties.select_related("institution").order_by("place"):
        copy = ContractParty.objects.create(
            alliance=main.alliance,
            contract=amendment,
            role=party.role,
            institution=party.institution,
            place=party.place,
            needed=party.needed,
        )
        able = {user.pk for user in eligible_people(main.alliance, copy, at)}
        still = [user for user in present.get(party.pk, []) if user.pk in able]
        for user in still:
            ContractSignatory.objects.create(
                alliance=main.alliance, contract=amendment, party=copy, user=user, named_by=actor, named_at=at
            )
        if not still:
            name_usual_people(amendment, copy, actor=actor, at=at)
