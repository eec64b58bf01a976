"""What follow-ups and the evaluation owe to others: words, inbox items and notices. None of them tells a mark or an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.choices import AllianceRole
from alliance.kernel.permissions import grants_of, institutions_acted_for
from alliance.kernel.texts import Text, texts
from alliance.kernel.working_days import end_of
from alliance.models import RoleAssignment, User
from groups.selectors.conflict import list_recused
from services.actions.contract_announce import audience_of, day_params, params_of

if TYPE_CHECKING:
    from datetime import datetime

    from services.models import Contract, ContractParty, ContractReview, ReviewAppeal

FOLLOW_UP_ASKED = "services.follow_up"
FOLLOW_UP_SIGNAL = "services.follow_up_signal"
REVIEW_TO_GIVE = "services.review_to_give"
REVIEW_REVEALED = "services.review_revealed"
REVIEW_REPLIED = "services.review_replied"
APPEAL_TO_DECIDE = "services.review_appeal_to_decide"
APPEAL_DECIDED = "services.review_appeal_decided"
REVIEW_SETTLED = "services.review_settled"

texts.register(
    FOLLOW_UP_ASKED,
    Text(
        title=_("How does the work go? Contract %(code)s: %(title)s"),
        body=_("Three short questions until %(until)s. Only your side and the desk read the answer."),
        verb=_("Answer"),
        icon="message-square-text",
    ),
)
texts.register(
    FOLLOW_UP_SIGNAL,
    Text(
        title=_("Look after contract %(code)s: %(title)s"),
        body=_("A follow-up says that something may go wrong. Read it, call, and note what was done."),
        verb=_("Read it"),
        icon="phone",
        holds_up=True,
    ),
)
texts.register(
    REVIEW_TO_GIVE,
    Text(
        title=_("Evaluate the other two parties of contract %(code)s: %(title)s"),
        body=_("The work is over. What you give stays hidden until all three have given, or until %(until)s."),
        verb=_("Evaluate"),
        icon="star",
        holds_up=True,
    ),
)
texts.register(
    REVIEW_REVEALED,
    Text(
        title=_("The evaluation of contract %(code)s is open to you: %(title)s"),
        body=_("Read what the others gave. You can reply and appeal until %(until)s."),
        verb=_("Read it"),
        icon="star",
    ),
)
texts.register(
    REVIEW_REPLIED,
    Text(
        title=_("A party replied to the evaluation of contract %(code)s: %(title)s"),
        body=_("Its reply stands below what was given."),
        verb=_("Read it"),
        icon="message-square-text",
        mails=False,
    ),
)
texts.register(
    APPEAL_TO_DECIDE,
    Text(
        title=_("Decide on an appeal: evaluation of contract %(code)s, %(title)s"),
        body=_("A party holds that marks it got are wrong. Somebody who acts for none of the parties decides."),
        verb=_("Decide"),
        icon="scale",
        holds_up=True,
    ),
)
texts.register(
    APPEAL_DECIDED,
    Text(
        title=_("An appeal was decided: evaluation of contract %(code)s, %(title)s"),
        body=_("The page of the evaluation says how and why."),
        verb=_("Read it"),
        icon="scale",
    ),
)
texts.register(
    REVIEW_SETTLED,
    Text(
        title=_("The evaluation of contract %(code)s is final: %(title)s"),
        body=_("It stands on the record of the institutions and counts in matching."),
        verb=_("Read it"),
        icon="circle-check",
    ),
)


# -------------------------------------------------------------------------------------------------------------- follow-ups


def follow_up_key(contract: Contract, role: str, number: int) -> str:
    """Key of the inbox item that asks one side."""
    return f"follow-up:{contract.code}:{role}:{number}"


def signal_key(contract: Contract, role: str, number: int, user: User | None = None) -> str:
    """Key of the inbox item about a signal for one person of the desk; the beginning of all of them without a person."""
    return f"follow-up-signal:{contract.code}:{role}:{number}:" + (str(user.pk) if user is not None else "")


def unconcerned_office(contract: Contract, at: datetime) -> list[User]:
    """People of the secretariat who act neither for a party nor for an institution that stands aside."""
    held = RoleAssignment.objects.of(contract.alliance).at(at).filter(role=AllianceRole.SECRETARIAT).values("user")
    apart = contract.party_institution_ids() | list_recused(contract.alliance, contract.matter)
    return [
        user
        for user in User.objects.filter(Q(pk__in=held), is_active=True).order_by("pk")
        if not institutions_acted_for(grants_of(user, contract.alliance, at)) & apart
    ]


# -------------------------------------------------------------------------------------------------------------- evaluation


def give_key(contract: Contract, party: ContractParty | None = None) -> str:
    """Key of the inbox item that asks a party to evaluate; the beginning of all of them without a party."""
    return f"review-give:{contract.code}:" + (party.role if party is not None else "")


def appeal_key(appeal: ReviewAppeal) -> str:
    """Key of the inbox item that asks the committee to decide."""
    return f"review-appeal:{appeal.pk}"


def ask_to_give(contract: Contract, review: ContractReview, *, at: datetime) -> None:
    """Ask each party to evaluate the other two."""
    for party in contract.parties.all():
        inbox.ask(
            contract.alliance,
            REVIEW_TO_GIVE,
            give_key(contract, party),
            audience_of(party),
            params=params_of(contract, **day_params("until", review.give_until)),
            url_name="contract_evaluation",
            url_kwargs={"code": contract.code},
            at=at,
            due_at=end_of(review.give_until),
        )


def ask_to_decide(contract: Contract, appeal: ReviewAppeal, pair: str, *, at: datetime) -> None:
    """Ask the committee to decide on an appeal; whoever of it may not is refused by the act."""
    inbox.ask(
        contract.alliance,
        APPEAL_TO_DECIDE,
        appeal_key(appeal),
        inbox.office(AllianceRole.COMMITTEE),
        params=params_of(contract),
        url_name="review_appeal",
        url_kwargs={"code": contract.code, "pair": pair},
        at=at,
    )
