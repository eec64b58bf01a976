"""API routes of the operational layer."""

from django.urls import path

from operations.api import learning, parts, pieces, pilots, points, products, projects, workbook, writes

urlpatterns = [
    path("products/", writes.ProductCollection.as_view(), name="api_product_list"),
    path("products/<str:code>/", products.ProductDetail.as_view(), name="api_product_detail"),
    path("products/<str:code>/versions/", parts.VersionList.as_view(), name="api_product_version_list"),
    path("products/<str:code>/files/", parts.FileList.as_view(), name="api_product_file_list"),
    path("products/<str:code>/contributions/", parts.ContributionList.as_view(), name="api_contribution_list"),
    path("products/<str:code>/references/", parts.ReferenceList.as_view(), name="api_product_reference_list"),
    path("products/<str:code>/points/", points.PointList.as_view(), name="api_point_list"),
    path("products/<str:code>/points/<str:key>/answer/", points.PointAnswer.as_view(), name="api_point_answer"),
    path("products/<str:code>/transitions/<str:step>/", writes.ProductStep.as_view(), name="api_product_step"),
    path("products/<str:code>/pilots/", pilots.PilotList.as_view(), name="api_pilot_list"),
    path("products/<str:code>/pilots/<int:number>/", pilots.PilotDetail.as_view(), name="api_pilot_detail"),
    path("products/<str:code>/pilot-site/<str:step>/", pilots.PilotSiteStep.as_view(), name="api_pilot_site_step"),
    path("products/<str:code>/pilot-feedback/", writes.PilotAnswer.as_view(), name="api_pilot_answer"),
    path("pieces/", pieces.PieceList.as_view(), name="api_piece_list"),
    path("pieces/<str:code>/", pieces.PieceDetail.as_view(), name="api_piece_detail"),
    path("products/<str:code>/workbook/", workbook.Workbook.as_view(), name="api_workbook"),
    path("products/<str:code>/workbook/entries/", workbook.EntryList.as_view(), name="api_workbook_entry_list"),
    path(
        "products/<str:code>/workbook/entries/<uuid:key>/strike/",
        workbook.EntryStrike.as_view(),
        name="api_workbook_entry_strike",
    ),
    path("projects/", projects.ProjectList.as_view(), name="api_project_list"),
    path("projects/<str:code>/", projects.ProjectDetail.as_view(), name="api_project_detail"),
    path("courses/", learning.CourseList.as_view(), name="api_course_list"),
    path("courses/<str:code>/", learning.CourseDetail.as_view(), name="api_course_detail"),
    path("courses/<str:code>/sessions/<int:number>/", learning.SessionDetail.as_view(), name="api_course_session_detail"),
    path("courses/<str:code>/sessions/<int:number>/enrol/", learning.EnrolmentWrite.as_view(), name="api_session_enrol"),
    path("courses/<str:code>/sessions/<int:number>/leave/", learning.EnrolmentLeave.as_view(), name="api_session_leave"),
    path("course-sessions/", learning.SessionList.as_view(), name="api_course_session_list"),
    path("learning-paths/", learning.PathList.as_view(), name="api_learning_path_list"),
    path("learning-paths/<str:code>/", learning.PathDetail.as_view(), name="api_learning_path_detail"),
    path("enrolments/", learning.EnrolmentList.as_view(), name="api_enrolment_list"),
    path("enrolments/<int:number>/", learning.EnrolmentDetail.as_view(), name="api_enrolment_detail"),
    path("certificates/", learning.CertificateList.as_view(), name="api_certificate_list"),
    path("certificates/<str:code>/", learning.CertificateDetail.as_view(), name="api_certificate_detail"),
    path("certificates/<str:code>/verification/", learning.Verification.as_view(), name="api_certificate_verification"),
]
