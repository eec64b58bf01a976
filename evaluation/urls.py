"""Routes of the evaluation layer, under one alliance."""

from django.urls import URLPattern, path

from evaluation.views import feedback

urlpatterns: list[URLPattern] = [
    path("console/evaluation/", feedback.feedback_list, name="feedback_list"),
    path("console/evaluation/<slug:code>/", feedback.feedback_detail, name="feedback_detail"),
]
