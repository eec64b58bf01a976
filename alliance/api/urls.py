"""The API of one alliance: each layer adds its routes."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
