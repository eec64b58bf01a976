"""Routes of the evaluation layer, under one alliance."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
