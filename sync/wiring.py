"""What ``practices`` and ``mappings`` call back: facts for a mapping, known clients, and runs after a change."""

from mappings.models import MappingSet
from mappings.services import (
    register_facts,
    register_on_published,
    register_rule_use,
    register_samples,
)
from practices.connections import register_known_ids, register_meter, register_reconnected
from practices.creation import register_created
from practices.models import Connection
from sync import facts, runs, samples
from sync.alerts.recipients import default_channel
from sync.budget import Meter
from sync.flows import is_connected
from sync.models import Trigger


def connect() -> None:
    register_facts(facts.target_view)
    register_samples(samples.samples)
    register_rule_use(samples.rule_use)
    register_known_ids(facts.known_client_ids)
    register_meter(Meter)
    register_on_published(_plan_again)
    register_reconnected(_sync_again)
    register_created(default_channel)


def _plan_again(published: MappingSet) -> None:
    """A new mapping version changes what is owed: plan at once. The app's own first version is part of a run."""
    if published.created_by_id is not None and is_connected(published.practice):
        runs.start(published.practice, trigger=Trigger.MAPPING, actor=published.created_by, reads=False)


def _sync_again(connection: Connection) -> None:
    """A connection works (again): read it, and deliver what waited for it."""
    if is_connected(connection.practice):
        runs.start(connection.practice, trigger=Trigger.CONNECT, actor=connection.connected_by)
