from django.contrib import admin
from django.urls import include, path

from config import health
from sync import webhooks
from sync.views import alerts, reports

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", health.measures),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("hooks/xero/", webhooks.hook_xero, name="hook_xero"),
    path("hooks/ignition/<uuid:public_id>/", webhooks.hook_ignition, name="hook_ignition"),
    path("alerts/confirm/<str:token>/", alerts.alerts_confirm, name="alerts_confirm"),
    path("alerts/stop/<str:token>/", alerts.alerts_stop, name="alerts_stop"),
    path("reports/stop/<str:token>/", reports.report_stop, name="report_stop"),
    path("p/<slug:slug>/", include("sync.urls")),
    path("p/<slug:slug>/", include("mappings.urls")),
    path("", include("practices.urls")),
]
