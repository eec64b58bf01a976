"""The kernel's own pages in one alliance."""

from django.urls import URLPattern, path

from alliance.views import audit, audit_log, calendar_feeds, files, inbox, jobs, notifications, operations, search, theme

urlpatterns: list[URLPattern] = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/dismiss/", inbox.inbox_dismiss, name="inbox_dismiss"),
    path("inbox/undo/", inbox.inbox_undo, name="inbox_undo"),
    path("inbox/<uuid:uuid>/hand-over/", inbox.inbox_hand_over, name="inbox_hand_over"),
    path("notifications/", notifications.notification_list, name="notification_list"),
    path("notifications/read/", notifications.notification_read, name="notification_read"),
    path("calendar/", calendar_feeds.calendar_address, name="calendar_address"),
    path("calendar/make/", calendar_feeds.calendar_address_make, name="calendar_address_make"),
    path("calendar/revoke/", calendar_feeds.calendar_address_revoke, name="calendar_address_revoke"),
    path("calendar/<str:token>.ics", calendar_feeds.calendar_feed, name="calendar_feed"),
    path("jobs/", jobs.job_list, name="job_list"),
    path("jobs/<uuid:uuid>/", jobs.job_detail, name="job_detail"),
    path("jobs/<uuid:uuid>/stop/", jobs.job_stop, name="job_stop"),
    path("console/audit/", audit.audit_list, name="audit_list"),
    path("console/audit/sealing/", audit_log.audit_sealing, name="audit_sealing"),
    path("console/audit/export/", audit_log.audit_export, name="audit_export"),
    path("console/audit/exports/<uuid:uuid>/", audit_log.audit_export_file, name="audit_export_file"),
    path("log/", audit_log.log_page, name="log_page"),
    path("log/head", audit_log.log_head, name="log_head"),
    path("log/verify_log.py", audit_log.log_checker, name="log_checker"),
    path("console/health/", operations.health_page, name="health_page"),
    path("console/health/retry/", operations.health_retry, name="health_retry"),
    path("files/<uuid:uuid>/", files.file_download, name="file_download"),
    path("search/jump/", search.search_jump, name="search_jump"),
    path("theme.css", theme.alliance_theme_css, name="alliance_theme_css"),
]
