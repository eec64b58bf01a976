"""Routes of the service layer, under one alliance."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
