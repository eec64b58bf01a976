"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_records, name_verbs

name_verbs(
    {
        "change_seat_role": pgettext_lazy("audit log", "change the role of the seat"),
        "declare_conflict": pgettext_lazy("audit log", "declare an interest"),
        "establish_group": pgettext_lazy("audit log", "establish the group"),
        "join_eligible": pgettext_lazy("audit log", "let eligible institutions join"),
        "join_group": pgettext_lazy("audit log", "join the group"),
        "leave_group": pgettext_lazy("audit log", "leave the group"),
    }
)
name_records(
    {
        "groups.conflictofinterest": pgettext_lazy("audit log", "conflict of interest"),
        "groups.virtualgroup": pgettext_lazy("audit log", "group"),
        "groups.groupmembership": pgettext_lazy("audit log", "seat in a group"),
    }
)
