"""Support's lists of every model: all of it is seen, none of it edited, and nobody else gets in."""

import uuid

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection as database
from django.db import models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from practices.models import PracticeOwned, Role
from sync.models import SeenAlerts
from tests.admin_pages import list_url, logged_in, row_url
from tests.full_practice import FullPractice, make_full_practice
from tests.make import make_user

pytestmark = pytest.mark.django_db

NOT_SHOWN = {SeenAlerts: "how far each person has read: nobody's business"}
ODD_WORDS = ("", "harbour", "Lane", "invoice_harbour", "%00'\"\\ ½ 99999999999999999999")
MODELS: list[type[models.Model]] = [
    model
    for app in ("mappings", "sync")
    for model in apps.get_app_config(app).get_models()
    if issubclass(model, PracticeOwned) and model not in NOT_SHOWN
]


@pytest.fixture
def full() -> FullPractice:
    return make_full_practice("Harbour")


@pytest.fixture
def web() -> Client:
    return logged_in(make_user("support@example.com", is_staff=True))


def first(model: type[models.Model]) -> models.Model:
    row = model._default_manager.first()
    assert row is not None, model
    return row


def test_every_model_of_ours_is_registered() -> None:
    registered = {model for model in admin.site._registry if model._meta.app_label in {"mappings", "sync"}}
    assert registered == set(MODELS)


def test_support_sees_lists_and_rows(web: Client, full: FullPractice) -> None:
    for model in MODELS:
        row = first(model)
        for word in (*ODD_WORDS, str(row.pk), str(uuid.uuid4())):
            assert web.get(list_url(model), {"q": word}).status_code == 200, (model, word)
        response = web.get(row_url(row))
        assert response.status_code == 200, model
        assert b'name="_save"' not in response.content, model


def test_nobody_edits_rows(full: FullPractice) -> None:
    web = logged_in(make_user(is_staff=True, is_superuser=True))
    for model in MODELS:
        row = first(model)
        assert web.post(row_url(row), {"practice": ""}).status_code == 403, model
        assert web.get(list_url(model) + "add/").status_code == 403, model
        assert web.post(f"{list_url(model)}{row.pk}/delete/", {"post": "yes"}).status_code == 403, model
        assert model._default_manager.filter(pk=row.pk).exists(), model


def test_others_see_nothing(full: FullPractice) -> None:
    owner = logged_in(full.people[Role.OWNER])
    for model in MODELS:
        for url in (list_url(model), row_url(first(model))):
            assert Client().get(url).status_code == 302, url
            assert owner.get(url).status_code in {302, 403}, url


def test_lists_need_the_same_queries_for_more_rows(web: Client, full: FullPractice) -> None:
    few = {model: queries(web, model) for model in MODELS}
    make_full_practice("Kauri")
    more = {model: queries(web, model) for model in MODELS}
    assert more == few


def queries(web: Client, model: type[models.Model]) -> int:
    web.get(list_url(model))
    with CaptureQueriesContext(database) as seen:
        web.get(list_url(model))
    return len(seen)
