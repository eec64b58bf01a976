"""Models of the element layer."""

from members.models.institution import ElementSupply, Institution, InstitutionCounter, InstitutionStaff
from members.models.institution_import import InstitutionImport

__all__ = ["ElementSupply", "Institution", "InstitutionCounter", "InstitutionImport", "InstitutionStaff"]
