"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_records, name_verbs

name_verbs(
    {
        "change": pgettext_lazy("audit log", "change the objective"),
        "correct": pgettext_lazy("audit log", "correct the value"),
        "measure": pgettext_lazy("audit log", "measure"),
    }
)
name_records(
    {
        "targets.objective": pgettext_lazy("audit log", "objective"),
        "targets.measurement": pgettext_lazy("audit log", "value of an objective"),
    }
)
