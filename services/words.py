"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_records, name_verbs

name_verbs(
    {
        "confirm": pgettext_lazy("audit log", "confirm the rating"),
        "moderate": pgettext_lazy("audit log", "check the comment"),
        "publish": pgettext_lazy("audit log", "publish"),
        "take_up_comment": pgettext_lazy("audit log", "hand a comment to the makers"),
        "refresh": pgettext_lazy("audit log", "renew the service"),
    }
)
name_records(
    {
        "services.article": pgettext_lazy("audit log", "story"),
        "services.catalogueentry": pgettext_lazy("audit log", "service on offer"),
        "services.rating": pgettext_lazy("audit log", "rating"),
        "services.listing": pgettext_lazy("audit log", "listing"),
    }
)
