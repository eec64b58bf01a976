"""API routes of the operational layer."""

from django.urls import path

from operations.api import incentives, parts, pieces, pilots, points, products, projects, risks, workbook, writes

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
    path("risks/", risks.RiskList.as_view(), name="api_risk_list"),
    path("risks/<str:code>/", risks.RiskDetail.as_view(), name="api_risk_detail"),
    path("points/", incentives.PointsList.as_view(), name="api_points_list"),
    path("tariffs/", incentives.TariffList.as_view(), name="api_tariff_list"),
    path("tariffs/<str:code>/", incentives.TariffDetail.as_view(), name="api_tariff_detail"),
    path("honours/", incentives.HonoursLists.as_view(), name="api_honours_list"),
    path("honours/<str:code>/", incentives.HonoursDetail.as_view(), name="api_honours_detail"),
]
