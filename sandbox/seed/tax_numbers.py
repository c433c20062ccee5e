"""Australian ABNs, New Zealand IRD and British VAT numbers: made up, with the right check digits."""

from sandbox.seed.draw import Draw

_ABN_WEIGHTS = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
_ABN_MODULUS = 89
_ACN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 1)
_IRD_FIRST = (3, 2, 7, 6, 5, 4, 3, 2)
_IRD_SECOND = (7, 4, 3, 2, 5, 2, 7, 6)


def abn_is_valid(number: str) -> bool:
    """Eleven digits, spaces allowed; less one in the first digit, the weighted sum divides by 89."""
    digits = [int(char) for char in number.replace(" ", "") if char.isdigit()]
    if len(digits) != 11 or len(number.replace(" ", "")) != 11:
        return False
    digits[0] -= 1
    weighted = sum(digit * weight for digit, weight in zip(digits, _ABN_WEIGHTS, strict=True))
    return weighted % _ABN_MODULUS == 0


def abn_from(nine: str) -> str:
    """The ABN of nine digits: two check digits in front of them, from 11 to 99."""
    rest = sum(int(digit) * weight for digit, weight in zip(nine, _ABN_WEIGHTS[2:], strict=True))
    for check in range(11, 100):
        front = (check // 10 - 1) * _ABN_WEIGHTS[0] + check % 10 * _ABN_WEIGHTS[1]
        if (front + rest) % _ABN_MODULUS == 0:
            return f"{check}{nine}"
    raise ValueError(f"no check digits for {nine!r}")


def acn_from(eight: str) -> str:
    """The company number (nine digits) of eight digits: one check digit behind them."""
    total = sum(int(digit) * weight for digit, weight in zip(eight, _ACN_WEIGHTS, strict=True))
    return f"{eight}{-total % 10}"


def make_abn(draw: Draw, *, company: bool) -> str:
    """A valid ABN; a company's contains its company number."""
    return abn_from(acn_from(draw.digits(8)) if company else draw.digits(9))


def ird_is_valid(number: str) -> bool:
    """Eight or nine digits with the modulus 11 check digit of the New Zealand tax office."""
    digits = number.replace("-", "")
    return digits.isdigit() and len(digits) in (8, 9) and _ird_check(digits[:-1]) == int(digits[-1])


def make_ird(draw: Draw) -> str:
    """A valid nine-digit IRD number."""
    while True:
        body = f"1{draw.between(1, 4)}{draw.digits(6)}"
        check = _ird_check(body)
        if check is not None:
            return f"{body}{check}"


def vat_is_valid(number: str) -> bool:
    """Nine digits, an optional GB in front; the weighted first seven and the last two sum to a multiple of
    97.
    """
    digits = number.removeprefix("GB").replace(" ", "")
    return digits.isdigit() and len(digits) == 9 and (_vat_sum(digits[:7]) + int(digits[7:])) % 97 == 0


def make_vat(draw: Draw) -> str:
    """A valid United Kingdom VAT number."""
    body = f"{draw.between(1, 9)}{draw.digits(6)}"
    return f"GB{body}{97 - _vat_sum(body) % 97:02d}"


def _vat_sum(seven: str) -> int:
    return sum(int(digit) * weight for digit, weight in zip(seven, range(8, 1, -1), strict=True))


def _ird_check(body: str) -> int | None:
    padded = body.rjust(8, "0")
    for weights in (_IRD_FIRST, _IRD_SECOND):
        remainder = sum(int(digit) * weight for digit, weight in zip(padded, weights, strict=True)) % 11
        if remainder == 0:
            return 0
        if remainder != 1:
            return 11 - remainder
    return None
