"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_fields, name_records, name_verbs

name_verbs(
    {
        "change_seat_role": pgettext_lazy("audit log", "change the role of the seat"),
        "claim_conflict": pgettext_lazy("audit log", "claim that an institution has an interest"),
        "declare_conflict": pgettext_lazy("audit log", "declare an interest"),
        "establish_group": pgettext_lazy("audit log", "establish the group"),
        "join_eligible": pgettext_lazy("audit log", "let eligible institutions join"),
        "join_group": pgettext_lazy("audit log", "join the group"),
        "leave_group": pgettext_lazy("audit log", "leave the group"),
        "draft_motion": pgettext_lazy("audit log", "put a motion"),
        "change_motion": pgettext_lazy("audit log", "change the motion"),
        "hand_over_motion": pgettext_lazy("audit log", "hand the motion over"),
        "name_teller": pgettext_lazy("audit log", "name a teller"),
        "cast_vote": pgettext_lazy("audit log", "vote"),
        "publish_decision": pgettext_lazy("audit log", "put the decision in the public register or take it out"),
        "give_proxy": pgettext_lazy("audit log", "give a proxy"),
        "revoke_proxy": pgettext_lazy("audit log", "revoke a proxy"),
    }
)
name_records(
    {
        "groups.conflictofinterest": pgettext_lazy("audit log", "conflict of interest"),
        "groups.virtualgroup": pgettext_lazy("audit log", "group"),
        "groups.motion": pgettext_lazy("audit log", "motion"),
        "groups.proxy": pgettext_lazy("audit log", "proxy"),
        "groups.groupmembership": pgettext_lazy("audit log", "seat in a group"),
    }
)

# Seats, positions, meetings, minutes, decisions
name_verbs(
    {
        "add_action": pgettext_lazy("audit log", "note an action"),
        "add_agenda_item": pgettext_lazy("audit log", "put on the agenda"),
        "add_meeting_paper": pgettext_lazy("audit log", "add a paper"),
        "amend_minutes": pgettext_lazy("audit log", "begin a new version of the minutes"),
        "answer_invitation": pgettext_lazy("audit log", "answer the invitation"),
        "change_action": pgettext_lazy("audit log", "change an action"),
        "change_agenda_item": pgettext_lazy("audit log", "change an item of the agenda"),
        "change_composition": pgettext_lazy("audit log", "change the rule of composition"),
        "change_meeting": pgettext_lazy("audit log", "change the meeting"),
        "draft_minutes": pgettext_lazy("audit log", "begin the minutes"),
        "edit_minutes": pgettext_lazy("audit log", "edit the minutes"),
        "end_alternate": pgettext_lazy("audit log", "end the standing in"),
        "end_position": pgettext_lazy("audit log", "end the position"),
        "fill_position": pgettext_lazy("audit log", "fill the position"),
        "hide_decision": pgettext_lazy("audit log", "take the decision out of the public register"),
        "invite_to_group": pgettext_lazy("audit log", "invite to the group"),
        "move_agenda_item": pgettext_lazy("audit log", "move an item of the agenda"),
        "name_alternate": pgettext_lazy("audit log", "name an alternate"),
        "note_attendance": pgettext_lazy("audit log", "note attendance"),
        "open_meeting_paper": pgettext_lazy("audit log", "open a paper"),
        "plan_meeting": pgettext_lazy("audit log", "plan a meeting"),
        "publish_decision": pgettext_lazy("audit log", "show the decision in the public register"),
        "remark_on_minutes": pgettext_lazy("audit log", "remark on the minutes"),
        "remove_agenda_item": pgettext_lazy("audit log", "take off the agenda"),
        "remove_meeting_paper": pgettext_lazy("audit log", "remove a paper"),
        "set_term": pgettext_lazy("audit log", "set a term"),
        "supersede_minutes": pgettext_lazy("audit log", "replace by a newer version"),
    }
)
name_records(
    {
        "groups.agendaitem": pgettext_lazy("audit log", "item of an agenda"),
        "groups.attendance": pgettext_lazy("audit log", "attendance"),
        "groups.meeting": pgettext_lazy("audit log", "meeting"),
        "groups.meetingaction": pgettext_lazy("audit log", "action"),
        "groups.meetingpaper": pgettext_lazy("audit log", "meeting paper"),
        "groups.minutes": pgettext_lazy("audit log", "minutes"),
        "groups.position": pgettext_lazy("audit log", "position"),
        "groups.seatalternate": pgettext_lazy("audit log", "alternate"),
        "groups.seatinvitation": pgettext_lazy("audit log", "invitation to a seat"),
        "groups.term": pgettext_lazy("audit log", "term"),
    }
)

# --------------------------------------------------------------------------- charter, responsibilities, consortia, disputes

name_verbs(
    {
        "draft_charter": pgettext_lazy("audit log", "draft a version of the charter"),
        "write_charter": pgettext_lazy("audit log", "take in the text of the charter"),
        "write_article": pgettext_lazy("audit log", "change an article"),
        "remove_article": pgettext_lazy("audit log", "remove an article"),
        "set_charter_rules": pgettext_lazy("audit log", "change the rules of the version"),
        "drop_charter": pgettext_lazy("audit log", "drop the draft of the charter"),
        "propose_charter": pgettext_lazy("audit log", "put the charter to the vote"),
        "accept_charter": pgettext_lazy("audit log", "accept the charter"),
        "note_acceptance": pgettext_lazy("audit log", "note acceptance of the charter from a signed paper"),
        "propose_responsibility": pgettext_lazy("audit log", "propose a responsibility"),
        "hand_over_responsibility": pgettext_lazy("audit log", "hand over a responsibility"),
        "ask_report": pgettext_lazy("audit log", "ask for a report"),
        "found_consortium": pgettext_lazy("audit log", "found a consortium"),
        "change_consortium": pgettext_lazy("audit log", "change a consortium"),
        "invite_to_consortium": pgettext_lazy("audit log", "invite to a consortium"),
        "join_consortium": pgettext_lazy("audit log", "accept the terms of a consortium"),
        "decline_consortium": pgettext_lazy("audit log", "decline the terms of a consortium"),
        "withdraw_consortium_invitation": pgettext_lazy("audit log", "take back an invitation to a consortium"),
        "leave_consortium": pgettext_lazy("audit log", "leave a consortium"),
        "hand_over_lead": pgettext_lazy("audit log", "hand over the lead of a consortium"),
        "share_consortium_file": pgettext_lazy("audit log", "share a file in a consortium"),
        "withdraw_consortium_file": pgettext_lazy("audit log", "take back a file of a consortium"),
        "file_dispute": pgettext_lazy("audit log", "file a dispute"),
        "add_dispute_step": pgettext_lazy("audit log", "add to the record of a dispute"),
    }
)
name_records(
    {
        "groups.charterversion": pgettext_lazy("audit log", "version of the charter"),
        "groups.charteracceptance": pgettext_lazy("audit log", "acceptance of the charter"),
        "groups.responsibility": pgettext_lazy("audit log", "responsibility"),
        "groups.responsibilityreport": pgettext_lazy("audit log", "report on a responsibility"),
        "groups.consortium": pgettext_lazy("audit log", "consortium"),
        "groups.consortiumfile": pgettext_lazy("audit log", "file of a consortium"),
        "groups.dispute": pgettext_lazy("audit log", "dispute"),
    }
)

# Conflicts of interest, declarations, directives
name_verbs(
    {
        "ask_declarations": pgettext_lazy("audit log", "ask for declarations of interests"),
        "change_directive": pgettext_lazy("audit log", "change the directive"),
        "close_received_directive": pgettext_lazy("audit log", "the directive was closed by its sender"),
        "declare_standing_interest": pgettext_lazy("audit log", "declare an interest"),
        "detect_conflict": pgettext_lazy("audit log", "find a conflict of interest by rule"),
        "draft_directive": pgettext_lazy("audit log", "draft a directive"),
        "note_delivery": pgettext_lazy("audit log", "note what a recipient answered"),
        "propose_waiver": pgettext_lazy("audit log", "propose a waiver"),
        "receive_directive": pgettext_lazy("audit log", "receive a directive"),
        "submit_declaration": pgettext_lazy("audit log", "submit the yearly declaration"),
        "withdraw_interest": pgettext_lazy("audit log", "withdraw an interest"),
    }
)
name_records(
    {
        "groups.conflictwaiver": pgettext_lazy("audit log", "waiver"),
        "groups.directive": pgettext_lazy("audit log", "directive"),
        "groups.interest": pgettext_lazy("audit log", "interest"),
        "groups.interestdeclaration": pgettext_lazy("audit log", "declaration of interests"),
        "groups.receiveddirective": pgettext_lazy("audit log", "directive from above"),
    }
)
name_fields(
    {
        "interest": pgettext_lazy("audit log", "interest"),
        "interests": pgettext_lazy("audit log", "interests"),
        "matter": pgettext_lazy("audit log", "matter"),
        "origin": pgettext_lazy("audit log", "from"),
        "origin_code": pgettext_lazy("audit log", "code there"),
        "party": pgettext_lazy("audit log", "other party"),
        "passed_on_from": pgettext_lazy("audit log", "passes on"),
        "recipient": pgettext_lazy("audit log", "recipient"),
        "recipients": pgettext_lazy("audit log", "recipients"),
        "rule": pgettext_lazy("audit log", "rule"),
        "facts": pgettext_lazy("audit log", "what was found"),
        "waiver": pgettext_lazy("audit log", "waiver"),
        "year": pgettext_lazy("audit log", "year"),
    }
)

# What else a merge of two entries names in its preview.
name_records(
    {
        "groups.motionelector": pgettext_lazy("audit log", "place on the roll of a vote"),
        "groups.participation": pgettext_lazy("audit log", "part taken in a vote"),
        "groups.ballotenvelope": pgettext_lazy("audit log", "sealed ballot"),
    }
)
