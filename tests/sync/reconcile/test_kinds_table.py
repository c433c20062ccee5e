"""How bad each kind is and what may be done without a person, beside the full list of differences."""

import pytest

from sync.reconcile.kind import SEVERITIES, UNATTENDED
from sync.reconcile.kinds import KINDS

LIST = """
K01 C no    K02 H safe  K03 C no    K04 H no    K05 H no    K06 H no    K07 H appr  K08 H appr  K09 H no    K10 M no
K11 M safe  K12 M safe  K13 H no
I01 H appr  I02 H appr  I03 H appr  I04 i no    I05 C no    I06 H no    I07 H no    I08 H appr  I09 H safe  I10 M appr
I11 M safe  I12 M appr  I13 H appr  I14 i no    I15 L safe  I16 H no    I17 H no    I18 L safe  I19 M appr  I20 L no
I21 H no    I22 H no    I23 L appr  I24 M appr
V01 C appr  V02 H appr  V03 C no    V04 i no    V05 C appr  V06 C no    V07 M no    V08 H no    V09 C no    V10 H no
V11 H no    V12 C no    V13 C no    V14 C no    V15 H no    V16 H no    V17 M no    V18 H no    V19 C no    V20 C no
L01 C no    L02 L safe  L03 C no    L04 C no    L05 C no    L06 H appr  L07 H no    L08 M no    L09 H no    L10 L safe
L11 M appr  L12 H no    L13 M appr  L14 L safe  L15 H appr  L16 M no    L17 M no    L18 M appr  L19 L safe
P01 C appr  P02 H no    P03 C appr  P04 C no    P05 C no    P06 C no    P07 H appr  P08 H appr  P09 H no    P10 H no
P11 M no    P12 H appr  P13 H no    P14 H no    P15 C appr
O01 H no    O02 H no    O03 C no    O04 C no    O05 C no    O06 C appr  O07 H appr  O08 H appr  O09 M no    O10 H no
O11 H appr  O12 C no    O13 M no    O14 H no    O15 M no
R01 C appr  R02 H no    R03 C no    R04 H appr  R05 M no    R06 H no    R07 H no    R08 M no    R09 M no
S01 H appr  S02 C safe  S03 M no    S04 H no    S05 H no    S06 C safe  S07 M safe  S08 H safe  S09 L safe  S10 M no
S11 M safe  S12 H safe
"""
WORDS = {"C": "critical", "H": "high", "M": "medium", "L": "low", "i": "info"}
ALLOWED = {"no": "never", "appr": "ask", "safe": "may"}
MILDER = {
    "invoice_date": "within one month",
    "payment_date": "within one month",
    "invoice_line_order": "the order alone says nothing about money",
}
"""Kinds that are less bad than the worst of their row, which another kind of the row is."""
STRICTER = {
    "contact_phone": "it is told where both sides have one, and such a change asks",
    "contact_merged": "a link follows a merge by itself: these are those where that is not safe",
    "payout_fee": "both figures are Ignition's own: there is nothing to post",
}
"""Kinds with which less is done without a person than their row allows."""
ROWS = {
    ref: (WORDS[severity], ALLOWED[auto])
    for line in LIST.splitlines()
    for ref, severity, auto in zip(*(iter(line.split()),) * 3, strict=True)
}
COMPARED = [code for code, item in KINDS.items() if item.is_checked and item.kept]


@pytest.mark.parametrize("code", COMPARED)
def test_a_kind_is_as_bad_as_the_worst_of_its_rows(code: str) -> None:
    item = KINDS[code]
    worst = min((ROWS[ref][0] for ref in item.refs), key=SEVERITIES.index)
    if code in MILDER:
        assert SEVERITIES.index(item.severity) > SEVERITIES.index(worst)
        others = {KINDS[other].severity for other in COMPARED if {*KINDS[other].refs} & {*item.refs}}
        assert worst in others
    else:
        assert item.severity == worst


@pytest.mark.parametrize("code", COMPARED)
def test_no_more_is_done_without_a_person_than_the_strictest_of_its_rows_allows(code: str) -> None:
    item = KINDS[code]
    strictest = min((ROWS[ref][1] for ref in item.refs), key=UNATTENDED.index)
    if code in STRICTER:
        assert UNATTENDED.index(item.unattended) < UNATTENDED.index(strictest)
    else:
        assert item.unattended == strictest
