from django.urls import path

from sync.views import activity, changes, dashboard, plan, records, reviews

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("progress/", dashboard.progress, name="progress"),
    path("sync/", dashboard.sync_now, name="sync_now"),
    path("plan/", plan.plan, name="plan"),
    path("modes/", plan.modes, name="modes"),
    path("activity/", activity.activity, name="activity"),
    path("activity/<int:pk>/", activity.run, name="run"),
    path("contacts/", records.contacts, name="contacts"),
    path("invoices/", records.invoices, name="invoices"),
    path("payments/", records.payments, name="payments"),
    path("records/<int:pk>/", records.record, name="record"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<int:pk>/", reviews.review, name="review"),
    path("reviews/<int:pk>/decide/", reviews.review_decide, name="review_decide"),
    path("changes/", changes.changes, name="changes"),
    path("changes/act/", changes.changes_act, name="changes_act"),
    path("changes/<int:pk>/", changes.change, name="change"),
]
