"""Business numbers, countries and states. Pure.

Check digits by python-stdnum (ABN: modulus 89, abr.business.gov.au; IRD: ird.govt.nz; VAT: gov.uk), an NZBN is a
GS1 number of 13 digits that begins with 94 (nzbn.govt.nz). Countries and states as in ISO 3166 by pycountry.
"""

from functools import lru_cache
from typing import Any

import pycountry
from stdnum import ean
from stdnum.au import abn as au_abn
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as gb_vat
from stdnum.nz import ird as nz_ird

from mappings.refusals import Refused

NZBN_DIGITS = 13


def abn(value: str) -> str:
    return _checked(value, au_abn, "ABN")


def ird(value: str) -> str:
    return _checked(value, nz_ird, "IRD number")


def vat(value: str) -> str:
    return _checked(value, gb_vat, "UK VAT number")


def nzbn(value: str) -> str:
    digits = "".join(char for char in value if not char.isspace() and char != "-")
    if len(digits) != NZBN_DIGITS or not digits.startswith("94") or not ean.is_valid(digits):
        raise Refused(f"“{value[:40]}” is not a valid NZBN.")
    return digits


def tax_number(value: str, country: str) -> str:
    """In the form of the organisation's country; other countries' numbers stay as they are."""
    if country == "AU":
        return abn(value)
    if country == "NZ":
        digits = "".join(char for char in value if char.isdigit())
        return nzbn(value) if len(digits) == NZBN_DIGITS else ird(value)
    return vat(value) if country in {"GB", "UK"} else value.strip()


def _checked(value: str, number: Any, name: str) -> str:
    try:
        compact = number.validate(value)
    except ValidationError:
        raise Refused(f"“{value[:40]}” is not a valid {name}.") from None
    return str(number.format(compact))


@lru_cache(maxsize=5_000)
def _country(value: str) -> Any:
    text = value.strip()
    try:
        return pycountry.countries.lookup("GB" if text.upper() == "UK" else text)
    except LookupError:
        raise Refused(f"“{text[:40]}” is not a country's name or code.") from None


def country_name(value: str) -> str:
    found = _country(value)
    return str(getattr(found, "common_name", found.name))


def country_code(value: str) -> str:
    return str(_country(value).alpha_2)


@lru_cache(maxsize=5_000)
def _state(value: str, country: str) -> Any:
    text = value.strip()
    code = "GB" if country == "UK" else country or "AU"
    states: Any = pycountry.subdivisions
    found = states.get(code=f"{code}-{text.upper()}")
    if found is None:
        wanted = text.casefold()
        inside = states.get(country_code=code) or []
        found = next((item for item in inside if item.name.casefold() == wanted), None)
    if found is None:
        raise Refused(f"“{text[:40]}” is not a state of this country.")
    return found


def state_name(value: str, country: str) -> str:
    return str(_state(value, country).name)


def state_code(value: str, country: str) -> str:
    return str(_state(value, country).code.partition("-")[2])
