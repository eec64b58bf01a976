"""API routes of evaluation."""

from django.urls import path

from evaluation.api import feedback

urlpatterns = [path("feedback-results/", feedback.FeedbackList.as_view(), name="api_feedback_list")]
