"""Reads of pilots: which are due, what participants said."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.kernel import charts
from alliance.kernel.charts import Chart, Opinion
from operations.choices import ParticipantState, PilotState, PointSource
from operations.models import CriterionScore, FeedbackPoint, Pilot, PilotCriterion, PilotFeedback, PilotParticipant
from operations.selectors.point import comments_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alliance.models import Alliance

ACTIVE_STATES = (PilotState.PLANNED, PilotState.OPEN, PilotState.EXTENDED, PilotState.AGGREGATING)


def list_active_pilot_ids(alliance: Alliance) -> list[int]:
    """Rounds in which something may be due, most urgent first; one query."""
    rows = Pilot.objects.of(alliance).filter(state__in=ACTIVE_STATES).order_by("deadline", "id")
    return list(rows.values_list("pk", flat=True))


def with_counts(pilots: Any) -> Any:
    """Rounds with ``answer_count``, ``firm_count`` and ``silent_count``: firms that take part and have not answered."""
    return pilots.annotate(
        answer_count=Count("participants__feedback", distinct=True),
        firm_count=Count(
            "participants",
            filter=~Q(participants__state__in=[ParticipantState.WITHDRAWN, ParticipantState.DECLINED]),
            distinct=True,
        ),
        silent_count=Count(
            "participants",
            filter=Q(participants__state__in=[ParticipantState.INVITED, ParticipantState.ACCEPTED]),
            distinct=True,
        ),
    )


@dataclass(slots=True)
class CriterionAnswers:
    """How often each score of a criterion was given."""

    criterion: PilotCriterion
    counts: Counter[int] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        """Answers in all."""
        return sum(self.counts.values())

    def opinion(self) -> list[int]:
        """The counts gathered into five answers, from most against to most for."""
        low, high = self.criterion.scale_low, self.criterion.scale_high
        fifths = [0] * 5
        for score, count in self.counts.items():
            place = min(4, max(0, round((score - low) / (high - low) * 4)))
            fifths[place] += count
        return fifths


def count_scores(pilot: Pilot) -> list[CriterionAnswers]:
    """Scores of a round by criterion; two queries."""
    found = {criterion.pk: CriterionAnswers(criterion) for criterion in pilot.criteria.order_by("position")}
    rows = (
        CriterionScore.objects.filter(alliance_id=pilot.alliance_id, criterion__pilot=pilot)
        .values_list("criterion_id", "score")
        .annotate(number=Count("pk"))
        .order_by()
    )
    for criterion_id, score, number in rows:
        found[criterion_id].counts[score] += number
    return list(found.values())


def draw_opinions(answers: Iterable[CriterionAnswers], csv_url: str = "") -> Chart | None:
    """The answers as diverging bars centred on the neutral ones; None without answers."""
    rows = [(entry, entry.opinion()) for entry in answers if entry.answered]
    if not rows:
        return None
    weakest, counts = max(rows, key=lambda row: (sum(row[1][:2]) / sum(row[1]), -row[0].criterion.position))
    against, total = sum(counts[:2]), sum(counts)
    if against:
        finding = ngettext(
            "Answers by criterion; “%(criterion)s” is weakest, %(against)s of %(total)s disagrees.",
            "Answers by criterion; “%(criterion)s” is weakest, %(against)s of %(total)s disagree.",
            against,
        ) % {"criterion": weakest.criterion.name, "against": against, "total": total}
    else:
        finding = _("Answers by criterion; nobody disagrees with any of them.")
    return charts.draw(
        charts.DivergingBars(
            finding=finding,
            answers=[_("Strongly against"), _("Against"), _("Neutral"), _("For"), _("Strongly for")],
            rows=[Opinion(entry.criterion.name, shares) for entry, shares in rows],
            row_label=_("Criterion"),
        ),
        csv_url,
    )


@dataclass(frozen=True, slots=True)
class Comment:
    """What a pilot firm wrote, with the criterion its answer was weakest on."""

    institution: Any
    text: str
    about: str
    tone: str
    severity: str
    at: Any
    evidence: Any
    point: FeedbackPoint


def list_comments(pilot: Pilot) -> list[Comment]:
    """What the sites of a round said in words, the gravest first, then the newest; four queries."""
    rows = (
        comments_of(pilot)
        .select_related("participant__institution", "feedback__evidence")
        .prefetch_related("feedback__scores__criterion")
        .order_by("-raised_at", "-id")
    )
    weight = {"blocking": 0, "major": 1, "minor": 2, "": 3}
    comments: list[Comment] = []
    for point in rows:
        if point.source == PointSource.DEFECT:
            about, tone = point.get_severity_display(), "warn" if point.severity == "minor" else "bad"
        else:
            about, tone = _weakest(point.feedback) if point.feedback is not None else ("", "neutral")
        comments.append(
            Comment(
                institution=point.participant.institution if point.participant is not None else None,
                text=point.text,
                about=about,
                tone=tone,
                severity=point.severity,
                at=point.raised_at,
                evidence=point.feedback.evidence if point.feedback is not None else None,
                point=point,
            )
        )
    return sorted(comments, key=lambda comment: weight[comment.severity])


def _weakest(feedback: PilotFeedback) -> tuple[str, str]:
    """The criterion an answer is least content with; content with all of them: a result."""
    scores = [
        ((score.score - score.criterion.scale_low) / (score.criterion.scale_high - score.criterion.scale_low), score)
        for score in feedback.scores.all()
    ]
    if not scores:
        return "", "neutral"
    share, weakest = min(scores, key=lambda pair: (pair[0], pair[1].criterion.position))
    return (weakest.criterion.name, "neutral") if share < 0.7 else (_("Result"), "ok")


def answer_table(pilot: Pilot) -> tuple[list[str], Iterator[list[Any]]]:
    """Header and rows of a round's answers without anybody's name; four queries."""
    criteria = list(pilot.criteria.order_by("position"))
    header = [
        _("answer"),
        _("institution"),
        _("submitted at"),
        *(criterion.name for criterion in criteria),
        _("suggestion"),
        _("defects"),
    ]
    rows = (
        PilotFeedback.objects.filter(alliance_id=pilot.alliance_id, participant__pilot=pilot)
        .select_related("participant__institution")
        .prefetch_related("scores", "points")
        .order_by("id")
    )

    def lines() -> Iterator[list[Any]]:
        for number, feedback in enumerate(rows, start=1):
            scores = {score.criterion_id: score.score for score in feedback.scores.all()}
            points = sorted(feedback.points.all(), key=lambda point: point.pk)
            yield [
                number,
                feedback.participant.institution.code,
                feedback.submitted_at,
                *(scores.get(criterion.pk) for criterion in criteria),
                " | ".join(point.text for point in points if point.source == PointSource.SUGGESTION),
                " | ".join(f"{point.severity}: {point.text}" for point in points if point.source == PointSource.DEFECT),
            ]

    return header, lines()


@dataclass(slots=True)
class FirmAnswers:
    """A pilot firm's part in a round."""

    participant: PilotParticipant
    answers: int


def list_firms(pilot: Pilot) -> list[FirmAnswers]:
    """Pilot firms of a round with the number of their answers; one query."""
    rows = (
        pilot.participants.select_related("institution")
        .annotate(answer_count=Count("feedback"))
        .order_by("institution__sort_key", "id")
    )
    return [FirmAnswers(row, row.answer_count) for row in rows]


def own_answer(pilot: Pilot, user: Any) -> PilotFeedback | None:
    """The answer this person gave, with its scores; three queries."""
    return (
        PilotFeedback.objects.filter(alliance_id=pilot.alliance_id, participant__pilot=pilot, respondent_key=str(user.uuid))
        .select_related("participant__institution", "evidence")
        .prefetch_related("scores__criterion")
        .first()
    )


def list_pilots_of_institutions(alliance: Alliance, institution_ids: Iterable[int], user: Any) -> list[Any]:
    """Rounds that institutions take part in, running ones first by deadline, with whether this person answered.

    Each has ``answered`` (this person) and ``answer_count`` (all). Two queries.
    """
    ids = set(institution_ids)
    rows = with_counts(
        Pilot.objects.of(alliance)
        .filter(
            pk__in=PilotParticipant.objects.of(alliance)
            .filter(institution_id__in=ids)
            .exclude(state__in=[ParticipantState.WITHDRAWN, ParticipantState.DECLINED])
            .values("pilot_id")
        )
        .select_related("product")
    )
    pilots = list(rows.order_by("deadline", "id"))
    mine: dict[int, bool] = defaultdict(bool)
    for pilot_id in (
        PilotFeedback.objects.of(alliance)
        .filter(participant__pilot__in=pilots, respondent_key=str(user.uuid))
        .values_list("participant__pilot_id", flat=True)
    ):
        mine[pilot_id] = True
    for pilot in pilots:
        pilot.answered = mine[pilot.pk]
    return sorted(pilots, key=lambda pilot: (not pilot.is_running, pilot.answered, pilot.deadline))
