"""Models of the element layer."""

from members.models.application import Application, ApplicationEvidence, ApplicationLetter
from members.models.bulk_act import BulkAct
from members.models.duplicate import DuplicatePair, InstitutionMerge, MergeStep
from members.models.expert import Expert, ExpertConsent, ExpertInterest, ExpertSkill
from members.models.institution import ElementSupply, Institution, InstitutionCounter, InstitutionStaff
from members.models.institution_import import InstitutionImport
from members.models.resource import Resource, ResourceBooking, ResourceUser
from members.models.standing import ExitHandover, FactMark, InstitutionExit, InstitutionStanding, StandingNote, TsTzRange

__all__ = [
    "Application",
    "ApplicationEvidence",
    "ApplicationLetter",
    "BulkAct",
    "DuplicatePair",
    "ElementSupply",
    "ExitHandover",
    "Expert",
    "ExpertConsent",
    "ExpertInterest",
    "ExpertSkill",
    "FactMark",
    "Institution",
    "InstitutionCounter",
    "InstitutionExit",
    "InstitutionImport",
    "InstitutionMerge",
    "InstitutionStaff",
    "InstitutionStanding",
    "MergeStep",
    "Resource",
    "ResourceBooking",
    "ResourceUser",
    "StandingNote",
    "TsTzRange",
]
