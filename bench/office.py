"""A practice connected to a seeded sandbox, and runs worked here instead of in a worker."""

from dataclasses import dataclass
from typing import Any

from chaos.control import Control
from practices import connecting
from practices.models import Connection, Membership, Practice, Provider, Role, User
from sync import runs
from sync.demo import consent_for
from sync.flows import ensure_flows, set_modes
from sync.models import SYNCED_KINDS, Change, Mode, Run, Trigger

MOST_SLICES = 2_000
SLICE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """``tenant`` is the Xero organisation's id, ``seeded`` how many rows the sandbox made of each sort."""

    practice: Practice
    owner: User
    control: Control
    tenant: str
    seeded: dict[str, int]

    def connection(self, provider: str) -> Connection:
        found: Connection = Connection.objects.get(practice=self.practice, provider=provider)
        return found

    def sync(self, *, trigger: str = Trigger.PERSON, **extra: Any) -> Run:
        """A run to its end. Raises when it does not come to one."""
        run = runs.start(self.practice, trigger=trigger, actor=self.owner, wake=False, **extra)
        for _ in range(MOST_SLICES):
            moved = runs.advance(run.pk, seconds=SLICE_SECONDS)
            if moved is None:
                break
            run = moved
            if not run.is_open:
                return run
            Run.objects.filter(pk=run.pk).update(resumes_at=None)
            Connection.objects.filter(practice=self.practice).update(resumes_at=None)
            Change.objects.filter(practice=self.practice).exclude(not_before=None).update(not_before=None)
        raise RuntimeError(f"The run is still {run.state} in {run.stage}: {run.message}")

    def take_over(self) -> None:
        """Everything may be written from now on."""
        modes = dict.fromkeys((str(kind) for kind in SYNCED_KINDS), str(Mode.TAKE_OVER))
        set_modes(self.practice, modes, actor=self.owner)

    def calls(self, since: int = 0, host: str = "") -> dict[str, Any]:
        """What the sandbox counted: ``total``, ``writes``, ``counts`` by address, and a new ``marker``."""
        found: dict[str, Any] = self.control.get("calls", since=since, host=host, list=0)
        return found


def open_office(control: Control, *, slug: str, clients: int, months: int, clean: bool = False) -> Office:
    """Seed both systems and connect the practice to them, as a person would. ``clean``: both systems agree."""
    name = f"{slug.title()} Advisory"
    facts: dict[str, Any] = {"practice": slug, "name": name, "clients": clients, "months": months, "seed": 7}
    facts["clean"] = clean
    report = control.post("seed", facts)
    control.post("limits", {"practice": slug, "hourly": None})
    owner = User.objects.create_user(f"owner@{slug}.example", "not used", name="Olive Owner")
    practice = Practice.objects.create(name=name, slug=slug)
    Membership.objects.create(practice=practice, user=owner, role=Role.OWNER)
    ensure_flows(practice)
    connecting.connect_ignition_key(practice, actor=owner, api_key=f"ign-{slug}-key")
    grant = connecting.store_xero_grant(consent_for(name))
    tenant = str(report["tenant_id"])
    connecting.connect_xero(practice, actor=owner, grant=grant, tenant_external_id=tenant)
    counts = {key: int(number) for key, number in report["counts"].items()}
    return Office(practice=practice, owner=owner, control=control, tenant=tenant, seeded=counts)


def access_token(office: Office) -> str:
    """What Xero is asked with."""
    grant = office.connection(Provider.XERO).grant
    if grant is None:
        raise RuntimeError("Xero is not connected.")
    return str(grant.secret["access_token"])
