"""What an application must answer and prove, by kind of institution: data, read by form, check and letters.

Source: charter, article 6 (application, proof of legal status, statement of the elements offered) and article 8 (a
representative and a signatory); what each kind brings follows Zheng2018, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.choices import KIND_SUBKINDS, Element, EvidenceKind, InstitutionKind, Scale

if TYPE_CHECKING:
    from collections.abc import Collection

    from django_stubs_ext import StrOrPromise

    from members.models import Application

ANSWER_MAX_LENGTH = 2000
STATEMENT_MAX_LENGTH = 600
ELEMENT_ROWS = 4
"""Elements that the form has room for; the nine are rarely brought by one institution."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question asked of one kind of institutions.

    Attributes:
        key: Key in ``Application.answers``; the form's field is ``answer_<key>``.
        label: The question.
        hint: What a good answer holds.
        required: Whether the file is incomplete without it.
    """

    key: str
    label: StrOrPromise
    hint: StrOrPromise = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Requirements:
    """What one kind of institutions answers and proves.

    Attributes:
        questions: In the order of the form.
        evidence: Kinds of evidence needed.
        lead: One sentence on who applies as this kind.
    """

    questions: tuple[Question, ...]
    evidence: tuple[str, ...]
    lead: StrOrPromise


_COMMON_EVIDENCE = (EvidenceKind.LEGAL_STATUS, EvidenceKind.ELEMENT_STATEMENT, EvidenceKind.AUTHORISATION)
_STUDIES = Question(
    "studies",
    gettext_lazy("Which studies of the last three years matter most to the industry?"),
    gettext_lazy("Up to three: title, year, for whom, what it led to."),
)
_INDEPENDENCE = Question(
    "independence",
    gettext_lazy("Who pays for your work, and how do you keep your findings independent?"),
)

REQUIREMENTS: dict[str, Requirements] = {
    InstitutionKind.INDUSTRY_THINK_TANK: Requirements(
        (
            Question(
                "fields",
                gettext_lazy("Which parts of the industry do you study?"),
                gettext_lazy("Sectors, links of the chain, regions."),
            ),
            Question("researchers", gettext_lazy("How many researchers work for you full time, and in which disciplines?")),
            _STUDIES,
            _INDEPENDENCE,
        ),
        (*_COMMON_EVIDENCE, EvidenceKind.TRACK_RECORD),
        gettext_lazy("Looks at the industry as a whole: policy, structure, trends."),
    ),
    InstitutionKind.INDUSTRY_ASSOCIATION: Requirements(
        (
            Question(
                "reach",
                gettext_lazy("How many members have you, and what share of the industry or region do they stand for?"),
            ),
            Question(
                "policy_work",
                gettext_lazy("In which policies or standards did you take part in the last three years?"),
                gettext_lazy("Name the document and your part in it."),
            ),
            Question("services", gettext_lazy("What do you do for your own members?"), required=False),
        ),
        (*_COMMON_EVIDENCE, EvidenceKind.MEMBER_LIST),
        gettext_lazy("Stands for the enterprises of an industry; chambers belong here too."),
    ),
    InstitutionKind.SPECIALISED_THINK_TANK: Requirements(
        (
            Question("field", gettext_lazy("In which field or fields do you specialise, and with which methods?")),
            Question("facilities", gettext_lazy("Which laboratories, tools or data do you work with?"), required=False),
            _STUDIES,
            _INDEPENDENCE,
        ),
        (*_COMMON_EVIDENCE, EvidenceKind.TRACK_RECORD),
        gettext_lazy("Works on one field in depth, or on several technical fields."),
    ),
    InstitutionKind.MEDIA_THINK_TANK: Requirements(
        (
            Question(
                "channels",
                gettext_lazy("Which channels do you run, and whom do they reach?"),
                gettext_lazy("Name, kind of channel, readers or viewers a month."),
            ),
            Question("editing", gettext_lazy("How are facts checked before you publish?")),
            Question(
                "adapted",
                gettext_lazy("Which research have you turned into something that enterprises or the public use?"),
                required=False,
            ),
        ),
        (*_COMMON_EVIDENCE, EvidenceKind.PUBLISHING_LICENCE),
        gettext_lazy("Reports on the industry and turns research into things people can use."),
    ),
    InstitutionKind.LEADING_ENTERPRISE: Requirements(
        (
            Question(
                "position",
                gettext_lazy("What is your position in the industry?"),
                gettext_lazy("Products, turnover of the last year, place in the chain."),
            ),
            Question(
                "pilots",
                gettext_lazy("Which plants, lines or shops can try a product out, and how many people would take part?"),
            ),
            Question(
                "interests",
                gettext_lazy("With which members of the alliance do you have contracts, shares or competition?"),
                gettext_lazy("Declared interests keep you from votes on them, not from membership."),
            ),
        ),
        (*_COMMON_EVIDENCE, EvidenceKind.PRODUCTION_SITE),
        gettext_lazy("Leads in one industry or in several, and tries products out."),
    ),
    InstitutionKind.LIBRARY_INFORMATION: Requirements(
        (
            Question("collections", gettext_lazy("Which collections and databases on the industry do you hold?")),
            Question(
                "access",
                gettext_lazy("On what terms can members use them?"),
                gettext_lazy("Who, where, what it costs, what licences allow."),
            ),
            Question("information_services", gettext_lazy("Which information services do you offer?"), required=False),
        ),
        (*_COMMON_EVIDENCE, EvidenceKind.COLLECTION_OVERVIEW),
        gettext_lazy("Holds collections and data and provides information services."),
    ),
    InstitutionKind.UNIVERSITY_THINK_TANK: Requirements(
        (
            Question("university", gettext_lazy("Which university do you belong to, and since when do you exist?")),
            Question(
                "disciplines",
                gettext_lazy("Which disciplines and how many teachers and researchers take part?"),
            ),
            _STUDIES,
            Question("training", gettext_lazy("Which courses or degrees train people for the industry?"), required=False),
        ),
        (*_COMMON_EVIDENCE, EvidenceKind.TRACK_RECORD, EvidenceKind.PARENT_CONSENT),
        gettext_lazy("Part of a university; brings talent and technology."),
    ),
}
"""By kind, all seven."""


def requirements_of(kind: str) -> Requirements:
    """What a kind answers and proves."""
    return REQUIREMENTS[kind]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing a complete file has.

    Attributes:
        field: Name of the form's field, or ``evidence_<kind>``.
        label: What it is.
        met: Whether it is there.
        words: What is missing, when it is.
    """

    field: str
    label: StrOrPromise
    met: bool
    words: str = ""


def check_completeness(application: Application, evidence_kinds: Collection[str]) -> list[Point]:
    """Every point of a complete file, met or not, in the order of the form; touches no database.

    Args:
        application: The file.
        evidence_kinds: Kinds of the evidence that came with it.
    """
    needs = REQUIREMENTS[application.kind]
    chinese = application.country_code == "CN"
    points = [
        _point(
            "name_zh" if chinese else "name_en",
            _("Name as registered"),
            bool(application.name_zh if chinese else application.name_en),
            _("The name in Chinese, as the register has it, is missing.")
            if chinese
            else _("The name in English is missing."),
        ),
    ]
    # Abroad there may be no register we can check; a university's think tank is registered through its university.
    if chinese and application.kind != InstitutionKind.UNIVERSITY_THINK_TANK:
        points.append(
            _point(
                "registry_code",
                _("Registry code"),
                bool(application.registry_code),
                _("The unified social credit code is missing."),
            )
        )
    if chinese:
        points.append(
            _point("region", _("Region"), bool(application.region_code), _("The province or prefecture is missing."))
        )
    if application.kind in KIND_SUBKINDS:
        points.append(_point("subkind", _("Finer kind"), bool(application.subkind), _("The finer kind was not chosen.")))
    points.append(
        _point(
            "contact_name",
            _("Contact person"),
            bool(application.contact_name and application.contact_email),
            _("Name and e-mail of a contact person are missing."),
        )
    )
    stated = [row for row in application.elements if row.get("statement", "").strip()]
    points.append(
        _point(
            "element_1",
            _("Statement of the elements offered"),
            bool(stated) and len(stated) == len(application.elements),
            _("Say of each element that you chose what you bring.")
            if application.elements
            else _("Name at least one element and say what you bring."),
        )
    )
    points.extend(
        _point(
            f"answer_{question.key}",
            str(question.label),
            bool(str(application.answers.get(question.key, "")).strip()),
            _("This question is not answered."),
        )
        for question in needs.questions
        if question.required
    )
    points.extend(
        _point(
            f"evidence_{kind}",
            _("Evidence: %(evidence)s") % {"evidence": EvidenceKind(kind).label},
            kind in evidence_kinds,
            _("This evidence is missing: %(evidence)s.") % {"evidence": EvidenceKind(kind).label},
        )
        for kind in needs.evidence
    )
    return points


def _point(field: str, label: str, met: bool, words: str) -> Point:
    return Point(field, label, met, "" if met else words)


def missing_points(application: Application, evidence_kinds: Collection[str]) -> list[Point]:
    """The points that are not met."""
    return [point for point in check_completeness(application, evidence_kinds) if not point.met]


def field_labels(kind: str) -> dict[str, StrOrPromise]:
    """Everything of a file that can be sent back, in the order of the form: field -> label."""
    needs = REQUIREMENTS[kind]
    labels: dict[str, StrOrPromise] = {
        "name_zh": _("Name in Chinese"),
        "name_en": _("Name in English"),
        "registry_code": _("Registry code"),
        "region": _("Region"),
        "web": _("Web site"),
        "contact_name": _("Contact person"),
        "representative_name": _("Representative"),
        "element_1": _("Elements offered"),
    }
    if kind in KIND_SUBKINDS:
        labels["subkind"] = _("Finer kind")
    labels.update({f"answer_{question.key}": question.label for question in needs.questions})
    labels.update({f"evidence_{kind}": capfirst(EvidenceKind(kind).label) for kind in needs.evidence})
    return labels


def element_words(row: dict[str, str]) -> str:
    """An element offered, in words: element and scale."""
    element, scale = row.get("element", ""), row.get("scale", "")
    parts = [str(capfirst(Element(element).label)) if element in Element.values else element]
    if scale in Scale.values:
        parts.append(str(Scale(scale).label))
    return " · ".join(parts)
