"""Closed vocabularies of the operational layer (blueprint section 6)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ProductKind(TextChoices):
    """What a product is."""

    RESEARCH_REPORT = "research_report", _("research report")
    POLICY_ADVICE = "policy_advice", _("policy advice")
    DECISION_BRIEF = "decision_brief", _("decision brief")
    GUIDE = "guide", _("guide")
    TOOL = "tool", _("tool")
    DATASET = "dataset", _("data set")
    STANDARD = "standard", _("standard")
    COURSE = "course", _("course")
    POPULAR_SCIENCE = "popular_science", _("popular-science series")


class ProductState(TextChoices):
    """Where a product is on its way to the industry."""

    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("in review")
    TRANSFORMING = "transforming", _("being adapted")
    PILOTING = "piloting", _("in pilot")
    IMPROVING = "improving", _("being improved")
    RELEASED = "released", _("released")
    RETIRED = "retired", _("retired")
    WITHDRAWN = "withdrawn", pgettext_lazy("a product", "withdrawn")


class ReviewVerdict(TextChoices):
    """A reviewer's word on a draft."""

    APPROVE = "approve", _("good to go on")
    RETURN = "return", _("send back")


class PilotState(TextChoices):
    """Life of one pilot round."""

    PLANNED = "planned", _("planned")
    OPEN = "open", _("open")
    EXTENDED = "extended", _("extended")
    AGGREGATING = "aggregating", _("answers being summed up")
    PASSED = "passed", _("passed")
    FAILED = "failed", _("not passed")
    INCONCLUSIVE = "inconclusive", _("not enough answers")
    CANCELLED = "cancelled", _("called off")


class ParticipantState(TextChoices):
    """A pilot institution's part in a round."""

    INVITED = "invited", _("invited")
    ACCEPTED = "accepted", _("accepted")
    ANSWERED = "answered", _("answered")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


class DefectSeverity(TextChoices):
    """How much a defect matters."""

    BLOCKING = "blocking", _("blocking")
    MAJOR = "major", _("major")
    MINOR = "minor", _("minor")


class SnapshotOccasion(TextChoices):
    """Why a product's texts were kept as they stood."""

    SUBMITTED = "submitted", _("submitted for review")
    ADAPTED = "adapted", _("handed over by the media group")
    PIECE = "piece", _("turned into a piece")
    PILOT = "pilot", _("sent into a pilot")
    RELEASED = "released", _("released")


class ContributionRole(TextChoices):
    """What an institution did for a product."""

    AUTHOR = "author", _("wrote it")
    METHOD = "method", _("method")
    DATA = "data", _("data")
    ADAPTATION = "adaptation", _("adaptation")
    TRIAL = "trial", _("trial")
    TRANSLATION = "translation", _("translation")
    MEANS = "means", _("money or equipment")


class ReferenceKind(TextChoices):
    """What a product answers or rests on."""

    NEED = "need", _("need of the industry")
    LISTING = "listing", _("listing")
    PROJECT = "project", _("project")
    PRODUCT = "product", pgettext_lazy("a record", "product")
    DIRECTIVE = "directive", _("directive")
    EXTERNAL = "external", _("outside source")


class ReleaseRule(TextChoices):
    """Who decides on a release in an alliance."""

    COMMITTEE = "committee", _("a member of the management committee")
    CONVENOR = "convenor", _("the convenor of the leading-enterprise group")
    MOTION = "motion", _("a motion of the management committee")


class PieceKind(TextChoices):
    """What the media group makes of a product."""

    BRIEF = "brief", _("brief")
    ARTICLE = "article", pgettext_lazy("a piece", "article")
    INFOGRAPHIC = "infographic", _("infographic text")
    VIDEO_SCRIPT = "video_script", _("short video script")
    WECHAT_ARTICLE = "wechat_article", _("WeChat article")
    COURSE = "course", _("course")


class PieceAudience(TextChoices):
    """Whom a piece is for."""

    INDUSTRY = "industry", _("the industry and its enterprises")
    MEMBERS = "members", _("members")
    GOVERNMENT = "government", _("governments and public bodies")
    PUBLIC = "public", _("the public")


class PieceChannel(TextChoices):
    """Where a piece goes out (Zheng2018, section 4.4: online and offline channels)."""

    SITE = "site", _("website")
    SHARING_PLATFORM = "sharing_platform", _("sharing platform")
    WECHAT = "wechat", _("WeChat official account")
    WEIBO = "weibo", _("Weibo")
    APP = "app", _("app")
    CHAT_GROUP = "chat_group", _("WeChat or QQ group")
    EVENT = "event", _("forum, seminar or lecture")
    PRINT = "print", _("print")


class PieceState(TextChoices):
    """Life of a piece."""

    DRAFT = "draft", _("draft")
    IN_CHECK = "in_check", _("being checked by the authors")
    APPROVED = "approved", pgettext_lazy("a piece", "checked")
    PUBLISHED = "published", _("published")
    WITHDRAWN = "withdrawn", pgettext_lazy("a piece", "withdrawn")


class PersonRole(TextChoices):
    """A named person's part at a pilot site."""

    LEAD = "lead", _("answers for the site")
    TRIER = "trier", _("tries it")


class ReadingPhase(TextChoices):
    """When a measure was taken."""

    BASELINE = "baseline", _("before the trial")
    AFTER = "after", _("during or after the trial")


class EntryKind(TextChoices):
    """What a site writes into its workbook."""

    READING = "reading", _("measurement")
    SCORES = "scores", _("scores")
    DEFECT = "defect", _("defect")
    SUGGESTION = "suggestion", _("suggestion")
    NOTE = "note", _("note")
    PHOTO = "photo", _("photo or file")


class PointSource(TextChoices):
    """Where a point of feedback comes from."""

    DEFECT = "defect", _("defect found at a site")
    SUGGESTION = "suggestion", _("suggestion of a site")
    CRITERION = "criterion", _("criterion under its pass mark")
    DECISION = "decision", _("decision on the release")
    MEMBER = "member", _("remark of a member")
    PUBLIC = "public", _("comment of a client")


class PointState(TextChoices):
    """What became of a point of feedback."""

    OPEN = "open", pgettext_lazy("a point of feedback", "open")
    ACCEPTED = "accepted", pgettext_lazy("a point of feedback", "accepted")
    DECLINED = "declined", pgettext_lazy("a point of feedback", "declined")
    DONE = "done", pgettext_lazy("a point of feedback", "done")


class ProjectState(TextChoices):
    """Life of a project."""

    PLANNED = "planned", pgettext_lazy("a project", "planned")
    RUNNING = "running", pgettext_lazy("a project", "running")
    FINISHED = "finished", pgettext_lazy("a project", "finished")
    STOPPED = "stopped", pgettext_lazy("a project", "stopped")


class TaskState(TextChoices):
    """State of a task in a project."""

    TO_DO = "to_do", _("to do")
    DOING = "doing", _("being done")
    DONE = "done", pgettext_lazy("a task", "done")
    DROPPED = "dropped", pgettext_lazy("a task", "dropped")


class ProjectRole(TextChoices):
    """A person's part in a project."""

    LEADER = "leader", _("leads it")
    MEMBER = "member", _("works in it")


class LearningForm(TextChoices):
    """How people of the alliance learn from each other (AllianceCase2013, learning mechanism)."""

    TRAINING = "training", _("training")
    WORKSHOP = "workshop", _("workshop")
    EXCHANGE = "exchange", _("exchange of staff")
    VISIT = "visit", _("visit")
    SEMINAR = "seminar", _("seminar")


class SessionState(TextChoices):
    """Life of one held course."""

    PLANNED = "planned", pgettext_lazy("a session", "planned")
    OPEN = "open", pgettext_lazy("a session", "open for enrolment")
    HELD = "held", pgettext_lazy("a session", "held")
    CANCELLED = "cancelled", pgettext_lazy("a session", "cancelled")


class EnrolmentState(TextChoices):
    """A person's place in a session."""

    ENROLLED = "enrolled", _("enrolled")
    WAITING = "waiting", _("on the waiting list")
    LEFT = "left", pgettext_lazy("an enrolment", "given up")


class AttendanceMark(TextChoices):
    """Whether a person was there."""

    PRESENT = "present", pgettext_lazy("a learner", "present")
    PARTLY = "partly", pgettext_lazy("a learner", "partly present")
    ABSENT = "absent", pgettext_lazy("a learner", "absent")


class AssessmentMark(TextChoices):
    """Outcome of the assessment."""

    PASSED = "passed", pgettext_lazy("a learner", "passed")
    FAILED = "failed", pgettext_lazy("a learner", "not passed")


class TariffState(TextChoices):
    """Life of a tariff of contribution points."""

    PROPOSED = "proposed", pgettext_lazy("a tariff", "proposed")
    APPROVED = "approved", pgettext_lazy("a tariff", "in force")
    REFUSED = "refused", pgettext_lazy("a tariff", "refused")
    SUPERSEDED = "superseded", pgettext_lazy("a tariff", "superseded")


class ContributionAct(TextChoices):
    """Verified acts that earn contribution points (methods.md 5.4)."""

    PRODUCT_RELEASED = "product_released", _("product released")
    PRODUCT_ADAPTED = "product_adapted", _("product adapted")
    DRAFT_REVIEWED = "draft_reviewed", _("draft reviewed")
    PIECE_PUBLISHED = "piece_published", _("piece published")
    PILOT_ANSWERED = "pilot_answered", _("pilot answered")
    POINT_DONE = "point_done", _("suggestion taken up")
    MILESTONE_REACHED = "milestone_reached", _("milestone reached")
    HOURS_WORKED = "hours_worked", _("hours worked in a project")
    SESSION_HELD = "session_held", _("course held")
    COURSE_PASSED = "course_passed", _("course passed")


class RiskCategory(TextChoices):
    """What a risk is about."""

    SCHEDULE = "schedule", _("schedule")
    QUALITY = "quality", _("quality")
    SUPPLY = "supply", _("dependence on one supplier")
    TRUST = "trust", _("trust and conflicts of interest")
    MONEY = "money", _("money")
    PEOPLE = "people", _("people")
    LAW = "law", _("law")
    OTHER = "other", pgettext_lazy("a risk", "other")


class RiskState(TextChoices):
    """Life of a risk."""

    OPEN = "open", pgettext_lazy("a risk", "open")
    ACCEPTED = "accepted", pgettext_lazy("a risk", "accepted")
    CLOSED = "closed", pgettext_lazy("a risk", "closed")


class KindFieldType(TextChoices):
    """What a field of a product kind holds."""

    TEXT = "text", _("one line")
    BILINGUAL = "bilingual", _("text in English and Chinese")
    NUMBER = "number", pgettext_lazy("a field of a product kind", "number")
    DATE = "date", pgettext_lazy("a field of a product kind", "day")
    CHOICE = "choice", _("one of a list")
    URL = "url", pgettext_lazy("a field of a product kind", "web address")


class PathState(TextChoices):
    """How far a person is on a learning path; it follows from valid certificates and is stored nowhere."""

    NOT_BEGUN = "not_begun", pgettext_lazy("a learning path", "not begun")
    UNDER_WAY = "under_way", pgettext_lazy("a learning path", "under way")
    REACHED = "reached", pgettext_lazy("a learning path", "reached")


class CertificateState(TextChoices):
    """What the verification of a certificate says; it follows from its dates."""

    VALID = "valid", pgettext_lazy("a certificate", "valid")
    EXPIRED = "expired", pgettext_lazy("a certificate", "expired")
    REVOKED = "revoked", pgettext_lazy("a certificate", "revoked")
    UNKNOWN = "unknown", pgettext_lazy("a certificate", "unknown")
