"""Events of the service layer that upper layers hear, delivered exactly once after commit."""

from typing import Final

ENTRY_PUBLISHED: Final = "services.entry_published"
"""A catalogue entry was made; ``{"entry": code}``."""

ENTRY_WITHDRAWN: Final = "services.entry_withdrawn"
"""A catalogue entry is no longer offered; ``{"entry": code}``."""

RATING_CONFIRMED: Final = "services.rating_confirmed"
"""A client confirmed a rating, which counts from now on; ``{"entry": code, "rating": uuid}``."""

# -------------------------------------------------------------------------------------------------------------------- docking

MATCH_INVITED: Final = "services.match_invited"
"""One side accepted, or the desk proposed. Payload: ``match``, ``demand``, ``supply`` (codes)."""

MATCH_INTRODUCED: Final = "services.match_introduced"
"""Both sides accepted. Payload: ``match``, ``demand``, ``supply`` (codes)."""

MATCH_DECLINED: Final = "services.match_declined"
"""Payload: ``match``, ``demand``, ``supply`` (codes), ``reason`` (a DeclineReason)."""

MATCH_CONTACTED: Final = "services.match_contacted"
"""The two sides are in touch. Payload: ``match``, ``demand``, ``supply`` (codes)."""

MATCH_AGREED: Final = "services.match_agreed"
"""The two sides agreed; a contract may follow. Payload: ``match``, ``demand``, ``supply`` (codes)."""

MATCH_ENDED: Final = "services.match_ended"
"""Ended without an agreement. Payload: ``match``, ``demand``, ``supply`` (codes)."""

MATCH_RULE_CHANGED: Final = "services.match_rule_changed"
"""The fit is computed by a new version of the rule. Payload: ``version``."""

LISTING_CHANGED: Final = "services.listing_changed"
"""A listing's state, text, labels, audience or last day changed: what an index keeps of it is to be renewed.

Owed on every save, also of drafts, which no index holds. Payload: ``id`` (primary key), ``code``, ``state``."""

LISTING_CHECKED: Final = "services.listing_checked"
"""Somebody verified a listing or sent it back. Payload: ``id``, ``code``, ``revision``, ``step`` (1 or 2), ``verdict`` (a Verdict)."""

LISTING_VERIFIED: Final = "services.listing_verified"
"""Two people of two institutions verified a listing; it is published from now on. Payload: ``id``, ``code``, ``revision``."""

LISTING_EXPIRED: Final = "services.listing_expired"
"""The last day of a published listing has passed. Payload: ``id``, ``code``."""

LISTING_RENEWED: Final = "services.listing_renewed"
"""A listing stays open longer with the text that was verified. Payload: ``id``, ``code``, ``expires_on``."""

LISTING_IMPORTED: Final = "services.listing_imported"
"""A listing came in from an outside source. Payload: ``id``, ``code``, ``state``."""


# ----------------------------------------------------------------------------------------------------------------- contracts
CONTRACT_STARTED: Final = "services.contract_started"
"""A contract was begun; ``{"contract": code, "match": code or ""}``."""

CONTRACT_TERMS_PROPOSED: Final = "services.contract_terms_proposed"
"""A party proposed a version; ``{"contract": code, "version": number}``."""

CONTRACT_TERMS_FROZEN: Final = "services.contract_terms_frozen"
"""All three agreed to one version; ``{"contract": code, "version": number, "sha256": hex}``."""

CONTRACT_SIGNING_OPENED: Final = "services.contract_signing_opened"
"""The parties may sign, each in its turn; ``{"contract": code, "until": day}``."""

CONTRACT_SIGNED_BY_ALL: Final = "services.contract_signed_by_all"
"""The last signature was given, the seal follows; ``{"contract": code}``."""

CONTRACT_IN_FORCE: Final = "services.contract_in_force"
"""The contract is sealed; ``{"contract": code, "match": code or "", "sha256": hex of the file}``."""

CONTRACT_ENDED_UNSIGNED: Final = "services.contract_ended_unsigned"
"""It was declined, cancelled or lapsed; ``{"contract": code, "match": code or "", "state": state}``."""

CLAUSES_CHANGED: Final = "services.clauses_changed"
"""Another version of a clause or a template is in use; ``{"key": key, "version": number}``."""


# ----------------------------------------------------------------------------------------------------- execution of contracts
MILESTONE_HANDED_OVER: Final = "services.milestone_handed_over"
"""The supply side handed work over; ``{"contract": code, "milestone": number, "attempt": number}``."""

MILESTONE_ACCEPTED: Final = "services.milestone_accepted"
"""A milestone was accepted, or taken to be; ``{"contract": code, "milestone": number, "attempt": number, "amount": yuan as a
string, "silence": whether nobody answered}``."""

MILESTONE_RETURNED: Final = "services.milestone_returned"
"""Sent back for rework; ``{"contract": code, "milestone": number, "attempt": number, "rework_by": day}``."""

MILESTONE_PAID: Final = "services.milestone_paid"
"""The supply side confirmed a payment; ``{"contract": code, "milestone": number, "payment": number, "amount": yuan as a string,
"paid_on": day, "reference": text, "in_full": whether the milestone is paid in full now}``."""

CONTRACT_COMPLETED: Final = "services.contract_completed"
"""Everything is accepted and paid, and the witness closed the contract; ``{"contract": code, "match": code or ""}``."""


# ------------------------------------------------------------------------------------------ amendments, suspension, early end
CONTRACT_AMENDMENT_STARTED: Final = "services.contract_amendment_started"
"""A party began an amendment; ``{"contract": code, "amendment": code}``."""

CONTRACT_AMENDED: Final = "services.contract_amended"
"""An amendment was sealed, its terms bind from now on; ``{"contract": code, "amendment": code, "sha256": hex of the file}``."""

CONTRACT_AMENDMENT_DROPPED: Final = "services.contract_amendment_dropped"
"""An amendment was declined, cancelled or lapsed; ``{"contract": code, "amendment": code, "state": its state}``."""

CONTRACT_SUSPENDED: Final = "services.contract_suspended"
"""The work rests; ``{"contract": code, "match": code or ""}``."""

CONTRACT_RESUMED: Final = "services.contract_resumed"
"""The work is taken up again; ``{"contract": code, "match": code or ""}``."""

CONTRACT_TERMINATED: Final = "services.contract_terminated"
"""The contract was ended early; ``{"contract": code, "match": code or ""}``."""


# ----------------------------------------------------------------------------------------------- follow-ups and evaluation
CONTRACT_REVIEW_OPENED: Final = "services.contract_review_opened"
"""The three parties evaluate one another; ``{"contract": code, "until": day}``."""

CONTRACT_REVIEW_REVEALED: Final = "services.contract_review_revealed"
"""What the parties gave is open to them; ``{"contract": code}``."""

CONTRACT_REVIEWED: Final = "services.contract_reviewed"
"""The evaluation is final; ``{"contract": code, "match": code or ""}``."""
