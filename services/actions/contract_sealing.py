"""Seals a contract that was signed by all: sets the document, puts the alliance's seal on it, keeps it. Exactly once.

Three steps, only the last of which writes: the facts are read in one short transaction; the document is made and sealed outside
any (a time-stamp authority may be asked over the network); then one transaction keeps the file, the seal's row and the new state
together. A process that dies anywhere leaves a contract that waits for its seal, and the next run begins anew; of two that run
at once the second finds the row's state changed and drops its work.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from alliance.actions.audit import record_audit
from alliance.actions.files import store_produced
from alliance.actions.sealing import seal_soon
from alliance.kernel import faults, tenancy
from alliance.kernel.addresses import absolute_url
from alliance.kernel.events import emit
from alliance.selectors.audit import latest_head
from services import seals
from services.actions.amendment_effect import put_in_effect
from services.actions.contract import lock_contract
from services.actions.contract_announce import AMENDMENT_SEALED, SEALED, settle_everything, tell_parties
from services.choices import ContractState
from services.contract_pdf import Evidence, Signed, compose
from services.models import Contract, ContractSeal, ContractSignature
from services.models.contract import main_code
from services.permissions import VIEW_CONTRACT
from services.selectors.contract import ROLE_ORDER
from services.signals import CONTRACT_IN_FORCE
from services.transitions import SEAL_CONTRACT

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, StoredFile

PURPOSE = "services.contract"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything the document needs.

    Attributes:
        terms_id: Primary key of the frozen terms.
        log_size: Entries under the head of the audit log that is printed.
    """

    code: str
    terms_id: int
    content: dict[str, Any]
    evidence: Evidence
    log_size: int


def seal_contract(alliance: Alliance, contract_id: int, *, at: datetime) -> bool:
    """Seal one contract; call it outside a transaction.

    Args:
        alliance: The tenant.
        contract_id: A contract that was signed by all.
        at: Now.

    Returns:
        Whether it was sealed now; False when it does not wait for a seal (any more).
    """
    with tenancy.acting_in(alliance):
        prepared = prepare(alliance, contract_id, at=at)
    if prepared is None:
        return False
    document = compose(prepared.content, prepared.evidence)
    faults.point("contract.composed")
    seal = seals.seal_of(alliance.slug, alliance.name_en, alliance.name_zh, at=at)
    stamper = seals.time_stamper()
    sealed = seals.apply(
        document,
        seal,
        reason=f"{prepared.code}: signed by all parties",
        name=alliance.name_en or alliance.name_zh,
        stamper=stamper,
    )
    faults.point("contract.sealed")
    with tenancy.acting_in(alliance):
        kept = keep_seal(alliance, prepared, sealed, seal, time_stamped=stamper is not None, at=at)
        faults.point("contract.kept")
    faults.point("contract.committed")
    return kept


def prepare(alliance: Alliance, contract_id: int, *, at: datetime) -> Prepared | None:
    """What the document of a contract needs; None when it does not wait for its seal. Five queries."""
    contract = (
        Contract.objects.of(alliance).select_related("frozen").filter(pk=contract_id, state=ContractState.SEALING).first()
    )
    if contract is None or contract.frozen is None or contract.opened_at is None or contract.signed_at is None:
        return None
    rows = (
        ContractSignature.objects.of(alliance).filter(contract=contract).select_related("user", "party").order_by("at", "id")
    )
    head = latest_head(alliance)
    evidence = Evidence(
        code=contract.code,
        version=contract.frozen.number,
        sha256=contract.frozen.sha256,
        verify_code=contract.verify_code,
        verify_url=absolute_url(alliance, "contract_verify", {"verify_code": contract.verify_code}),
        alliance_en=alliance.name_en,
        alliance_zh=alliance.name_zh,
        alliance_slug=alliance.slug,
        opened_at=contract.opened_at,
        sign_until=contract.sign_until.isoformat() if contract.sign_until else "",
        signed_at=contract.signed_at,
        sealed_at=at,
        log_head=head.note.strip() if head else "",
        signatures=tuple(
            Signed(
                role=row.party.role,
                place=row.place,
                slot=row.slot,
                needed=row.party.needed,
                name_en=row.user.name_en,
                name_zh=row.user.name_zh,
                at=row.at,
                authenticated_at=row.authenticated_at,
                methods=row.methods,
                person=str(row.user.uuid),
            )
            for row in sorted(rows, key=lambda one: (one.place, one.slot, ROLE_ORDER[one.party.role]))
        ),
        amends=main_code(contract.code) if contract.amends_id is not None else "",
    )
    return Prepared(contract.code, contract.frozen.pk, contract.frozen.content, evidence, head.size if head else 0)


@transaction.atomic
def keep_seal(
    alliance: Alliance,
    prepared: Prepared,
    document: bytes,
    seal: seals.Seal,
    *,
    time_stamped: bool,
    at: datetime,
) -> bool:
    """Keep the sealed document and put the contract in force; all of it or nothing.

    Of an amendment: put its terms in effect for the contract that it changes.

    Returns:
        Whether it was kept; False when another worker was faster.
    """
    contract = lock_contract(alliance, prepared.code)
    if contract.state != ContractState.SEALING or contract.frozen_id != prepared.terms_id:
        return False
    SEAL_CONTRACT.check(contract.state)
    stored = store_produced(
        alliance,
        document,
        name=f"{contract.code}-v{prepared.evidence.version}.pdf",
        media_type="application/pdf",
        purpose=PURPOSE,
        actor=None,
        permission=VIEW_CONTRACT,
    )
    faults.point("contract.stored")
    row = ContractSeal.objects.create(
        alliance=alliance,
        contract=contract,
        terms_id=prepared.terms_id,
        file=stored,
        sha256=hashlib.sha256(document).hexdigest(),
        certificate_sha256=seal.fingerprint,
        certificate=seal.pem,
        time_stamped=time_stamped,
        log_size=prepared.log_size,
        at=at,
    )
    contract.state, contract.in_effect_id = SEAL_CONTRACT.target, prepared.terms_id
    contract.save(update_fields=["state", "in_effect"])
    record_audit(
        contract,
        actor=None,
        verb=SEAL_CONTRACT.name,
        before={"state": ContractState.SEALING},
        after={
            "state": contract.state,
            "file": stored.uuid,
            "sha256": row.sha256,
            "certificate_sha256": row.certificate_sha256,
            "terms_sha256": prepared.evidence.sha256,
        },
        at=at,
    )
    settle_everything(contract, by=None, at=at)
    if contract.amends is not None:
        put_in_effect(contract, row.sha256, at=at)
        main = contract.amends.code
        tell_parties(contract, AMENDMENT_SEALED, f"contract_sealed:{contract.code}", at=at, main=main)
        seal_soon(alliance)
        return True
    emit(
        alliance,
        CONTRACT_IN_FORCE,
        {
            "contract": contract.code,
            "match": contract.match.code if contract.match else "",
            "sha256": row.sha256,
        },
    )
    tell_parties(contract, SEALED, f"contract_sealed:{contract.code}", at=at)
    seal_soon(alliance)
    return True


def contract_of_file(stored: StoredFile) -> Contract | None:
    """The contract a sealed document belongs to; its permission is asked of that."""
    row = (
        ContractSeal.objects.filter(alliance_id=stored.alliance_id, file=stored).select_related("contract__alliance").first()
    )
    return row.contract if row else None
