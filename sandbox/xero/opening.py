"""Fills a new organisation with the chart of its country."""

from __future__ import annotations

from sandbox.xero import pick_lists, setup
from sandbox.xero.books import Books, Mode
from sandbox.xero.chart import Chart


def open_books(books: Books, chart: Chart) -> None:
    """Fill an empty organisation with its chart."""
    mode = Mode()
    for code, description in chart.currencies:
        books.currencies.put({"Code": code, "Description": description})
    for rate in chart.rates:
        components = [
            {"Name": chart.tax_name, "Rate": rate.percent, "IsCompound": False, "IsNonRecoverable": False}
        ]
        row = setup.rate_row(rate.tax_type, rate.name, components, rate.report_type)
        row.update({"CanApplyToRevenue": rate.revenue, "CanApplyToExpenses": rate.expenses, "_system": True})
        books.tax_rates.put(row)
    for line in chart.accounts:
        setup.put_account(
            books,
            {
                "Code": line.code,
                "Name": line.name,
                "Type": line.type,
                "TaxType": chart.standard_tax[line.tax],
                "EnablePaymentsToAccount": line.payments,
                "SystemAccount": line.system,
                "BankAccountNumber": "0102030405" if line.type == "BANK" else None,
            },
            mode,
        )
    for name, options in chart.tracking:
        pick_lists.put_tracking(
            books, {"Name": name, "Options": [{"Name": option} for option in options]}, mode
        )
    for order, name in enumerate(chart.themes):
        books.branding_themes.put(
            {
                "BrandingThemeID": books.new_id(),
                "Name": name,
                "SortOrder": order,
                "Type": "INVOICE",
                "_created": books.clock.now_ms(),
            }
        )
