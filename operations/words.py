"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_records, name_verbs

name_verbs(
    {
        "adapt_product": pgettext_lazy("audit log", "adapt the text"),
        "answer_point": pgettext_lazy("audit log", "answer a point of feedback"),
        "accept_pilot": pgettext_lazy("audit log", "take part in the pilot"),
        "decline_pilot": pgettext_lazy("audit log", "decline the invitation to the pilot"),
        "leave_pilot": pgettext_lazy("audit log", "leave the pilot"),
        "remove_pilot_site": pgettext_lazy("audit log", "take a site out of the pilot"),
        "name_pilot_person": pgettext_lazy("audit log", "name a person at a pilot site"),
        "hand_over_pilot": pgettext_lazy("audit log", "hand over at a pilot site"),
        "consent_to_be_named": pgettext_lazy("audit log", "say whether a site may be named"),
        "amend_plan": pgettext_lazy("audit log", "amend the plan of the pilot"),
        "aggregate_pilot": pgettext_lazy("audit log", "sum up the answers"),
        "agree_change": pgettext_lazy("audit log", "agree on a change"),
        "draft_product": pgettext_lazy("audit log", "draft the product"),
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
        "operations.feedbackpoint": pgettext_lazy("audit log", "point of feedback"),
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
name_verbs(
    {
        "write_entry": pgettext_lazy("audit log", "write into the workbook"),
        "strike_entry": pgettext_lazy("audit log", "strike out an entry"),
    }
)
name_records({"operations.workbookentry": pgettext_lazy("audit log", "entry of a workbook")})
name_verbs(
    {
        "set_pipeline_rules": pgettext_lazy("audit log", "set the rules of the pipeline"),
        "admit_over_limit": pgettext_lazy("audit log", "let a product into a full stage"),
        "draft_release_motion": pgettext_lazy("audit log", "draft the motion on the release"),
        "release_motion_without_effect": pgettext_lazy("audit log", "motion on the release without effect"),
    }
)
name_records({"operations.pipelinerules": pgettext_lazy("audit log", "rules of the pipeline")})

name_verbs(
    {
        "add_deliverable": pgettext_lazy("audit log", "add a deliverable"),
        "add_milestone": pgettext_lazy("audit log", "add a milestone"),
        "add_project_person": pgettext_lazy("audit log", "name a person in a project"),
        "add_project_task": pgettext_lazy("audit log", "add a task"),
        "change_deliverable": pgettext_lazy("audit log", "change a deliverable"),
        "change_milestone": pgettext_lazy("audit log", "change a milestone"),
        "change_project": pgettext_lazy("audit log", "change the project"),
        "change_project_person": pgettext_lazy("audit log", "change a person's part in a project"),
        "change_project_task": pgettext_lazy("audit log", "change a task"),
        "confirm_hours": pgettext_lazy("audit log", "confirm hours"),
        "draft_deliverable": pgettext_lazy("audit log", "turn a deliverable into a product"),
        "end_project_person": pgettext_lazy("audit log", "end a person's part in a project"),
        "hand_over_project": pgettext_lazy("audit log", "give a project to another institution"),
        "milestone_late": pgettext_lazy("audit log", "note that a milestone is late"),
        "note_hours": pgettext_lazy("audit log", "note hours"),
        "plan_project": pgettext_lazy("audit log", "plan a project"),
        "reach_milestone": pgettext_lazy("audit log", "mark a milestone as reached"),
        "remove_deliverable": pgettext_lazy("audit log", "take a deliverable out of the plan"),
        "reopen_milestone": pgettext_lazy("audit log", "take the mark of a milestone back"),
        "strike_hours": pgettext_lazy("audit log", "strike hours out"),
    }
)
name_records({"operations.project": pgettext_lazy("audit log", "project")})
name_verbs(
    {
        "change_kind_form": pgettext_lazy("audit log", "change what a kind of product asks for"),
        "use_newest_form": pgettext_lazy("audit log", "take a draft over into the newest form"),
        "add_product_file": pgettext_lazy("audit log", "add a file to the product"),
        "remove_product_file": pgettext_lazy("audit log", "take a file out of the product"),
        "publish_product_file": pgettext_lazy("audit log", "give a file to the public"),
        "hold_back_product_file": pgettext_lazy("audit log", "hold a file back from the public"),
        "name_contributions": pgettext_lazy("audit log", "name who made the product"),
        "confirm_contribution": pgettext_lazy("audit log", "confirm a part in the product"),
        "contest_contribution": pgettext_lazy("audit log", "contest a part in the product"),
        "add_reference": pgettext_lazy("audit log", "say what the product answers or rests on"),
        "remove_reference": pgettext_lazy("audit log", "take a reference out"),
        "begin_next_version": pgettext_lazy("audit log", "begin the next version"),
    }
)
name_records({"operations.kindform": pgettext_lazy("audit log", "form of a product kind")})
name_verbs(
    {
        "assess": pgettext_lazy("audit log", "note a result"),
        "certificate_expiring": pgettext_lazy("audit log", "remind of a certificate that lapses"),
        "change_course": pgettext_lazy("audit log", "change a course"),
        "change_path": pgettext_lazy("audit log", "change a learning path"),
        "change_session": pgettext_lazy("audit log", "change a session"),
        "draft_course": pgettext_lazy("audit log", "draft a course"),
        "draft_path": pgettext_lazy("audit log", "draft a learning path"),
        "enrol": pgettext_lazy("audit log", "enrol in a session"),
        "issue_certificate": pgettext_lazy("audit log", "issue a certificate"),
        "leave_session": pgettext_lazy("audit log", "give up a place in a session"),
        "mark_attendance": pgettext_lazy("audit log", "note attendance"),
        "move_up": pgettext_lazy("audit log", "move up from the waiting list"),
        "name_on_certificate": pgettext_lazy("audit log", "decide whether a certificate names the person"),
        "plan_session": pgettext_lazy("audit log", "plan a session"),
        "revoke_certificate": pgettext_lazy("audit log", "revoke a certificate"),
    }
)
name_records(
    {
        "operations.course": pgettext_lazy("audit log", "course"),
        "operations.coursesession": pgettext_lazy("audit log", "session of a course"),
        "operations.enrolment": pgettext_lazy("audit log", "enrolment"),
        "operations.certificate": pgettext_lazy("audit log", "certificate"),
        "operations.learningpath": pgettext_lazy("audit log", "learning path"),
    }
)

name_verbs(
    {
        "open_risk": pgettext_lazy("audit log", "note a risk"),
        "change_risk": pgettext_lazy("audit log", "change a risk"),
        "review_risk": pgettext_lazy("audit log", "review a risk"),
        "add_risk_measure": pgettext_lazy("audit log", "plan something against a risk"),
        "change_risk_measure": pgettext_lazy("audit log", "change what is done against a risk"),
        "complete_risk_measure": pgettext_lazy("audit log", "do what was planned against a risk"),
        "remove_risk_measure": pgettext_lazy("audit log", "take something planned against a risk out"),
        "risk_review_due": pgettext_lazy("audit log", "ask for the review of a risk"),
        "risk_measure_due": pgettext_lazy("audit log", "ask for what is done against a risk"),
    }
)
name_records({"operations.risk": pgettext_lazy("audit log", "risk")})

name_verbs(
    {
        "award_points": pgettext_lazy("audit log", "award contribution points"),
        "cancel_points": pgettext_lazy("audit log", "take contribution points back"),
        "propose_tariff": pgettext_lazy("audit log", "propose a tariff of contribution points"),
        "publish_honours": pgettext_lazy("audit log", "publish an honours list"),
    }
)
name_records(
    {
        "operations.contributionpoints": pgettext_lazy("audit log", "contribution points"),
        "operations.tariff": pgettext_lazy("audit log", "tariff of contribution points"),
        "operations.honourslist": pgettext_lazy("audit log", "honours list"),
    }
)
