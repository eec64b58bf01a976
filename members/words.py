"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_records, name_verbs

name_verbs(
    {
        "add_institution": pgettext_lazy("audit log", "add the institution"),
        "add_staff": pgettext_lazy("audit log", "add a person"),
        "add_supply": pgettext_lazy("audit log", "note an element"),
        "change_institution": pgettext_lazy("audit log", "change the institution"),
        "check_import": pgettext_lazy("audit log", "try the import out"),
        "end_staff": pgettext_lazy("audit log", "end a person's role"),
        "end_supply": pgettext_lazy("audit log", "end an element"),
        "give_staff_role": pgettext_lazy("audit log", "give a role in the institution"),
        "import_institutions": pgettext_lazy("audit log", "import institutions"),
        "start_import": pgettext_lazy("audit log", "start the import"),
        "stop_import": pgettext_lazy("audit log", "stop the import"),
        "upload_table": pgettext_lazy("audit log", "upload a table"),
        "withdraw_staff": pgettext_lazy("audit log", "withdraw a person's role"),
    }
)
name_records(
    {
        "members.institution": pgettext_lazy("audit log", "institution"),
        "members.elementsupply": pgettext_lazy("audit log", "element supplied"),
        "members.institutionstaff": pgettext_lazy("audit log", "role in an institution"),
        "members.institutionimport": pgettext_lazy("audit log", "import of institutions"),
    }
)
