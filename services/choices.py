"""Closed vocabularies of the service layer (blueprint section 7)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from operations.choices import ProductKind


class ServiceCategory(TextChoices):
    """The seven categories of services, in the order of the paper."""

    PROBLEM_SOLVING = "problem_solving", _("problem-solving")
    INFORMATION = "information", _("information")
    PROJECT_RESEARCH = "project_research", _("project research")
    TALENT_CULTIVATION = "talent_cultivation", _("talent cultivation")
    SCIENCE_POPULARISATION = "science_popularisation", _("science popularisation")
    WORKING_MATERIALS = "working_materials", _("working materials")
    DEVELOPMENT_FORECASTING = "development_forecasting", _("development forecasting")


class ClientKind(TextChoices):
    """The four kinds of clients."""

    INDUSTRY = "industry", _("the industry and its enterprises")
    MEMBERS = "members", _("members")
    GOVERNMENT = "government", _("governments and public bodies")
    PUBLIC = "public", _("the public")


class Access(TextChoices):
    """How a service is given."""

    FREE = "free", _("free")
    PAID = "paid", _("paid")
    TAILORED = "tailored", _("tailored")


class RatingState(TextChoices):
    """Life of a client's rating; it counts from its confirmation by e-mail on."""

    UNCONFIRMED = "unconfirmed", _("waiting for confirmation")
    CONFIRMED = "confirmed", _("confirmed")
    REFUSED = "refused", _("refused")


class CommentState(TextChoices):
    """Moderation of a rating's comment."""

    PENDING = "pending", _("waiting for the editor")
    SHOWN = "shown", _("shown")
    HIDDEN = "hidden", _("not shown")


class ListingSide(TextChoices):
    """Demand or supply."""

    DEMAND = "demand", _("demand")
    SUPPLY = "supply", _("supply")


class ListingState(TextChoices):
    """Life of a listing; it is verified twice, by two people of two institutions, before anybody else sees it."""

    DRAFT = "draft", _("draft")
    PENDING = "pending", _("waiting for verification")
    CHECKED = "checked", _("waiting for the second verification")
    PUBLISHED = "published", _("published")
    IN_TALKS = "in_talks", _("in talks")
    FULFILLED = "fulfilled", _("met")
    EXPIRED = "expired", _("expired")
    RETURNED = "returned", _("sent back for completion")
    WITHDRAWN = "withdrawn", _("taken back")


class ListingAudience(TextChoices):
    """Who may read a verified listing."""

    PUBLIC = "public", _("everybody")
    MEMBERS = "members", _("members of the alliance")
    NAMED = "named", _("the institutions named")


class Pricing(TextChoices):
    """What the money of a listing means."""

    FIXED = "fixed", _("fixed price")
    RANGE = "range", _("between two sums")
    TO_AGREE = "to_agree", _("to be agreed")
    FREE = "free", _("free of charge")


class Verdict(TextChoices):
    """What one who verifies a listing says."""

    PASSED = "passed", _("verified")
    RETURNED = "returned", _("sent back")


class TextLanguage(TextChoices):
    """Language of a text that is searched."""

    ENGLISH = "en", _("English")
    CHINESE = "zh", _("Chinese")


class MatchState(TextChoices):
    """Life of a demand and a supply that were brought together."""

    SUGGESTED = "suggested", pgettext_lazy("match", "suggested")
    INVITED = "invited", pgettext_lazy("match", "one side is interested")
    INTRODUCED = "introduced", pgettext_lazy("match", "introduced")
    IN_TALKS = "in_talks", pgettext_lazy("match", "in talks")
    AGREED = "agreed", pgettext_lazy("match", "agreed")
    DECLINED = "declined", pgettext_lazy("match", "declined")
    ENDED = "ended", pgettext_lazy("match", "ended without agreement")


class MatchOrigin(TextChoices):
    """Who brought a demand and a supply together."""

    ENGINE = "engine", _("suggested by the computer")
    INTEREST = "interest", _("interest of a member")
    DESK = "desk", _("proposed by the desk")


class DeclineReason(TextChoices):
    """Why a side declines a match; the ranking learns from it."""

    NOT_OUR_FIELD = "not_our_field", _("not our field")
    CAPACITY = "capacity", _("no capacity")
    PRICE = "price", _("price")
    REGION = "region", _("region")
    TIMING = "timing", _("timing")
    SOLVED = "solved", _("already solved")
    CONFLICT = "conflict", _("conflict of interest")
    OTHER = "other", _("another reason")


class MatchEventKind(TextChoices):
    """What happened between a listing and another; the quality panel counts nothing else."""

    SHOWN = "shown", pgettext_lazy("match", "shown")
    OPENED = "opened", pgettext_lazy("match", "opened")
    ACCEPTED = "accepted", pgettext_lazy("match", "said yes")
    DECLINED = "declined", pgettext_lazy("match", "declined")
    INTRODUCED = "introduced", pgettext_lazy("match", "introduced")
    CONTACTED = "contacted", pgettext_lazy("match", "first contact")
    AGREED = "agreed", pgettext_lazy("match", "agreed")
    ENDED = "ended", pgettext_lazy("match", "ended without agreement")


class FitPart(TextChoices):
    """What the fit of two listings is the sum of."""

    TOPIC = "topic", _("same topic and process")
    RECORD = "record", _("track record")
    TIME_PLACE = "time_place", _("distance and dates")
    PRICE = "price", _("price in budget")
    LEARNED = "learned", _("learned from what was declined")


class RuleProposalState(TextChoices):
    """Life of a proposed change of the rule of the fit."""

    PROPOSED = "proposed", pgettext_lazy("rule", "proposed")
    APPROVED = "approved", pgettext_lazy("rule", "approved")
    REFUSED = "refused", pgettext_lazy("rule", "refused")


class ContractState(TextChoices):
    """Life of a tripartite contract; the witness signs as the third party (Liu2023 section 4.4)."""

    DRAFT = "draft", pgettext_lazy("contract", "draft")
    NEGOTIATING = "negotiating", pgettext_lazy("contract", "being negotiated")
    AGREED = "agreed", pgettext_lazy("contract", "text frozen")
    SIGNING = "signing", pgettext_lazy("contract", "being signed")
    SEALING = "sealing", pgettext_lazy("contract", "signed, being sealed")
    IN_FORCE = "in_force", pgettext_lazy("contract", "in force")
    AMENDING = "amending", pgettext_lazy("contract", "being amended")
    SUSPENDED = "suspended", pgettext_lazy("contract", "suspended")
    COMPLETED = "completed", pgettext_lazy("contract", "completed")
    TERMINATED = "terminated", pgettext_lazy("contract", "terminated")
    DECLINED = "declined", pgettext_lazy("contract", "declined")
    LAPSED = "lapsed", pgettext_lazy("contract", "lapsed")
    CANCELLED = "cancelled", pgettext_lazy("contract", "cancelled")


class PartyRole(TextChoices):
    """The three parties of a contract."""

    DEMAND = "demand", _("demand side")
    SUPPLY = "supply", _("supply side")
    WITNESS = "witness", _("witness")


class ClauseState(TextChoices):
    """Life of one version of a clause or of a template: made by one person, put in force by a second one."""

    PROPOSED = "proposed", pgettext_lazy("clause", "waiting for a second person")
    IN_FORCE = "in_force", pgettext_lazy("clause", "in use")
    REPLACED = "replaced", pgettext_lazy("clause", "replaced")
    REFUSED = "refused", pgettext_lazy("clause", "refused")


class ResultsOwner(TextChoices):
    """Who owns what the work brings forth."""

    DEMAND = "demand", pgettext_lazy("results", "the demand side")
    SUPPLY = "supply", pgettext_lazy("results", "the supply side")
    JOINT = "joint", pgettext_lazy("results", "demand and supply side together")


class ContractDecline(TextChoices):
    """Why a party does not sign."""

    TERMS = "terms", pgettext_lazy("contract", "the terms do not fit any more")
    BUDGET = "budget", pgettext_lazy("contract", "no budget")
    TIMING = "timing", pgettext_lazy("contract", "timing")
    AUTHORITY = "authority", pgettext_lazy("contract", "not approved inside the institution")
    CONFLICT = "conflict", pgettext_lazy("contract", "conflict of interest")
    OTHER = "other", pgettext_lazy("contract", "another reason")


class SubmissionState(TextChoices):
    """Life of what the supply side hands over for a milestone."""

    HANDED = "handed", pgettext_lazy("submission", "handed over, to be accepted")
    ACCEPTED = "accepted", pgettext_lazy("submission", "accepted")
    RETURNED = "returned", pgettext_lazy("submission", "sent back for rework")
    TAKEN_BACK = "taken_back", pgettext_lazy("submission", "taken back")


class PaymentState(TextChoices):
    """Life of the record of a payment: stated by who paid, confirmed or contradicted by who received."""

    RECORDED = "recorded", pgettext_lazy("payment", "recorded, to be confirmed")
    CONFIRMED = "confirmed", pgettext_lazy("payment", "confirmed as received")
    CONTRADICTED = "contradicted", pgettext_lazy("payment", "not received")
    REVERSED = "reversed", pgettext_lazy("payment", "taken out of the record")


class NoticeKind(TextChoices):
    """What a party wants of a contract that is being carried out."""

    SUSPEND = "suspend", pgettext_lazy("contract", "suspend the work")
    RESUME = "resume", pgettext_lazy("contract", "take the work up again")
    TERMINATE = "terminate", pgettext_lazy("contract", "end the contract early")


class NoticeState(TextChoices):
    """Life of such a notice."""

    OPEN = "open", pgettext_lazy("notice of a party", "waits for an answer")
    AGREED = "agreed", pgettext_lazy("notice of a party", "agreed to")
    ORDERED = "ordered", pgettext_lazy("notice of a party", "ordered by the witness")
    REFUSED = "refused", pgettext_lazy("notice of a party", "refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("notice of a party", "withdrawn")


class NoticeReason(TextChoices):
    """Why the work is suspended, taken up again, or ended early."""

    FORCE_MAJEURE = "force_majeure", pgettext_lazy("contract", "force majeure")
    STANDSTILL = "standstill", pgettext_lazy("contract", "the plant stands still for maintenance")
    BREACH = "breach", pgettext_lazy("contract", "breach that was not cured")
    AIM_GONE = "aim_gone", pgettext_lazy("contract", "the aim cannot be reached or is not wanted any more")
    MEANS = "means", pgettext_lazy("contract", "money, people or equipment are missing")
    CAUSE_GONE = "cause_gone", pgettext_lazy("contract", "the cause of the suspension is gone")
    OTHER = "other", pgettext_lazy("contract", "another reason")


class FollowUpState(TextChoices):
    """Life of one question about how the work goes."""

    ASKED = "asked", pgettext_lazy("follow-up", "asked")
    ANSWERED = "answered", pgettext_lazy("follow-up", "answered")
    MISSED = "missed", pgettext_lazy("follow-up", "not answered in time")


class Progress(TextChoices):
    """How a party sees the work."""

    ON_TRACK = "on_track", pgettext_lazy("follow-up", "as agreed")
    AT_RISK = "at_risk", pgettext_lazy("follow-up", "at risk")
    OFF_TRACK = "off_track", pgettext_lazy("follow-up", "not as agreed")


class ReviewState(TextChoices):
    """Life of the evaluation of a contract by its three parties."""

    OPEN = "open", pgettext_lazy("evaluation", "being given, hidden")
    REVEALED = "revealed", pgettext_lazy("evaluation", "open to the parties; replies and appeals")
    SETTLED = "settled", pgettext_lazy("evaluation", "final")


class ReviewCriterion(TextChoices):
    """What one party is evaluated for by another (1 very poor to 5 very good)."""

    QUALITY = "quality", pgettext_lazy("evaluation", "quality of what it contributed")
    PUNCTUALITY = "punctuality", pgettext_lazy("evaluation", "keeping to dates")
    COOPERATION = "cooperation", pgettext_lazy("evaluation", "working together and answering")
    TERMS = "terms", pgettext_lazy("evaluation", "keeping to the terms")
    FAIRNESS = "fairness", pgettext_lazy("evaluation", "fairness towards the others")


class AppealState(TextChoices):
    """Life of an appeal against an evaluation."""

    OPEN = "open", pgettext_lazy("appeal", "waits for a decision")
    UPHELD = "upheld", pgettext_lazy("appeal", "upheld")
    DISMISSED = "dismissed", pgettext_lazy("appeal", "dismissed")
    WITHDRAWN = "withdrawn", pgettext_lazy("appeal", "withdrawn")


CATEGORY_OF_KIND: dict[str, str] = {
    ProductKind.RESEARCH_REPORT: ServiceCategory.PROJECT_RESEARCH,
    ProductKind.POLICY_ADVICE: ServiceCategory.INFORMATION,
    ProductKind.DECISION_BRIEF: ServiceCategory.INFORMATION,
    ProductKind.GUIDE: ServiceCategory.PROBLEM_SOLVING,
    ProductKind.TOOL: ServiceCategory.WORKING_MATERIALS,
    ProductKind.DATASET: ServiceCategory.WORKING_MATERIALS,
    ProductKind.COURSE: ServiceCategory.TALENT_CULTIVATION,
    ProductKind.STANDARD: ServiceCategory.WORKING_MATERIALS,
    ProductKind.POPULAR_SCIENCE: ServiceCategory.SCIENCE_POPULARISATION,
}
"""The category a released product is offered in until an editor chooses another one."""

CLIENTS_OF_KIND: dict[str, tuple[str, ...]] = {
    ProductKind.RESEARCH_REPORT: (ClientKind.INDUSTRY, ClientKind.MEMBERS, ClientKind.GOVERNMENT),
    ProductKind.POLICY_ADVICE: (ClientKind.GOVERNMENT, ClientKind.MEMBERS),
    ProductKind.DECISION_BRIEF: (ClientKind.GOVERNMENT, ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.GUIDE: (ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.TOOL: (ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.DATASET: (ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.COURSE: (ClientKind.INDUSTRY, ClientKind.MEMBERS),
    ProductKind.STANDARD: (ClientKind.INDUSTRY, ClientKind.MEMBERS, ClientKind.GOVERNMENT),
    ProductKind.POPULAR_SCIENCE: (ClientKind.PUBLIC, ClientKind.INDUSTRY),
}
"""Whom a released product is offered to at first."""


# -- Execution of contracts: what the computer derives from submissions and payments; kept in no column


class MilestoneState(TextChoices):
    """How far a milestone is; follows from what was handed over, accepted and paid."""

    OPEN = "open", pgettext_lazy("milestone", "to be handed over")
    HANDED = "handed", pgettext_lazy("milestone", "handed over, to be accepted")
    REWORK = "rework", pgettext_lazy("milestone", "sent back for rework")
    ACCEPTED = "accepted", pgettext_lazy("milestone", "accepted, to be paid")
    PAID = "paid", pgettext_lazy("milestone", "accepted and paid")
