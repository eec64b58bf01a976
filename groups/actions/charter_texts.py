"""Words of inbox items and notices, and uses of files, about charter, responsibilities, consortia and disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from alliance.kernel import uploads
from alliance.kernel.texts import Text, texts
from groups.actions.charter import PAPER_PURPOSE
from groups.actions.consortium import FILE_PURPOSE as CONSORTIUM_PURPOSE
from groups.actions.dispute import FILE_PURPOSE as DISPUTE_PURPOSE
from groups.actions.responsibility import REPORT_PURPOSE
from groups.models import CharterAcceptance, Consortium, ConsortiumFile, Dispute, DisputeStep, ResponsibilityReport

if TYPE_CHECKING:
    from alliance.models import StoredFile

_TEXTS: dict[str, Text] = {
    "charter_acceptance": Text(
        title=_("Charter version %(number)s waits for your acceptance"),
        body=_("By %(until)s, that day included. Without it your institution has no vote after that day."),
        verb=_("Read and accept"),
        icon="pen-line",
    ),
    "charter_reminder": Text(
        title=_("Charter version %(number)s still waits for your acceptance"),
        body=_("By %(until)s, that day included. Without it your institution has no vote after that day."),
        verb=_("Read and accept"),
        icon="clock",
    ),
    "charter_no_vote": Text(
        title=_("Your institution has no vote until it accepts charter version %(number)s"),
        body=_("The time for acceptance ended on %(until)s. The vote comes back with the acceptance, at once."),
        verb=_("Read and accept"),
        icon="clock-alert",
    ),
    "responsibility_proposed": Text(
        title=_("Acknowledge the responsibility %(code)s: %(duty)s"),
        body=_("It binds your institution once you have acknowledged it. You may decline with a reason."),
        verb=_("Read and answer"),
        icon="clipboard-list",
    ),
    "responsibility_declined": Text(
        title=_("Responsibility %(code)s was declined: %(duty)s"),
        body=_("Propose it to another member, or end it."),
        verb=_("Open"),
        icon="undo-2",
    ),
    "duty_report": Text(
        title=_("Report due on %(due)s: %(duty)s"),
        body=_("Responsibility %(code)s; that day is included."),
        verb=_("Report"),
        icon="clipboard-check",
    ),
    "duty_report_returned": Text(
        title=_("Report sent back: %(duty)s"),
        body=_("The office has a remark on the report due on %(due)s."),
        verb=_("Report"),
        icon="undo-2",
    ),
    "duty_report_soon": Text(
        title=_("Report due on %(due)s: %(duty)s"),
        body=_("Responsibility %(code)s; that day is included."),
        verb=_("Report"),
        icon="clock",
    ),
    "duty_report_late": Text(
        title=_("Report overdue since %(due)s: %(duty)s"),
        body=_("You can still send it; it stays marked as late until then."),
        verb=_("Report"),
        icon="clock-alert",
    ),
    "duty_report_check": Text(
        title=_("Check the report on %(code)s, due on %(due)s"),
        body=_("%(duty)s"),
        verb=_("Check"),
        icon="search-check",
    ),
    "consortium_invitation": Text(
        title=_("Invitation to the consortium %(name)s"),
        body=_("Read the terms and the research plan, then accept or decline for your institution."),
        verb=_("Read and answer"),
        icon="network",
    ),
    "consortium_filed": Text(
        title=_("A consortium was filed with the committee: %(name)s"),
        body=_("Its members accepted the written terms. Nothing is to be decided unless the committee wants to."),
        verb=_("Open"),
        icon="network",
        can_dismiss=True,
    ),
    "consortium_joined": Text(title=_("%(institution)s joined the consortium %(name)s"), verb=_("Open"), icon="check"),
    "consortium_declined": Text(
        title=_("%(institution)s declined to join the consortium %(name)s"), verb=_("Open"), icon="x"
    ),
    "consortium_left": Text(
        title=_("%(institution)s left the consortium %(name)s"),
        body=_("Its access to the shared files ended at that moment."),
        verb=_("Open"),
        icon="log-out",
    ),
    "consortium_lead": Text(title=_("The lead of the consortium %(name)s changed"), verb=_("Open"), icon="users"),
    "consortium_closed": Text(
        title=_("The consortium %(name)s is closed"),
        body=_("Access to the shared files ended at that moment."),
        verb=_("Open"),
        icon="archive",
    ),
    "dispute_filed": Text(
        title=_("A dispute was filed against your institution (%(code)s)"),
        body=_("You can read it and state your view. The committee names a mediator by %(due)s."),
        verb=_("Read"),
        icon="scale",
    ),
    "dispute_mediator": Text(
        title=_("Name a mediator for the dispute %(code)s"),
        body=_("A member of the committee without a link to the parties."),
        verb=_("Name the mediator"),
        icon="scale",
    ),
    "dispute_mediation": Text(
        title=_("You mediate the dispute %(code)s"),
        body=_("Hear both parties, keep the record and make a proposal."),
        verb=_("Open"),
        icon="scale",
    ),
    "dispute_mediator_named": Text(
        title=_("A mediator was named for the dispute %(code)s"),
        body=_("The mediation runs until %(due)s, that day included."),
        verb=_("Open"),
        icon="scale",
    ),
    "dispute_step": Text(title=_("New on the record of the dispute %(code)s"), verb=_("Read"), icon="scale"),
    "dispute_soon": Text(title=_("Dispute %(code)s: the next step is due on %(due)s"), verb=_("Open"), icon="clock"),
    "dispute_late": Text(title=_("Dispute %(code)s: the next step was due on %(due)s"), verb=_("Open"), icon="clock-alert"),
    "dispute_closed": Text(
        title=_("The dispute %(code)s is over"), body=_("Its record is sealed."), verb=_("Read"), icon="scale"
    ),
}
for _kind, _text in _TEXTS.items():
    texts.register(_kind, _text)


# ------------------------------------------------------------------------------------------------- uses of files

_PAPERS = frozenset({"pdf", "png", "jpeg"})
_DOCUMENTS = frozenset({"pdf", "png", "jpeg", "webp", "docx", "xlsx", "pptx", "csv", "txt"})


def _acceptance_of(stored: StoredFile) -> CharterAcceptance | None:
    return CharterAcceptance.objects.filter(alliance_id=stored.alliance_id, file=stored).select_related("alliance").first()


def _report_of(stored: StoredFile) -> ResponsibilityReport | None:
    return (
        ResponsibilityReport.objects.filter(alliance_id=stored.alliance_id, file=stored)
        .select_related("alliance", "responsibility")
        .first()
    )


def _consortium_of(stored: StoredFile) -> Consortium | None:
    """The consortium whose present members may open the file; none once the file was taken back."""
    shared = (
        ConsortiumFile.objects.filter(alliance_id=stored.alliance_id, file=stored, withdrawn_at__isnull=True)
        .select_related("consortium__alliance")
        .first()
    )
    return shared.consortium if shared is not None else None


def _dispute_of(stored: StoredFile) -> Dispute | None:
    step = (
        DisputeStep.objects.filter(alliance_id=stored.alliance_id, file=stored).select_related("dispute__alliance").first()
    )
    return step.dispute if step is not None else None


uploads.purposes.register(PAPER_PURPOSE, uploads.Purpose(PAPER_PURPOSE, _("signed charter"), _PAPERS, owner=_acceptance_of))
uploads.purposes.register(
    REPORT_PURPOSE, uploads.Purpose(REPORT_PURPOSE, _("report on a responsibility"), _DOCUMENTS, owner=_report_of)
)
uploads.purposes.register(
    CONSORTIUM_PURPOSE,
    uploads.Purpose(CONSORTIUM_PURPOSE, _("file of a consortium"), _DOCUMENTS | {"zip"}, owner=_consortium_of),
)
uploads.purposes.register(
    DISPUTE_PURPOSE, uploads.Purpose(DISPUTE_PURPOSE, _("file of a dispute"), _DOCUMENTS, owner=_dispute_of)
)
