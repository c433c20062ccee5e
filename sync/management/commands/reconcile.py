import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from practices.models import Practice
from sync.models import Mismatch, MismatchState, ReconcileRun, Trigger
from sync.reconcile.kinds import KINDS, rank
from sync.reconcile.running import NotConnected, compare_now, text_of


class Command(BaseCommand):
    help = (
        "Compare what was last read of both systems and keep what differs. Asks nothing outside. "
        "Exits with 0 when it ran, whatever it found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practice", help="the practice's slug")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        parser.add_argument(
            "--list",
            action="store_true",
            help="every mismatch that is open or accepted: one JSON object a line, or within the one of --json",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        practice = Practice.objects.filter(slug=options["practice"]).first()
        if practice is None:
            raise CommandError(f"There is no practice “{options['practice']}”.")
        try:
            run = compare_now(practice, trigger=Trigger.COMMAND)
        except NotConnected as error:
            raise CommandError(f"{error} Connect both first.") from error
        if options["json"]:
            told = summary(run)
            if options["list"]:
                told["mismatches"] = list(listed(practice))
            self.stdout.write(json.dumps(told))
        elif options["list"]:
            for item in listed(practice):
                self.stdout.write(json.dumps(item))
        else:
            self._show(run)

    def _show(self, run: ReconcileRun) -> None:
        found = "1 difference" if run.found == 1 else f"{run.found} differences"
        self.stdout.write(
            f"{found}: {run.fresh} new, {run.reopened} open again, {run.fixed} gone since last time."
        )
        for item in run.coverage:
            read = f"read to the end at {item['read_at']}" if item["read_at"] else "NOT READ, so not compared"
            self.stdout.write(f"  {item['system']} {item['kind']}: {item['records']} records, {read}")
        for total in run.totals:
            self.stdout.write(f"{total['measure'].capitalize()} in {total['currency']}")
            self.stdout.write(_line("Ignition", total["left_count"], total["left"]))
            for cause in total["causes"]:
                title = KINDS[cause["kind"]].title if cause["kind"] in KINDS else cause["kind"]
                self.stdout.write(_line(f"  {title}", cause["count"], cause["amount"]))
            self.stdout.write(_line("Xero", total["right_count"], total["right"]))
        if run.counts:
            self.stdout.write("By kind, the worst first")
        for kind in sorted(run.counts, key=lambda code: (rank(code), code)):
            found = run.counts[kind]
            money = ", ".join(f"{code} {item['at_stake']}" for code, item in found["amounts"].items())
            known = KINDS[kind]
            title = f"{known.about.capitalize()}: {known.title[0].lower()}{known.title[1:]}"
            self.stdout.write(f"  {known.severity:<9}{found['count']:>7}  {title}  {money}".rstrip())


def _line(text: str, count: int, amount: str) -> str:
    return f"  {text:<44}{count:>8}{Decimal(amount):>18,.2f}"


def summary(run: ReconcileRun) -> dict[str, Any]:
    """What a machine wants to know about a comparison; amounts are text."""
    return {
        "practice": run.practice.slug,
        "run": run.pk,
        "found": run.found,
        "new": run.fresh,
        "reopened": run.reopened,
        "fixed": run.fixed,
        "documents_from": run.documents_from.isoformat() if run.documents_from else None,
        "mapping_version": run.mapping_version,
        "kinds": {code: {**found, **_about(code)} for code, found in run.counts.items()},
        "totals": run.totals,
        "coverage": run.coverage,
        "not_checked": [
            *(
                {"code": code, "refs": list(KINDS[code].refs), "title": KINDS[code].title, "reason": reason}
                for code, reason in run.unchecked.items()
            ),
            *(
                {"code": code, "refs": list(item.refs), "title": item.title, "reason": item.not_checked}
                for code, item in sorted(KINDS.items())
                if not item.is_checked
            ),
        ],
        "seconds": (run.finished_at - run.started_at).total_seconds(),
    }


def _about(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    return {"refs": list(kind.refs), "severity": kind.severity, "kept": kind.kept}


def listed(practice: Practice) -> Iterator[dict[str, Any]]:
    """Every mismatch that is not gone, the worst first; amounts are text."""
    rows = Mismatch.objects.filter(practice=practice).exclude(state=MismatchState.FIXED)
    for row in rows.order_by("rank", "kind", "pk").iterator(2000):
        yield {
            "kind": row.kind,
            "refs": list(KINDS[row.kind].refs) if row.kind in KINDS else [],
            "state": row.state,
            "source_ids": row.source_external_ids,
            "target_ids": row.target_external_ids,
            "client": row.client,
            "client_id": row.client_external_id,
            "document": row.document,
            "dated_on": row.dated_on.isoformat() if row.dated_on else None,
            "at_stake": text_of(row.at_stake),
            "tax_at_stake": text_of(row.tax_at_stake),
            "currency": row.currency,
            "text": row.text,
        }
