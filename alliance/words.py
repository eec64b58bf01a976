"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_fields, name_records, name_verbs

name_verbs(
    {
        "accept_invitation": pgettext_lazy("audit log", "accept the invitation"),
        "bring_back": pgettext_lazy("audit log", "bring back"),
        "delete_file": pgettext_lazy("audit log", "delete the file"),
        "dismiss": pgettext_lazy("audit log", "set aside"),
        "end_role": pgettext_lazy("audit log", "end the role"),
        "export_audit_log": pgettext_lazy("audit log", "export the audit log"),
        "export_people": pgettext_lazy("audit log", "export the list of people"),
        "found_alliance": pgettext_lazy("audit log", "found the alliance"),
        "give_role": pgettext_lazy("audit log", "give a role"),
        "hand_over": pgettext_lazy("audit log", "hand over"),
        "invite_person": pgettext_lazy("audit log", "invite a person"),
        "register_api_client": pgettext_lazy("audit log", "register an API client"),
        "replace_invitation": pgettext_lazy("audit log", "replace the invitation"),
        "resend_invitation": pgettext_lazy("audit log", "send the invitation again"),
        "retry_event": pgettext_lazy("audit log", "deliver the event again"),
        "revoke_api_client": pgettext_lazy("audit log", "revoke the API client"),
        "revoke_invitation": pgettext_lazy("audit log", "withdraw the invitation"),
        "rotate_api_client_secret": pgettext_lazy("audit log", "renew the API client's secret"),
        "stop_job": pgettext_lazy("audit log", "stop the job"),
        "store_file": pgettext_lazy("audit log", "store the file"),
        "withdraw_role": pgettext_lazy("audit log", "withdraw the role"),
    }
)
name_records(
    {
        "alliance.alliance": pgettext_lazy("audit log", "alliance"),
        "alliance.storedfile": pgettext_lazy("audit log", "file"),
        "alliance.invitation": pgettext_lazy("audit log", "invitation"),
        "alliance.apiclient": pgettext_lazy("audit log", "API client"),
        "alliance.user": pgettext_lazy("audit log", "person"),
        "alliance.roleassignment": pgettext_lazy("audit log", "role in the alliance"),
        "alliance.outboxevent": pgettext_lazy("audit log", "event to deliver"),
        "alliance.job": pgettext_lazy("audit log", "background job"),
        "alliance.inboxitem": pgettext_lazy("audit log", "inbox item"),
    }
)
name_fields(
    {
        "address": pgettext_lazy("audit log", "address"),
        "with_personal": pgettext_lazy("audit log", "with personal values"),
        "job": pgettext_lazy("audit log", "background job"),
        "grants": pgettext_lazy("audit log", "roles offered"),
        "purpose": pgettext_lazy("audit log", "purpose"),
        "reason": pgettext_lazy("audit log", "reason"),
        "reasons": pgettext_lazy("audit log", "reasons"),
        "user": pgettext_lazy("audit log", "person"),
        "value": pgettext_lazy("audit log", "value"),
        "entry": pgettext_lazy("audit log", "service on offer"),
        "round": pgettext_lazy("audit log", "round"),
        "outcome": pgettext_lazy("audit log", "outcome"),
        "answers": pgettext_lazy("audit log", "answers"),
        "method": pgettext_lazy("audit log", "method"),
        "method_version": pgettext_lazy("audit log", "version of the method"),
        "mean_score": pgettext_lazy("audit log", "mean score"),
        "pilot_round": pgettext_lazy("audit log", "round of the pilot"),
        "pilot": pgettext_lazy("audit log", "pilot"),
        "category": pgettext_lazy("audit log", "category"),
        "elements": pgettext_lazy("audit log", "elements"),
        "seats": pgettext_lazy("audit log", "seats"),
        "rows": pgettext_lazy("audit log", "rows"),
        "file": pgettext_lazy("audit log", "file"),
        "adapter": pgettext_lazy("audit log", "adapted by"),
        "objective": pgettext_lazy("audit log", "objective"),
        "role": pgettext_lazy("audit log", "role"),
        "group": pgettext_lazy("audit log", "group"),
    }
)

name_verbs(
    {
        "make_calendar_address": pgettext_lazy("audit log", "make a calendar address"),
        "revoke_calendar_address": pgettext_lazy("audit log", "revoke a calendar address"),
    }
)
name_records({"alliance.calendarfeed": pgettext_lazy("audit log", "calendar address")})
