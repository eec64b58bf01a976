"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_records, name_verbs

name_verbs(
    {
        "compute": pgettext_lazy("audit log", "compute the result"),
    }
)
name_records(
    {
        "evaluation.feedbackresult": pgettext_lazy("audit log", "result of user feedback"),
    }
)
