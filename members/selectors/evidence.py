"""Files kept as evidence for what an institution's entry says, and whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from alliance.kernel.uploads import DOCUMENT, Purpose, purposes
from members.models import ElementSupply, FactMark, Institution

if TYPE_CHECKING:
    from alliance.models import StoredFile

EVIDENCE = "members.evidence"


def owner_of(stored: StoredFile) -> Institution | None:
    """The institution that a file is evidence about; None once nothing refers to it any more. Two queries at most."""
    supply = ElementSupply.objects.of(stored.alliance).filter(evidence_file=stored).select_related("institution").first()
    found: Institution | None = supply.institution if supply is not None else None
    if found is not None:
        return found
    mark = FactMark.objects.of(stored.alliance).filter(evidence_file=stored).select_related("institution").first()
    return mark.institution if mark is not None else None


purposes.register(EVIDENCE, Purpose(EVIDENCE, _("evidence about an institution"), DOCUMENT.types, owner=owner_of))
