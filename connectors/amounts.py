"""Numbers from JSON, and the one place where money is rounded."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

CENT = Decimal("0.01")
LARGEST = Decimal("9999999999999")
"""No amount of a practice is near ten trillion; beyond it the input is broken, not rich."""


class NotANumber(ValueError):
    """A value that should be an amount but isn't one."""


def decimal(value: Any) -> Decimal:
    """A JSON number or numeric string as ``Decimal``.

    Currency symbols and thousands separators are refused, not guessed; floats never reach this function
    because JSON is parsed with ``parse_float=Decimal``.
    """
    if isinstance(value, bool | float) or value is None:
        raise NotANumber(f"{value!r} is not an amount")
    try:
        number = Decimal(value.strip()) if isinstance(value, str) else Decimal(value)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise NotANumber(f"{value!r} is not an amount") from error
    if not number.is_finite() or abs(number) > LARGEST:
        raise NotANumber(f"{value!r} is not an amount")
    return number


def cents(value: Decimal) -> Decimal:
    """Round to two places, half away from zero, as Xero and the tax offices of AU, NZ and UK do per line."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def tax_on(amount: Decimal, rate: Decimal, *, inclusive: bool) -> Decimal:
    """Tax of one line: ``rate`` per cent on top of ``amount``, or contained in it. Rounded per line."""
    if inclusive:
        return cents(amount * rate / (100 + rate))
    return cents(amount * rate / 100)
