"""Addresses of the support team's pages, and somebody to ask for them."""

from django.db import models
from django.test import Client
from django.urls import reverse

from practices.models import User


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def list_url(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def row_url(row: models.Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
