"""How a party is reached and what others call it: e-mail, telephone, tax number, code. Pure.

What is equal counts by how many records share it. What is equal but for one slip of the keyboard counts for less and
never joins two records by itself.
"""

from rapidfuzz.distance import OSA

from sync.identity.summing import HOUSEHOLD, Shares, Sum
from sync.identity.traits import Traits, same_tax
from sync.identity.usual import OFFICES, PUBLIC_MAIL

EMAIL, DOMAIN, PHONE, TAX, CODE = 11.0, 4.0, 10.0, 14.0, 8.0
NEAR_EMAIL, NEAR_PHONE, NEAR_TAX = 7.0, 7.0, 6.0
OTHER_TAX, OTHER_EMAIL, OTHER_PHONE = -6.0, -1.0, -0.5
SHORTEST_LOCAL = 6
"""Letters before the @ from which on a slip in them is told from another address."""
OWN_LOCAL = 8
"""Letters before the @ from which on they are one party's own at whichever service."""


def weigh_reach(sum_of: Sum, left: Traits, right: Traits, shares: Shares) -> None:
    _weigh_tax(sum_of, left, right, shares)
    _weigh_mail(sum_of, left, right, shares)
    _weigh_phone(sum_of, left, right, shares)
    both = left.codes & right.codes
    if both:
        rarest = min(both, key=lambda item: (shares.codes.get(item, 1), item))
        count = shares.codes.get(rarest, 1)
        sum_of.add_own(CODE, "code", f"Same code {rarest.upper()}", count=count, shares=shares)


def nearly_reached(left: Traits, right: Traits) -> bool:
    """Whether an e-mail address or a telephone number agrees but for a slip."""
    return any(email_alike(one, other) for one in left.emails for other in right.emails) or any(
        OSA.distance(one, other, score_cutoff=1) == 1 for one in left.phones for other in right.phones
    )


def _weigh_tax(sum_of: Sum, left: Traits, right: Traits, shares: Shares) -> None:
    if not left.tax or not right.tax:
        return
    if same_tax(left.tax, right.tax):
        count = shares.taxes.get(right.tax, 1)
        sum_of.add_own(TAX, "tax", f"Same tax number {right.tax}", count=count, shares=shares)
    elif len(left.tax) == len(right.tax) and OSA.distance(left.tax, right.tax, score_cutoff=1) == 1:
        sum_of.add(NEAR_TAX, f"Tax numbers {left.tax} and {right.tax} differ in one place")
    else:
        sum_of.subtract(OTHER_TAX, f"Different tax numbers: {left.tax} and {right.tax}")


def _weigh_mail(sum_of: Sum, left: Traits, right: Traits, shares: Shares) -> None:
    both = left.emails & right.emails
    if both:
        rarest = min(both, key=lambda item: (shares.emails.get(item, 1), item))
        count = shares.emails.get(rarest, 1)
        sum_of.add_own(EMAIL, "email", f"Same e-mail address {rarest}", count=count, shares=shares)
        return
    if not left.emails or not right.emails:
        return
    for one in sorted(left.emails):
        for other in sorted(right.emails):
            if alike := email_alike(one, other):
                sum_of.add(NEAR_EMAIL, alike, strong="near email")
                return
    domains = {_domain(item) for item in left.emails} & {_domain(item) for item in right.emails}
    own = {item for item in domains - PUBLIC_MAIL if shares.domains.get(item, 1) <= 2 * HOUSEHOLD}
    if own:
        sum_of.add(DOMAIN, f"Same e-mail domain {min(own)}")
    else:
        sum_of.subtract(OTHER_EMAIL)


def email_alike(one: str, other: str) -> str:
    """Why two addresses that differ are probably one, as a sentence; empty when they are probably two.

    One slip of the keyboard anywhere but in digits ("jo77" and "jo78" are two people); or the same letters before the
    @ of two services that anybody may use.
    """
    (local, _, domain), (local_there, _, domain_there) = one.partition("@"), other.partition("@")
    if local == local_there:
        own = len(local) >= OWN_LOCAL and local not in OFFICES
        if own and (domain in PUBLIC_MAIL or domain_there in PUBLIC_MAIL):
            return f"E-mail addresses {one} and {other} have the same name before the @"
    elif min(len(local), len(local_there)) < SHORTEST_LOCAL or domain != domain_there:
        return ""
    if OSA.distance(one, other, score_cutoff=1) != 1 or _digits(one) != _digits(other):
        return ""
    return f"E-mail addresses {one} and {other} differ in one place"


def _domain(email: str) -> str:
    return email.rpartition("@")[2]


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _weigh_phone(sum_of: Sum, left: Traits, right: Traits, shares: Shares) -> None:
    both = left.phones & right.phones
    if both:
        rarest = min(both, key=lambda item: (shares.phones.get(item, 1), item))
        count = shares.phones.get(rarest, 1)
        sum_of.add_own(PHONE, "phone", "Same phone number", count=count, shares=shares)
    elif any(OSA.distance(one, other, score_cutoff=1) == 1 for one in left.phones for other in right.phones):
        sum_of.add(NEAR_PHONE, "Phone numbers differ in one digit", strong="near phone")
    elif left.phones and right.phones:
        sum_of.subtract(OTHER_PHONE)
