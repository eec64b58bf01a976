"""The life cycles of the service layer as data (Liu2023 section 4.4): listings, and what brings them together."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import Transition, name_states
from services.choices import (
    AppealState,
    ContractState,
    FollowUpState,
    ListingState,
    MatchState,
    NoticeKind,
    NoticeState,
    PaymentState,
    ReviewState,
    RuleProposalState,
    SubmissionState,
)

# ---------------------------------------------------------------------------------------------------------------- listings

SUBMIT_LISTING: Final = Transition(
    name="submit_listing",
    label=_("Send for verification"),
    sources=frozenset({ListingState.DRAFT, ListingState.RETURNED}),
    target=ListingState.PENDING,
    permission="services.change_listing",
)
CHECK_LISTING: Final = Transition(
    name="check_listing",
    label=_("Verify as the first"),
    sources=frozenset({ListingState.PENDING}),
    target=ListingState.CHECKED,
    permission="services.check_listing",
)
PUBLISH_LISTING: Final = Transition(
    name="publish_listing",
    label=_("Verify as the second and publish"),
    sources=frozenset({ListingState.CHECKED}),
    target=ListingState.PUBLISHED,
    permission="services.check_listing",
)
RETURN_LISTING: Final = Transition(
    name="return_listing",
    label=_("Send back for completion"),
    sources=frozenset({ListingState.PENDING, ListingState.CHECKED}),
    target=ListingState.RETURNED,
    permission="services.check_listing",
)
REVISE_LISTING: Final = Transition(
    name="revise_listing",
    label=_("Take back to a draft"),
    sources=frozenset(
        {
            ListingState.PENDING,
            ListingState.CHECKED,
            ListingState.PUBLISHED,
            ListingState.EXPIRED,
            ListingState.WITHDRAWN,
        }
    ),
    target=ListingState.DRAFT,
    permission="services.change_listing",
)
RENEW_LISTING: Final = Transition(
    name="renew_listing",
    label=_("Keep it open longer"),
    sources=frozenset({ListingState.PUBLISHED, ListingState.EXPIRED}),
    target=ListingState.PUBLISHED,
    permission="services.change_listing",
)
EXPIRE_LISTING: Final = Transition(
    name="expire_listing",
    label=_("Its last day has passed"),
    sources=frozenset({ListingState.PUBLISHED}),
    target=ListingState.EXPIRED,
)
WITHDRAW_LISTING: Final = Transition(
    name="withdraw_listing",
    label=_("Take the listing back"),
    sources=frozenset(
        {
            ListingState.DRAFT,
            ListingState.RETURNED,
            ListingState.PENDING,
            ListingState.CHECKED,
            ListingState.PUBLISHED,
            ListingState.EXPIRED,
        }
    ),
    target=ListingState.WITHDRAWN,
    permission="services.withdraw_listing",
)
FULFIL_LISTING: Final = Transition(
    name="fulfil_listing",
    label=_("Mark as met"),
    sources=frozenset({ListingState.PUBLISHED, ListingState.IN_TALKS, ListingState.EXPIRED}),
    target=ListingState.FULFILLED,
    permission="services.withdraw_listing",
)
BEGIN_LISTING_TALKS: Final = Transition(
    name="begin_listing_talks",
    label=_("Begin talks"),
    sources=frozenset({ListingState.PUBLISHED}),
    target=ListingState.IN_TALKS,
)
END_LISTING_TALKS: Final = Transition(
    name="end_listing_talks",
    label=_("End the talks"),
    sources=frozenset({ListingState.IN_TALKS}),
    target=ListingState.PUBLISHED,
)
LISTING_TRANSITIONS: Final = (
    SUBMIT_LISTING,
    CHECK_LISTING,
    PUBLISH_LISTING,
    RETURN_LISTING,
    REVISE_LISTING,
    RENEW_LISTING,
    EXPIRE_LISTING,
    WITHDRAW_LISTING,
    FULFIL_LISTING,
    BEGIN_LISTING_TALKS,
    END_LISTING_TALKS,
)

name_states(list(ListingState.choices))

# -------------------------------------------------------------------------------------------------------------------- docking

PROPOSE_MATCH: Final = Transition(
    name="propose_match",
    label=_("Propose the match"),
    sources=frozenset({""}),
    target=MatchState.SUGGESTED,
    permission="services.desk_match",
)
"""The desk brings two listings together by hand; a match that is new has no state."""
ACCEPT_MATCH: Final = Transition(
    name="accept_match",
    label=_("Accept the match"),
    sources=frozenset({MatchState.SUGGESTED, MatchState.DECLINED}),
    target=MatchState.INVITED,
    permission="services.answer_match",
)
"""The first side accepts, and the other one is asked. After a decline only whoever declined takes it up again."""
INTRODUCE_MATCH: Final = Transition(
    name="introduce_match",
    label=_("Introduce both sides"),
    sources=frozenset({MatchState.SUGGESTED, MatchState.INVITED, MatchState.DECLINED}),
    target=MatchState.INTRODUCED,
    permission="services.answer_match",
)
"""The second side accepts."""
DECLINE_MATCH: Final = Transition(
    name="decline_match",
    label=_("Decline the match"),
    sources=frozenset({MatchState.SUGGESTED, MatchState.INVITED}),
    target=MatchState.DECLINED,
    permission="services.answer_match",
)
NOTE_CONTACT: Final = Transition(
    name="note_contact",
    label=_("Note the first contact"),
    sources=frozenset({MatchState.INTRODUCED}),
    target=MatchState.IN_TALKS,
    permission="services.carry_match",
)
AGREE_MATCH: Final = Transition(
    name="agree_match",
    label=_("Note the agreement"),
    sources=frozenset({MatchState.INTRODUCED, MatchState.IN_TALKS}),
    target=MatchState.AGREED,
    permission="services.carry_match",
)
END_MATCH: Final = Transition(
    name="end_match",
    label=_("End without agreement"),
    sources=frozenset({MatchState.INTRODUCED, MatchState.IN_TALKS}),
    target=MatchState.ENDED,
    permission="services.carry_match",
)
MATCH_TRANSITIONS: Final = (
    PROPOSE_MATCH,
    ACCEPT_MATCH,
    INTRODUCE_MATCH,
    DECLINE_MATCH,
    NOTE_CONTACT,
    AGREE_MATCH,
    END_MATCH,
)

APPROVE_MATCH_RULE: Final = Transition(
    name="approve_match_rule",
    label=_("Approve the rule of the fit"),
    sources=frozenset({RuleProposalState.PROPOSED}),
    target=RuleProposalState.APPROVED,
    permission="services.approve_match_rule",
)
REFUSE_MATCH_RULE: Final = Transition(
    name="refuse_match_rule",
    label=_("Refuse the rule of the fit"),
    sources=frozenset({RuleProposalState.PROPOSED}),
    target=RuleProposalState.REFUSED,
    permission="services.approve_match_rule",
)
MATCH_RULE_TRANSITIONS: Final = (APPROVE_MATCH_RULE, REFUSE_MATCH_RULE)

name_states([(state.value, state.label) for state in MatchState])

# ----------------------------------------------------------------------------------------------------------------- contracts
_OPEN: Final = frozenset({ContractState.DRAFT, ContractState.NEGOTIATING, ContractState.AGREED, ContractState.SIGNING})

PROPOSE_TERMS: Final = Transition(
    "propose_terms",
    _("propose a version"),
    frozenset({ContractState.DRAFT, ContractState.NEGOTIATING}),
    ContractState.NEGOTIATING,
    "services.propose_terms",
)
COMMENT_TERMS: Final = Transition(
    "comment_terms",
    _("comment on a version"),
    frozenset({ContractState.NEGOTIATING}),
    ContractState.NEGOTIATING,
    "services.propose_terms",
)
AGREE_TERMS: Final = Transition(
    "agree_terms",
    _("agree to a version"),
    frozenset({ContractState.NEGOTIATING}),
    ContractState.NEGOTIATING,
    "services.agree_terms",
)
FREEZE_TERMS: Final = Transition(
    "freeze_terms", _("freeze the text"), frozenset({ContractState.NEGOTIATING}), ContractState.AGREED
)
"""Follows by itself from the third party's agreement."""
ARRANGE_CONTRACT: Final = Transition(
    "arrange_contract",
    _("arrange the signing"),
    frozenset({ContractState.DRAFT, ContractState.NEGOTIATING, ContractState.AGREED}),
    "",
    "services.manage_contracts",
)
"""Order, number of signatures and witness; leaves the state as it is."""
OPEN_SIGNING: Final = Transition(
    "open_signing",
    _("open the signing"),
    frozenset({ContractState.AGREED}),
    ContractState.SIGNING,
    "services.manage_contracts",
)
SIGN_CONTRACT: Final = Transition(
    "sign_contract",
    pgettext_lazy("contract", "sign"),
    frozenset({ContractState.SIGNING}),
    ContractState.SIGNING,
    "services.sign_contract",
)
COMPLETE_SIGNING: Final = Transition(
    "complete_signing", _("complete the signing"), frozenset({ContractState.SIGNING}), ContractState.SEALING
)
"""Follows by itself from the last signature needed."""
SEAL_CONTRACT: Final = Transition(
    "seal_contract", _("seal the contract"), frozenset({ContractState.SEALING}), ContractState.IN_FORCE
)
DECLINE_CONTRACT: Final = Transition(
    "decline_contract", _("decline the contract"), _OPEN, ContractState.DECLINED, "services.decline_contract"
)
LAPSE_CONTRACT: Final = Transition(
    "lapse_contract", _("let the signing lapse"), frozenset({ContractState.SIGNING}), ContractState.LAPSED
)
CANCEL_CONTRACT: Final = Transition(
    "cancel_contract", _("cancel the contract"), _OPEN, ContractState.CANCELLED, "services.manage_contracts"
)

name_states([*ContractState.choices])


# ----------------------------------------------------------------------------------------------------- execution of contracts
_WORKING: Final = frozenset({ContractState.IN_FORCE, ContractState.AMENDING})
_PAYING: Final = _WORKING | {ContractState.SUSPENDED, ContractState.TERMINATED}

CARRY_OUT_CONTRACT: Final = Transition("carry_out_contract", _("carry the contract out"), _WORKING, "")
"""Asked before something is handed over, accepted or sent back; leaves the contract's state as it is."""
PAY_CONTRACT: Final = Transition("pay_contract", _("record a payment"), _PAYING, "")
"""Likewise for payments: what was accepted is paid also after an early end."""
TAKE_BACK_MILESTONE: Final = Transition(
    "take_back_milestone",
    _("take back what was handed over"),
    frozenset({SubmissionState.HANDED}),
    SubmissionState.TAKEN_BACK,
    "services.hand_over_milestone",
)
ACCEPT_MILESTONE: Final = Transition(
    "accept_milestone",
    _("accept a milestone"),
    frozenset({SubmissionState.HANDED}),
    SubmissionState.ACCEPTED,
    "services.accept_milestone",
)
ACCEPT_BY_SILENCE: Final = Transition(
    "accept_milestone_by_silence",
    _("take a milestone to be accepted"),
    frozenset({SubmissionState.HANDED}),
    SubmissionState.ACCEPTED,
)
RETURN_MILESTONE: Final = Transition(
    "return_milestone",
    _("send a milestone back for rework"),
    frozenset({SubmissionState.HANDED}),
    SubmissionState.RETURNED,
    "services.accept_milestone",
)
REMIND_ACCEPTANCE: Final = Transition(
    "remind_acceptance",
    _("remind the demand side to accept"),
    frozenset({SubmissionState.HANDED}),
    SubmissionState.HANDED,
    "services.remind_acceptance",
)
CONFIRM_PAYMENT: Final = Transition(
    "confirm_payment",
    _("confirm a payment"),
    frozenset({PaymentState.RECORDED, PaymentState.CONTRADICTED}),
    PaymentState.CONFIRMED,
    "services.answer_payment",
)
"""Also after a contradiction: the money may arrive later."""
CONTRADICT_PAYMENT: Final = Transition(
    "contradict_payment",
    _("contradict a payment"),
    frozenset({PaymentState.RECORDED}),
    PaymentState.CONTRADICTED,
    "services.answer_payment",
)
REVERSE_PAYMENT: Final = Transition(
    "reverse_payment",
    _("take a payment out of the record"),
    frozenset({PaymentState.RECORDED, PaymentState.CONTRADICTED}),
    PaymentState.REVERSED,
    "services.record_payment",
)
COMPLETE_CONTRACT: Final = Transition(
    "complete_contract",
    _("close the contract"),
    frozenset({ContractState.IN_FORCE}),
    ContractState.COMPLETED,
    "services.complete_contract",
)

name_states([(state.value, state.label) for state in (*SubmissionState, *PaymentState)])


# ---------------------------------------------------------------------- amendments, suspension, resumption, early end
AMEND_CONTRACT: Final = Transition(
    "amend_contract",
    _("begin an amendment"),
    frozenset({ContractState.IN_FORCE}),
    ContractState.AMENDING,
    "services.agree_terms",
)
"""The work goes on under the terms in effect while the amendment is negotiated and signed."""
PUT_AMENDMENT_IN_EFFECT: Final = Transition(
    "put_amendment_in_effect",
    _("put the amendment in effect"),
    frozenset({ContractState.AMENDING}),
    ContractState.IN_FORCE,
)
"""Follows by itself from the seal of the amendment."""
DROP_AMENDMENT: Final = Transition(
    "drop_amendment",
    _("go on without the amendment"),
    frozenset({ContractState.AMENDING}),
    ContractState.IN_FORCE,
)
"""Follows by itself from an amendment that was declined, cancelled or lapsed."""
SUSPEND_CONTRACT: Final = Transition(
    "suspend_contract",
    _("suspend the work"),
    frozenset({ContractState.IN_FORCE}),
    ContractState.SUSPENDED,
    "services.give_contract_notice",
)
RESUME_CONTRACT: Final = Transition(
    "resume_contract",
    _("take the work up again"),
    frozenset({ContractState.SUSPENDED}),
    ContractState.IN_FORCE,
    "services.give_contract_notice",
)
TERMINATE_CONTRACT: Final = Transition(
    "terminate_contract",
    _("end the contract early"),
    frozenset({ContractState.IN_FORCE, ContractState.AMENDING, ContractState.SUSPENDED}),
    ContractState.TERMINATED,
    "services.give_contract_notice",
)
STEP_OF_NOTICE: Final = {
    NoticeKind.SUSPEND: SUSPEND_CONTRACT,
    NoticeKind.RESUME: RESUME_CONTRACT,
    NoticeKind.TERMINATE: TERMINATE_CONTRACT,
}
"""What becomes of the contract when a notice is agreed to or ordered."""
AGREE_NOTICE: Final = Transition(
    "agree_notice",
    _("agree to the notice"),
    frozenset({NoticeState.OPEN}),
    NoticeState.AGREED,
    "services.give_contract_notice",
)
REFUSE_NOTICE: Final = Transition(
    "refuse_notice",
    _("refuse the notice"),
    frozenset({NoticeState.OPEN}),
    NoticeState.REFUSED,
    "services.give_contract_notice",
)
WITHDRAW_NOTICE: Final = Transition(
    "withdraw_notice",
    _("withdraw the notice"),
    frozenset({NoticeState.OPEN}),
    NoticeState.WITHDRAWN,
    "services.give_contract_notice",
)
ORDER_NOTICE: Final = Transition(
    "order_notice",
    _("order as the witness"),
    frozenset({NoticeState.OPEN}),
    NoticeState.ORDERED,
    "services.give_contract_notice",
)

# The states of notices are not taught to the refusals by name: “agreed” or “open” mean something else for other records, so the
# actions name them.


# ----------------------------------------------------------------------------------------------- follow-ups and evaluation
ANSWER_FOLLOW_UP: Final = Transition(
    "answer_follow_up",
    _("answer a follow-up"),
    frozenset({FollowUpState.ASKED}),
    FollowUpState.ANSWERED,
    "services.answer_follow_up",
)
MISS_FOLLOW_UP: Final = Transition(
    "miss_follow_up", _("note a follow-up that was not answered"), frozenset({FollowUpState.ASKED}), FollowUpState.MISSED
)
GIVE_REVIEW: Final = Transition(
    "give_review", _("evaluate a party"), frozenset({ReviewState.OPEN}), ReviewState.OPEN, "services.give_review"
)
REVEAL_REVIEW: Final = Transition(
    "reveal_review", _("open the evaluation to the parties"), frozenset({ReviewState.OPEN}), ReviewState.REVEALED
)
"""Follows by itself from the last sheet, or from the last day."""
REPLY_REVIEW: Final = Transition(
    "reply_review",
    _("reply to an evaluation"),
    frozenset({ReviewState.REVEALED}),
    ReviewState.REVEALED,
    "services.answer_review",
)
APPEAL_REVIEW: Final = Transition(
    "appeal_review",
    _("appeal against an evaluation"),
    frozenset({ReviewState.REVEALED}),
    ReviewState.REVEALED,
    "services.answer_review",
)
SETTLE_REVIEW: Final = Transition(
    "settle_review", _("settle the evaluation"), frozenset({ReviewState.REVEALED}), ReviewState.SETTLED
)
UPHOLD_APPEAL: Final = Transition(
    "uphold_appeal",
    _("uphold the appeal"),
    frozenset({AppealState.OPEN}),
    AppealState.UPHELD,
    "services.decide_review_appeal",
)
DISMISS_APPEAL: Final = Transition(
    "dismiss_appeal",
    _("dismiss the appeal"),
    frozenset({AppealState.OPEN}),
    AppealState.DISMISSED,
    "services.decide_review_appeal",
)
WITHDRAW_APPEAL: Final = Transition(
    "withdraw_appeal",
    _("withdraw the appeal"),
    frozenset({AppealState.OPEN}),
    AppealState.WITHDRAWN,
    "services.answer_review",
)
