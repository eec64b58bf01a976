"""Closed vocabularies of the element layer (blueprint section 4, Zheng2018)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class InstitutionKind(TextChoices):
    """The seven kinds of institutions an alliance joins."""

    INDUSTRY_THINK_TANK = "industry_think_tank", _("industry think tank")
    INDUSTRY_ASSOCIATION = "industry_association", _("industry association")
    SPECIALISED_THINK_TANK = "specialised_think_tank", _("specialised think tank")
    MEDIA_THINK_TANK = "media_think_tank", _("industry media think tank")
    LEADING_ENTERPRISE = "leading_enterprise", _("leading enterprise")
    LIBRARY_INFORMATION = "library_information", _("library and information institution")
    UNIVERSITY_THINK_TANK = "university_think_tank", _("university think tank")


class SubKind(TextChoices):
    """Finer kinds (blueprint section 4): of specialised think tanks the first two, of leading enterprises the last two."""

    NONE = "", _("not divided further")
    SINGLE_FIELD = "single_field", _("single-field")
    DIVERSIFIED = "diversified", _("diversified")
    INTRA_INDUSTRY = "intra_industry", _("intra-industry")
    INTER_INDUSTRY = "inter_industry", _("inter-industry")


KIND_SUBKINDS: dict[str, tuple[str, ...]] = {
    InstitutionKind.SPECIALISED_THINK_TANK: (SubKind.SINGLE_FIELD, SubKind.DIVERSIFIED),
    InstitutionKind.LEADING_ENTERPRISE: (SubKind.INTRA_INDUSTRY, SubKind.INTER_INDUSTRY),
}
"""Which kinds are divided further, and how."""


class Element(TextChoices):
    """The nine elements institutions bring."""

    POLICY = "policy", _("policy")
    TALENT = "talent", _("talent")
    TECHNOLOGY = "technology", _("technology")
    DISSEMINATION = "dissemination", _("dissemination")
    PRODUCT_TRANSFORMATION = "product_transformation", _("product transformation")
    PILOT_FEEDBACK = "pilot_feedback", _("pilot feedback")
    CAPITAL = "capital", _("capital")
    RESOURCES = "resources", _("resources")
    COORDINATION_SUPERVISION = "coordination_supervision", _("coordination and supervision")


class Scale(TextChoices):
    """Reach of a supply."""

    MACRO = "macro", _("macro")
    MESO = "meso", _("meso")
    MICRO = "micro", _("micro")


class InstitutionState(TextChoices):
    """Standing of an institution in the alliance."""

    CHARTER_PENDING = "charter_pending", _("waiting for charter acceptance")
    # Its own context, for libraries translate "active" otherwise.
    ACTIVE = "active", pgettext_lazy("standing of an institution", "active")
    SUSPENDED = "suspended", _("suspended")
    LEAVING = "leaving", _("leaving, duties being handed over")
    WITHDRAWN = "withdrawn", _("left")
    EXPELLED = "expelled", _("expelled")
    LAPSED = "lapsed", _("lapsed (not renewed)")
    MERGED = "merged", _("merged into another entry")


RIGHTS_ENDED = frozenset(
    {InstitutionState.WITHDRAWN, InstitutionState.EXPELLED, InstitutionState.LAPSED, InstitutionState.MERGED}
)
"""States in which nobody acts for the institution any more."""


class RegistryScheme(TextChoices):
    """Register that an institution's code comes from."""

    NONE = "none", _("no register")
    USCC = "uscc", _("unified social credit code")
    ROR = "ror", _("ROR")


class StaffRole(TextChoices):
    """Roles a person holds in an institution."""

    REPRESENTATIVE = "representative", _("representative of an institution")
    STAFF = "staff", _("handling officer")
    SIGNATORY = "signatory", _("signatory")


class ImportState(TextChoices):
    """How far an import is."""

    UPLOADED = "uploaded", _("waiting for the mapping")
    MAPPED = "mapped", _("mapped")
    CHECKING = "checking", _("dry run under way")
    CHECKED = "checked", _("dry run finished")
    RUNNING = "running", _("import under way")
    FINISHED = "finished", _("finished")
    FAILED = "failed", _("failed")


class ImportPolicy(TextChoices):
    """What happens to the good rows when some rows are faulty."""

    GOOD_ROWS = "good_rows", _("import the good rows, return the faulty ones")
    ALL_OR_NONE = "all_or_none", _("import nothing unless every row is good")


class ImportSubject(TextChoices):
    """What the rows of an imported table are."""

    INSTITUTIONS = "institutions", _("institutions")
    EXPERTS = "experts", _("experts")
    SEATS = "seats", _("seats in groups")
    LISTINGS = "listings", _("supply and demand listings")


class ImportPurpose(TextChoices):
    """Which of the two jobs over the same table is meant."""

    CHECK = "check", _("dry run")
    IMPORT = "import", _("import")


KIND_ELEMENTS: dict[str, tuple[str, ...]] = {
    InstitutionKind.INDUSTRY_THINK_TANK: (Element.POLICY, Element.TALENT),
    InstitutionKind.INDUSTRY_ASSOCIATION: (Element.POLICY,),
    InstitutionKind.SPECIALISED_THINK_TANK: (Element.TECHNOLOGY,),
    InstitutionKind.MEDIA_THINK_TANK: (Element.DISSEMINATION, Element.PRODUCT_TRANSFORMATION),
    InstitutionKind.LEADING_ENTERPRISE: (Element.PILOT_FEEDBACK,),
    InstitutionKind.LIBRARY_INFORMATION: (Element.RESOURCES,),
    InstitutionKind.UNIVERSITY_THINK_TANK: (Element.TALENT, Element.TECHNOLOGY),
}
"""What each kind usually brings (Zheng2018, section 4): only ever noted on request, and as not assessed."""


# ----------------------------------------------------------------------------------------------------- admission, exit


class ApplicationState(TextChoices):
    """Life of an application for membership."""

    UNCONFIRMED = "unconfirmed", _("waiting for the mail to be confirmed")
    SUBMITTED = "submitted", _("received")
    SCREENING = "screening", _("being checked")
    RETURNED = "returned", _("sent back for completion")
    COMPLETE = "complete", _("complete, ready for the committee")
    VOTING = "voting", _("before the committee")
    ACCEPTED = "accepted", _("approved")
    REJECTED = "rejected", _("not approved")
    WITHDRAWN = "withdrawn", _("withdrawn by the applicant")
    EXPIRED = "expired", _("expired without completion")


class EvidenceKind(TextChoices):
    """Evidence an application brings."""

    LEGAL_STATUS = "legal_status", _("proof of legal status")
    ELEMENT_STATEMENT = "element_statement", _("statement of the elements offered")
    AUTHORISATION = "authorisation", _("letter naming representative and signatory")
    TRACK_RECORD = "track_record", _("list of studies and outputs")
    MEMBER_LIST = "member_list", _("list of the association's own members")
    PUBLISHING_LICENCE = "publishing_licence", _("licence to publish, or channel registration")
    PRODUCTION_SITE = "production_site", _("description of sites where pilots can run")
    COLLECTION_OVERVIEW = "collection_overview", _("overview of collections and access terms")
    PARENT_CONSENT = "parent_consent", _("consent of the parent university")
    OTHER = "other", _("other evidence")


class LetterKind(TextChoices):
    """Letters to an applicant."""

    LINK = "link", _("private link")
    RECEIVED = "received", _("receipt")
    RETURNED = "returned", _("sent back for completion")
    REMINDER = "reminder", _("reminder")
    COMPLETE = "complete", _("complete, goes to the committee")
    ACCEPTED = "accepted", _("admission")
    REJECTED = "rejected", _("refusal with reasons")
    CLOSED = "closed", _("closed without decision")


class StandingNoteKind(TextChoices):
    """Steps towards a member before it is suspended or expelled (charter, article 10)."""

    REMINDER = "reminder", _("written reminder")
    HEARD_WRITTEN = "heard_written", _("heard in writing")
    HEARD_PERSON = "heard_person", _("heard in person")


class FactKind(TextChoices):
    """Facts of an institution's entry that the office verifies and the institution confirms each year."""

    NAME = "name", _("name")
    KIND = "kind", _("kind")
    REGISTRY = "registry", _("registry code")
    REGION = "region", _("region")
    WEB = "web", _("web site")
    CONTACT = "contact", _("contact")
    ELEMENTS = "elements", _("elements supplied")


# ------------------------------------------------------------------------------------------------- experts, resources


class ConsentLevel(TextChoices):
    """Who may see an expert's personal data."""

    PUBLIC = "public", _("everybody")
    MEMBERS_ONLY = "members_only", _("members only")
    NONE = "none", _("nobody outside the own institution and the office")


class ExpertState(TextChoices):
    """Whether an expert can be asked."""

    ACTIVE = "active", _("in the talent pool")
    ENDED = "ended", _("no longer in the talent pool")


class InterestKind(TextChoices):
    """Kinds of interests that can put somebody in conflict (charter, article 21)."""

    POST = "post", _("post or employment")
    HOLDING = "holding", _("shares or ownership")
    CONTRACT = "contract", _("contract of the last three years")
    FAMILY = "family", _("close relative concerned")
    SHARED_OUTPUT = "shared_output", _("shared output")
    OTHER = "other", _("other interest")


class ResourceKind(TextChoices):
    """What kind of resource an institution opens to others."""

    LABORATORY = "laboratory", _("laboratory")
    EQUIPMENT = "equipment", _("equipment")
    DATA_SET = "data_set", _("data set")
    COLLECTION = "collection", _("collection")
    SOFTWARE = "software", _("software")
    VENUE = "venue", _("venue")


class ResourceAudience(TextChoices):
    """Who may use a resource."""

    OWN = "own", _("the own institution only")
    NAMED = "named", _("named institutions")
    MEMBERS = "members", _("all members")
    PUBLIC = "public", _("everybody, through the office")


class ResourceState(TextChoices):
    """Whether a resource is on offer."""

    OPEN = "open", _("on offer")
    PAUSED = "paused", _("not on offer for now")
    ENDED = "ended", _("no longer on offer")


class BookingState(TextChoices):
    """Life of a booking."""

    REQUESTED = "requested", _("asked for")
    CONFIRMED = "confirmed", _("confirmed")
    DECLINED = "declined", _("declined")
    CANCELLED = "cancelled", _("cancelled")


BLOCKING_BOOKINGS: tuple[str, ...] = (BookingState.REQUESTED, BookingState.CONFIRMED)
"""Bookings that keep the time for themselves."""


# ------------------------------------------------------------------------------------------------------- duplicates


class DuplicateState(TextChoices):
    """What became of a pair that may be one institution."""

    OPEN = "open", _("to be looked at")
    DISMISSED = "dismissed", _("not the same")
    MERGED = "merged", _("merged")


class MergeOutcome(TextChoices):
    """What a merge did with one linked record."""

    MOVED = "moved", _("moved to the entry that stays")
    LEFT = "left", _("left with the old entry, because the other has its own")


# ------------------------------------------------------------------------------------------- verified facts, bulk acts


class FactState(TextChoices):
    """How far a fact of an institution's entry can be relied on."""

    EMPTY = "empty", _("not given")
    UNVERIFIED = "unverified", _("not verified")
    CHANGED = "changed", _("changed since it was verified")
    CONFIRMED = "confirmed", _("confirmed by the institution, not verified")
    EXPIRED = "expired", _("not confirmed for over a year")
    VERIFIED = "verified", _("verified")


FACT_TONES: dict[str, str] = {
    FactState.EMPTY: "neutral",
    FactState.UNVERIFIED: "neutral",
    FactState.CHANGED: "warn",
    FactState.CONFIRMED: "info",
    FactState.EXPIRED: "warn",
    FactState.VERIFIED: "ok",
}
"""How the states are drawn."""
