"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_records, name_verbs

name_verbs(
    {
        "adapt_product": pgettext_lazy("audit log", "adapt the text"),
        "aggregate_pilot": pgettext_lazy("audit log", "sum up the answers"),
        "agree_improvement": pgettext_lazy("audit log", "agree on a change"),
        "draft_product": pgettext_lazy("audit log", "draft the product"),
        "settle_improvement": pgettext_lazy("audit log", "settle a change"),
        "share_product": pgettext_lazy("audit log", "share the product"),
        "submit_feedback": pgettext_lazy("audit log", "give feedback"),
        "unshare_product": pgettext_lazy("audit log", "take a share back"),
        "update_product": pgettext_lazy("audit log", "change the product"),
    }
)
name_records(
    {
        "operations.product": pgettext_lazy("audit log", "product"),
        "operations.pilot": pgettext_lazy("audit log", "pilot"),
        "operations.pilotfeedback": pgettext_lazy("audit log", "answer to a pilot"),
        "operations.improvementtask": pgettext_lazy("audit log", "change to make"),
        "operations.productreview": pgettext_lazy("audit log", "review"),
        "operations.productshare": pgettext_lazy("audit log", "share"),
    }
)

name_verbs(
    {
        "draft_piece": pgettext_lazy("audit log", "write a piece"),
        "update_piece": pgettext_lazy("audit log", "change a piece"),
    }
)
name_records(
    {
        "operations.piece": pgettext_lazy("audit log", "piece made of a product"),
        "operations.piececheck": pgettext_lazy("audit log", "check of a piece"),
    }
)
