"""Changes at the source that something has reported, and the live run that looks at them."""

from typing import Any

from practices.models import Connection
from sync import live, runs
from sync.models import Change, ChangeState, Event, Purpose, Run
from tests.sync.office import Office


def hint(office: Office, kind: str, external_id: str, *, provider: str = "ignition", **extra: Any) -> Event:
    made: Event = Event.objects.create(
        practice=office.practice,
        connection=Connection.objects.get(practice=office.practice, provider=provider),
        provider_event_id=f"{kind} {external_id} {Event.objects.count()}",
        kind=kind,
        external_id=external_id,
        **{"action": "updated", "occurred_at": office.world.clock.now(), **extra},
    )
    live.wake(office.practice.pk)
    return made


def live_run(office: Office) -> Run:
    found: Run = Run.objects.get(
        practice=office.practice, purpose=Purpose.LIVE, state__in=["queued", "running", "waiting"]
    )
    return found


def work(office: Office) -> Run | None:
    return runs.advance(live_run(office).pk)


def linked_client(office: Office) -> dict[str, Any]:
    ids = set(
        Change.objects.filter(
            practice=office.practice, kind="contact", verb="create", state=ChangeState.DONE
        ).values_list("source_external_id", flat=True)
    )
    return dict(next(row for row in office.ignition.clients if row["slug"] in ids))


def rename(office: Office, name: str) -> dict[str, Any]:
    office.world.clock.advance(60)
    client = linked_client(office)
    office.ignition.upsert("clients", {**client, "name": name})
    return client
