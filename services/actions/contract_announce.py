"""What the acts on a contract owe to others: the words, inbox items and notices, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.notifications import notify
from alliance.kernel.formats import format_day
from alliance.kernel.texts import Text, texts
from groups.selectors.conflict import list_recused
from members.models import InstitutionStaff
from services.selectors.contract import people_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import User
    from services.models import Contract, ContractParty

VERSION_TO_AGREE = "services.contract_version"
TO_ARRANGE = "services.contract_to_arrange"
TO_SIGN = "services.contract_to_sign"
REMINDER = "services.contract_reminder"
SEALED = "services.contract_sealed"
ENDED = "services.contract_ended"
COMMENTED = "services.contract_commented"
AMENDMENT_STARTED = "services.contract_amendment_started"
AMENDMENT_TO_SIGN = "services.contract_amendment_to_sign"
AMENDMENT_REMINDER = "services.contract_amendment_reminder"
AMENDMENT_SEALED = "services.contract_amendment_sealed"
AMENDMENT_ENDED = "services.contract_amendment_ended"
NOTICE_TO_ANSWER = "services.contract_notice_to_answer"
NOTICE_TO_DECIDE = "services.contract_notice_to_decide"
NOTICE_ANSWERED = "services.contract_notice_answered"
SUSPENDED = "services.contract_suspended"
RESUMED = "services.contract_resumed"
TERMINATED = "services.contract_terminated"

texts.register(
    VERSION_TO_AGREE,
    Text(
        title=_("Read version %(version)s of contract %(code)s: %(title)s"),
        body=_("Agree to it, comment on it, or propose the next version. The text is frozen once all three parties agree."),
        verb=_("Read the version"),
        icon="file-text",
        holds_up=True,
    ),
)
texts.register(
    TO_ARRANGE,
    Text(
        title=_("Open the signing of contract %(code)s: %(title)s"),
        body=_("All three parties agreed. Say who signs for each party and by which day, then open the signing."),
        verb=_("Arrange the signing"),
        icon="file-pen-line",
        holds_up=True,
    ),
)
texts.register(
    TO_SIGN,
    Text(
        title=_("Sign contract %(code)s: %(title)s"),
        body=_("It is your institution’s turn. All must have signed by %(until)s, otherwise the contract lapses."),
        verb=_("Read and sign"),
        icon="file-pen-line",
        holds_up=True,
    ),
)
texts.register(
    REMINDER,
    Text(
        title=_("Reminder: contract %(code)s waits for your signature"),
        body=_("“%(title)s” must be signed by %(until)s, otherwise it lapses."),
        verb=_("Read and sign"),
        icon="file-pen-line",
    ),
)
texts.register(
    SEALED,
    Text(
        title=_("Contract %(code)s is in force: %(title)s"),
        body=_("All three parties signed. The sealed document is on the page of the contract."),
        verb=_("Open the contract"),
        icon="circle-check",
    ),
)
texts.register(
    ENDED,
    Text(
        title=_("Contract %(code)s was not concluded: %(title)s"),
        body=_("It was declined, cancelled, or not signed in time. The page of the contract says why."),
        verb=_("Open the contract"),
        icon="circle-alert",
    ),
)
texts.register(
    COMMENTED,
    Text(
        title=_("A comment on version %(version)s of contract %(code)s"),
        body=_("“%(title)s”: another party comments on the terms."),
        verb=_("Read the comment"),
        icon="message-square-text",
        mails=False,
    ),
)


# amendments, suspension, resumption, early end
texts.register(
    AMENDMENT_STARTED,
    Text(
        title=_("An amendment to contract %(main)s is begun: %(title)s"),
        body=_("The work goes on under the terms in effect. Propose the terms of %(code)s as they shall read."),
        verb=_("Open the amendment"),
        icon="file-text",
    ),
)
texts.register(
    AMENDMENT_TO_SIGN,
    Text(
        title=_("Sign amendment %(code)s: %(title)s"),
        body=_("It is your institution’s turn. All must have signed by %(until)s, otherwise the amendment lapses."),
        verb=_("Read and sign"),
        icon="file-pen-line",
        holds_up=True,
    ),
)
texts.register(
    AMENDMENT_REMINDER,
    Text(
        title=_("Reminder: amendment %(code)s waits for your signature"),
        body=_("“%(title)s” must be signed by %(until)s, otherwise the amendment lapses."),
        verb=_("Read and sign"),
        icon="file-pen-line",
    ),
)
texts.register(
    AMENDMENT_SEALED,
    Text(
        title=_("Amendment %(code)s is in effect: %(title)s"),
        body=_("All three parties signed. Its terms replace those of contract %(main)s."),
        verb=_("Open the amendment"),
        icon="circle-check",
    ),
)
texts.register(
    AMENDMENT_ENDED,
    Text(
        title=_("Amendment %(code)s was not concluded: %(title)s"),
        body=_("It was declined, cancelled, or not signed in time. The terms of contract %(main)s stay as they were."),
        verb=_("Open the amendment"),
        icon="circle-alert",
    ),
)
texts.register(
    NOTICE_TO_ANSWER,
    Text(
        title=_("Answer the notice on contract %(code)s: %(title)s"),
        body=_("The %(party)s wants to: %(what)s. Agree or refuse, with your reasons."),
        verb=_("Read and answer"),
        icon="message-square-text",
        holds_up=True,
    ),
)
texts.register(
    NOTICE_TO_DECIDE,
    Text(
        title=_("Decide on the end of contract %(code)s: %(title)s"),
        body=_(
            "A side wants to end it early; the other side refused, or did not answer for fifteen days. The witness decides."
        ),
        verb=_("Read and decide"),
        icon="scale",
        holds_up=True,
    ),
)
texts.register(
    NOTICE_ANSWERED,
    Text(
        title=_("Notice on contract %(code)s: %(answer)s"),
        body=_("“%(title)s”: the notice was to %(what)s."),
        verb=_("Read the notice"),
        icon="message-square-text",
    ),
)
texts.register(
    SUSPENDED,
    Text(
        title=_("The work under contract %(code)s is suspended: %(title)s"),
        body=_("Nothing falls due until it is taken up again; the open days then move by the length of the pause."),
        verb=_("Open the contract"),
        icon="pause",
    ),
)
texts.register(
    RESUMED,
    Text(
        title=_("The work under contract %(code)s is taken up again: %(title)s"),
        body=_("The days that are still open moved by the length of the pause."),
        verb=_("Open the contract"),
        icon="circle-check",
    ),
)
texts.register(
    TERMINATED,
    Text(
        title=_("Contract %(code)s was ended early: %(title)s"),
        body=_("Accepted work is paid, unused money returned, papers handed over against a list; the rest is closed."),
        verb=_("Open the contract"),
        icon="circle-alert",
    ),
)


def label_params(name: str, label: Callable[[], StrOrPromise]) -> dict[str, str]:
    """A translated label as a placeholder in both languages."""
    found = {}
    for suffix, language in (("en", "en"), ("zh", "zh-hans")):
        with translation.override(language):
            found[f"{name}_{suffix}"] = str(label())
    return found


def params_of(contract: Contract, **more: Any) -> dict[str, Any]:
    """Placeholders that every text about a contract may use."""
    return {"code": contract.code, "title_en": contract.title_en, "title_zh": contract.title_zh, **more}


def day_params(name: str, day: date) -> dict[str, str]:
    """A day as a placeholder in both languages."""
    return {f"{name}_en": format_day(day, "en"), f"{name}_zh": format_day(day, "zh-hans")}


def sign_key(contract: Contract, user: User | None = None) -> str:
    """Key of the inbox item that asks one person to sign; the beginning of all of them without a person."""
    return f"contract-sign:{contract.code}:" + (str(user.pk) if user is not None else "")


def agree_key(contract: Contract, party: ContractParty | None = None) -> str:
    """Key of the inbox item that asks a party about a version."""
    return f"contract-agree:{contract.code}:" + (party.role if party is not None else "")


def arrange_key(contract: Contract) -> str:
    """Key of the inbox item that asks the desk to open the signing."""
    return f"contract-arrange:{contract.code}"


def audience_of(party: ContractParty, role: str = "") -> inbox.Audience:
    """The people of a party."""
    return inbox.office() if party.institution_id is None else inbox.institution(party.institution_id, role)


def ask_about_version(contract: Contract, party: ContractParty, number: int, *, at: datetime) -> None:
    """Ask one party about the newest version; the question about the one before goes."""
    inbox.settle(contract.alliance, agree_key(contract, party), by=None, at=at)
    inbox.ask(
        contract.alliance,
        VERSION_TO_AGREE,
        agree_key(contract, party),
        audience_of(party),
        params=params_of(contract, version=number),
        url_name="contract_terms",
        url_kwargs={"code": contract.code, "number": number},
        at=at,
    )


def ask_to_sign(contract: Contract, users: Iterable[User], *, at: datetime) -> None:
    """Ask each signatory of the party whose turn it is."""
    if contract.sign_until is None:
        return
    for user in users:
        inbox.ask(
            contract.alliance,
            TO_SIGN if contract.amends_id is None else AMENDMENT_TO_SIGN,
            sign_key(contract, user),
            inbox.person(user),
            params=params_of(contract, **day_params("until", contract.sign_until)),
            url_name="contract_sign",
            url_kwargs={"code": contract.code},
            at=at,
        )


def settle_everything(contract: Contract, *, by: User | None, at: datetime) -> None:
    """Nothing of the contract waits for anybody any more."""
    inbox.settle_all(contract.alliance, sign_key(contract), by=by, at=at)
    inbox.settle_all(contract.alliance, agree_key(contract), by=by, at=at)
    inbox.settle(contract.alliance, arrange_key(contract), by=by, at=at)


def tell_parties(
    contract: Contract,
    kind: str,
    key: str,
    *,
    at: datetime,
    besides: User | None = None,
    url_name: str = "contract_detail",
    url_kwargs: dict[str, Any] | None = None,
    **params: Any,
) -> None:
    """Tell the people of all three parties something, once per key; not who acts for an institution that stands aside."""
    aside = InstitutionStaff.objects.of(contract.alliance).at(at)
    aside = aside.filter(institution__in=list_recused(contract.alliance, contract.matter))
    kept_from = set(aside.values_list("user_id", flat=True))
    users = {
        user.pk: user
        for party in contract.parties.all()
        for user in people_of(contract.alliance, party, at)
        if user.pk not in kept_from and (besides is None or user.pk != besides.pk)
    }
    notify(
        contract.alliance,
        users.values(),
        kind,
        key,
        params=params_of(contract, **params),
        at=at,
        url_name=url_name,
        url_kwargs=url_kwargs or {"code": contract.code},
    )
