"""Line and invoice arithmetic of the Ignition stand-in, as worked examples."""

from decimal import Decimal

import pytest

from sandbox.ignition.amounts import invoice_total, line_tax, line_total


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "expected"),
    [
        ("1", "450", "0", "450.00"),
        ("37", "8.2575", "0", "305.53"),
        ("2.25", "262.50", "29.53", "561.10"),
        ("1", "2.165", "0", "2.17"),
    ],
)
def test_line_total_rounds_half_a_cent_up(quantity: str, price: str, discount: str, expected: str) -> None:
    assert line_total(Decimal(quantity), Decimal(price), Decimal(discount)) == Decimal(expected)


@pytest.mark.parametrize(
    ("total", "percent", "mode", "expected"),
    [
        ("305.55", "10", "exclusive", "30.56"),
        ("541.25", "15", "inclusive", "70.60"),
        ("99.00", "10", "inclusive", "9.00"),
        ("99.00", "10", "none", "0.00"),
    ],
)
def test_line_tax_by_mode(total: str, percent: str, mode: str, expected: str) -> None:
    assert line_tax(Decimal(total), Decimal(percent), mode) == Decimal(expected)


def test_tax_is_rounded_per_line_before_it_is_summed() -> None:
    lines = [(Decimal("0.05"), Decimal(10))] * 3
    assert invoice_total(lines, "exclusive") == Decimal("0.18")
    assert invoice_total(lines, "inclusive") == Decimal("0.15")
