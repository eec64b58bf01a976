"""Routes of the organisational layer, under one alliance."""

from django.urls import URLPattern, path

from groups.views import admission, conflict, directive, group, interest, motion, portal_motion

urlpatterns: list[URLPattern] = [
    path("console/groups/", group.group_list, name="group_list"),
    path("console/groups/establish/", group.group_establish, name="group_establish"),
    path("console/groups/jobs/<uuid:uuid>/", group.group_job, name="group_job"),
    path("console/groups/<slug:kind>/", group.group_detail, name="group_detail"),
    path("console/groups/<slug:kind>/<slug:code>/leave/", group.seat_leave, name="seat_leave"),
    path("console/groups/<slug:kind>/<slug:code>/role/", group.seat_role, name="seat_role"),
    path("console/coverage/", group.coverage_detail, name="coverage_detail"),
    path("console/coverage/<slug:kind>/<slug:element>/", group.coverage_cell, name="coverage_cell"),
    # Conflicts of interest and declarations
    path("console/conflicts/", conflict.conflict_list, name="conflict_list"),
    path("console/conflicts/matter/<str:matter>/", conflict.conflict_matter, name="conflict_matter"),
    path(
        "console/conflicts/waivers/<int:waiver>/<slug:answer>/",
        conflict.conflict_waiver_settle,
        name="conflict_waiver_settle",
    ),
    path("console/conflicts/<int:conflict>/", conflict.conflict_detail, name="conflict_detail"),
    path("console/conflicts/<int:conflict>/<slug:ruling>/", conflict.conflict_rule, name="conflict_rule"),
    path("console/declarations/", interest.declaration_list, name="declaration_list"),
    path("console/declarations/<slug:code>/", interest.declaration_detail, name="declaration_detail"),
    path("portal/interests/", interest.portal_interest_list, name="portal_interest_list"),
    path("portal/interests/new/", interest.portal_interest_new, name="portal_interest_new"),
    path("portal/interests/matter/", interest.portal_conflict_new, name="portal_conflict_new"),
    path("portal/interests/<int:interest>/withdraw/", interest.portal_interest_withdraw, name="portal_interest_withdraw"),
    # Directives between levels
    path("console/directives/", directive.directive_list, name="directive_list"),
    path("console/directives/new/", directive.directive_new, name="directive_new"),
    path("console/directives/received/", directive.received_directive_list, name="received_directive_list"),
    path(
        "console/directives/received/<slug:code>/",
        directive.received_directive_detail,
        name="received_directive_detail",
    ),
    path(
        "console/directives/received/<slug:code>/acknowledge/",
        directive.received_directive_acknowledge,
        name="received_directive_acknowledge",
    ),
    path("console/directives/<slug:code>/", directive.directive_detail, name="directive_detail"),
    path("console/directives/<slug:code>/edit/", directive.directive_edit, name="directive_edit"),
    path("console/directives/<slug:code>/close/", directive.directive_close, name="directive_close"),
    # Motions, votes and proxies
    path("console/motions/", motion.motion_list, name="motion_list"),
    path("console/motions/new/", motion.motion_new, name="motion_new"),
    path("console/motions/<slug:code>/", motion.motion_detail, name="motion_detail"),
    path("console/motions/<slug:code>/edit/", motion.motion_edit, name="motion_edit"),
    path("console/motions/<slug:code>/open/", motion.motion_open, name="motion_open"),
    path("console/motions/<slug:code>/close/", motion.motion_close, name="motion_close"),
    path("console/motions/<slug:code>/withdraw/", motion.motion_withdraw, name="motion_withdraw"),
    path("console/motions/<slug:code>/again/", motion.motion_again, name="motion_again"),
    path("console/motions/<slug:code>/tellers/", motion.motion_teller, name="motion_teller"),
    path("console/motions/<slug:code>/public/", motion.motion_publish, name="motion_publish"),
    path("motions/<slug:code>/box/", motion.motion_box, name="motion_box"),
    path("portal/motions/", portal_motion.portal_motion_list, name="portal_motion_list"),
    path("portal/motions/new/", portal_motion.portal_motion_new, name="portal_motion_new"),
    path("portal/motions/<slug:code>/", portal_motion.portal_motion_detail, name="portal_motion_detail"),
    path("portal/motions/<slug:code>/vote/", portal_motion.portal_motion_vote, name="portal_motion_vote"),
    path("portal/motions/<slug:code>/receipt/", portal_motion.portal_motion_receipt, name="portal_motion_receipt"),
    path("portal/proxies/", portal_motion.portal_proxy_list, name="portal_proxy_list"),
    path("portal/proxies/<uuid:uuid>/revoke/", portal_motion.portal_proxy_revoke, name="portal_proxy_revoke"),
    # Membership put to the bodies
    path("console/applications/<slug:code>/vote/", admission.application_vote, name="application_vote"),
    path("console/institutions/<slug:code>/motion/<slug:effect>/", admission.standing_motion, name="standing_motion"),
]
