"""Names of tax rates as practices label them in Ignition, and what they stand for.

Ignition sends only the label, on the service. The percentage is what the totals were made with; the Xero tax
type is what the native link would post, by the default rates of each country.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class TaxLabel:
    label: str
    percent: Decimal
    xero_tax_type: str


_TEN, _FIFTEEN, _TWENTY, _NONE = Decimal(10), Decimal(15), Decimal(20), Decimal(0)

TAX_LABELS: dict[str, dict[str, TaxLabel]] = {
    country: {entry.label: entry for entry in entries}
    for country, entries in {
        "AU": (
            TaxLabel("GST on Income", _TEN, "OUTPUT"),
            TaxLabel("GST Free", _NONE, "EXEMPTOUTPUT"),
            TaxLabel("Exempt", _NONE, "BASEXCLUDED"),
        ),
        "NZ": (
            TaxLabel("15% GST on Income", _FIFTEEN, "OUTPUT2"),
            TaxLabel("Zero Rated", _NONE, "ZERORATED"),
            TaxLabel("No GST", _NONE, "NONE"),
        ),
        "UK": (
            TaxLabel("20% (VAT on Income)", _TWENTY, "OUTPUT2"),
            TaxLabel("Zero Rated Income", _NONE, "ZERORATEDOUTPUT"),
            TaxLabel("No VAT", _NONE, "NONE"),
        ),
    }.items()
}
