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
        "export_table": pgettext_lazy("audit log", "export a table"),
        "import_table": pgettext_lazy("audit log", "import a table"),
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
# Experts
name_verbs(
    {
        "add_expert": pgettext_lazy("audit log", "add an expert"),
        "change_expert": pgettext_lazy("audit log", "change an expert's entry"),
        "declare_expert_interest": pgettext_lazy("audit log", "declare an expert's interest"),
        "end_expert": pgettext_lazy("audit log", "take an expert out of the talent pool"),
        "end_expert_interest": pgettext_lazy("audit log", "end an expert's interest"),
        "record_consent": pgettext_lazy("audit log", "record consent"),
    }
)
name_records({"members.expert": pgettext_lazy("audit log", "expert")})

# ------------------------------------------------------------------------------------------------------ admission, exit
name_verbs(
    {
        "add_evidence": pgettext_lazy("audit log", "add evidence"),
        "change_application": pgettext_lazy("audit log", "change the application"),
        "give_reasons": pgettext_lazy("audit log", "write the reasons"),
        "note_standing_step": pgettext_lazy("audit log", "note a reminder or a hearing"),
        "remove_evidence": pgettext_lazy("audit log", "remove evidence"),
        "shorten_notice": pgettext_lazy("audit log", "shorten the notice of a leaving member"),
        "settle_duty": pgettext_lazy("audit log", "settle a duty of a leaving member"),
        "start_application": pgettext_lazy("audit log", "begin an application"),
    }
)
name_records(
    {
        "members.application": pgettext_lazy("audit log", "application for membership"),
        "members.applicationevidence": pgettext_lazy("audit log", "evidence"),
        "members.applicationletter": pgettext_lazy("audit log", "letter to an applicant"),
        "members.institutionexit": pgettext_lazy("audit log", "exit of a member"),
        "members.exithandover": pgettext_lazy("audit log", "duty handed over"),
        "members.standingnote": pgettext_lazy("audit log", "reminder or hearing of a member"),
    }
)


# --------------------------------------------------------------------------------- verified facts, elements, bulk acts

name_verbs(
    {
        "act_on_many": pgettext_lazy("audit log", "act on many institutions"),
        "ask_for_confirmation": pgettext_lazy("audit log", "ask for the facts to be confirmed"),
        "assess_supply": pgettext_lazy("audit log", "assess an element"),
        "confirm_facts": pgettext_lazy("audit log", "confirm facts"),
        "message_institution": pgettext_lazy("audit log", "write to the institution"),
        "name_deputy": pgettext_lazy("audit log", "name a deputy"),
        "pass_tasks": pgettext_lazy("audit log", "pass tasks to the deputy"),
        "undo_many": pgettext_lazy("audit log", "undo an act on many institutions"),
        "verify_facts": pgettext_lazy("audit log", "verify facts"),
        "withdraw_marks": pgettext_lazy("audit log", "take marks off facts"),
        "withdraw_request": pgettext_lazy("audit log", "take back the request to confirm facts"),
    }
)
name_records({"members.bulkact": pgettext_lazy("audit log", "act on many institutions")})
# Resources
name_verbs(
    {
        "add_resource": pgettext_lazy("audit log", "open a resource to others"),
        "book_resource": pgettext_lazy("audit log", "book a resource"),
        "change_resource": pgettext_lazy("audit log", "change a resource"),
    }
)
name_records({"members.resource": pgettext_lazy("audit log", "resource")})


# ---------------------------------------------------------------------------------------------------------- duplicates
name_verbs(
    {
        "find_duplicates": pgettext_lazy("audit log", "look for duplicates"),
        "merge_institutions": pgettext_lazy("audit log", "merge two entries"),
        "note_pair": pgettext_lazy("audit log", "name two entries to compare"),
        "undo_merge": pgettext_lazy("audit log", "undo the merge of two entries"),
    }
)
name_records({"members.duplicatepair": pgettext_lazy("audit log", "pair of entries")})

# What else can be linked with an institution, for the preview of a merge.
name_records(
    {
        "members.expertinterest": pgettext_lazy("audit log", "interest of an expert"),
        "members.factmark": pgettext_lazy("audit log", "verified fact"),
        "members.institutionstanding": pgettext_lazy("audit log", "period of standing"),
        "members.resourcebooking": pgettext_lazy("audit log", "booking of a resource"),
        "members.resourceuser": pgettext_lazy("audit log", "right to use a resource"),
    }
)
