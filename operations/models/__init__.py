"""Models of the operational layer."""

from operations.models.incentive import (
    ContributionPoints,
    HonoursList,
    Tariff,
)
from operations.models.learning import (
    Certificate,
    Course,
    CourseSession,
    Enrolment,
    LearningPath,
    LearningPathCourse,
)
from operations.models.piece import (
    Piece,
    PieceCheck,
)
from operations.models.pilot import (
    CriterionScore,
    Pilot,
    PilotCriterion,
    PilotFeedback,
    PilotParticipant,
    PilotStep,
)
from operations.models.product import (
    Product,
    ProductReview,
    ProductShare,
)
from operations.models.project import (
    Deliverable,
    Milestone,
    Project,
    ProjectPerson,
    ProjectTask,
    TaskLink,
    WorkHours,
)
from operations.models.risk import (
    Risk,
    RiskMeasure,
    RiskReview,
)
from operations.models.version import (
    Contribution,
    KindForm,
    PipelineRules,
    ProductFile,
    ProductReference,
    ProductVersion,
)
from operations.models.workbook import (
    FeedbackPoint,
    PilotMeasure,
    PilotPerson,
    PilotPlanVersion,
    PilotReopening,
    Reading,
    WorkbookEntry,
)

__all__ = [
    "Certificate",
    "Contribution",
    "ContributionPoints",
    "Course",
    "CourseSession",
    "CriterionScore",
    "Deliverable",
    "Enrolment",
    "FeedbackPoint",
    "HonoursList",
    "KindForm",
    "LearningPath",
    "LearningPathCourse",
    "Milestone",
    "Piece",
    "PieceCheck",
    "Pilot",
    "PilotCriterion",
    "PilotFeedback",
    "PilotMeasure",
    "PilotParticipant",
    "PilotPerson",
    "PilotPlanVersion",
    "PilotReopening",
    "PilotStep",
    "PipelineRules",
    "Product",
    "ProductFile",
    "ProductReference",
    "ProductReview",
    "ProductShare",
    "ProductVersion",
    "Project",
    "ProjectPerson",
    "ProjectTask",
    "Reading",
    "Risk",
    "RiskMeasure",
    "RiskReview",
    "Tariff",
    "TaskLink",
    "WorkHours",
    "WorkbookEntry",
]
