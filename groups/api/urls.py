"""API routes of the organisational layer."""

from django.urls import path

from groups.api import directives, groups, guard, meetings, motions, promises

urlpatterns = [
    path("groups/", groups.GroupList.as_view(), name="api_group_list"),
    path("groups/<str:code>/", groups.GroupDetail.as_view(), name="api_group_detail"),
    # Conflicts of interest, directives
    path("conflicts/", guard.ConflictList.as_view(), name="api_conflict_list"),
    path("interest-declarations/", guard.DeclarationList.as_view(), name="api_declaration_list"),
    path("directives/", directives.DirectiveList.as_view(), name="api_directive_list"),
    path("directives/<str:code>/", directives.DirectiveDetail.as_view(), name="api_directive_detail"),
    path("received-directives/", directives.ReceivedDirectiveList.as_view(), name="api_received_directive_list"),
    path(
        "received-directives/<str:code>/",
        directives.ReceivedDirectiveDetail.as_view(),
        name="api_received_directive_detail",
    ),
    path(
        "received-directives/<str:code>/acknowledgement/",
        directives.Acknowledgement.as_view(),
        name="api_directive_acknowledgement",
    ),
    path("received-directives/<str:code>/report/", directives.Report.as_view(), name="api_directive_report"),
    path("coverage/", groups.CoverageDetail.as_view(), name="api_coverage"),
    # Motions, votes and proxies
    path("motions/", motions.MotionList.as_view(), name="api_motion_list"),
    path("motions/<str:code>/", motions.MotionDetail.as_view(), name="api_motion_detail"),
    path("motions/<str:code>/votes/", motions.MotionVote.as_view(), name="api_motion_vote"),
    path("proxies/", motions.ProxyCollection.as_view(), name="api_proxy_list"),
    path("proxies/<uuid:uuid>/revocation/", motions.ProxyRevocation.as_view(), name="api_proxy_revocation"),
    # Meetings, minutes, actions
    path("meetings/", meetings.MeetingList.as_view(), name="api_meeting_list"),
    path("meetings/<str:code>/", meetings.MeetingDetail.as_view(), name="api_meeting_detail"),
    path("meetings/<str:code>/answer/", meetings.MeetingAnswer.as_view(), name="api_meeting_answer"),
    path("minutes/", meetings.MinutesList.as_view(), name="api_minutes_list"),
    path("actions/", meetings.ActionList.as_view(), name="api_action_list"),
    path("actions/<uuid:uuid>/outcome/", meetings.ActionOutcome.as_view(), name="api_action_outcome"),
    # Charter, responsibilities, consortia, disputes
    path("charter-versions/", promises.CharterList.as_view(), name="api_charter_list"),
    path("charter-versions/<str:code>/", promises.CharterDetail.as_view(), name="api_charter_detail"),
    path("responsibilities/", promises.ResponsibilityList.as_view(), name="api_responsibility_list"),
    path("responsibilities/<str:code>/", promises.ResponsibilityDetail.as_view(), name="api_responsibility_detail"),
    path("responsibilities/<str:code>/answer/", promises.DutyAnswer.as_view(), name="api_responsibility_answer"),
    path("responsibilities/<str:code>/reports/", promises.DutyReport.as_view(), name="api_responsibility_report"),
    path("consortia/", promises.ConsortiumList.as_view(), name="api_consortium_list"),
    path("consortia/<str:code>/", promises.ConsortiumDetail.as_view(), name="api_consortium_detail"),
    path("disputes/", promises.DisputeList.as_view(), name="api_dispute_list"),
    path("disputes/<str:code>/", promises.DisputeDetail.as_view(), name="api_dispute_detail"),
]
