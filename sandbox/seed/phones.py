"""Phone numbers the way people type them, from the ranges kept free for fiction where there are such
ranges.
"""

from sandbox.seed.draw import Draw

_AU_AREAS = ("2", "3", "7", "8")
_NZ_AREAS = ("3", "4", "6", "7", "9")


def landline(draw: Draw, country: str) -> str:
    """A fixed-line number in one of the usual spellings."""
    if country == "UK":
        first, second = "7946", f"0{draw.digits(3)}"
        return draw.pick((f"020 {first} {second}", f"(020) {first} {second}", f"+44 20 {first} {second}"))
    if country == "NZ":
        area, first, second = draw.pick(_NZ_AREAS), "555", draw.digits(4)
        forms = (f"0{area} {first} {second}", f"(0{area}) {first} {second}", f"+64 {area} {first} {second}")
        return draw.pick(forms)
    area, first, second = draw.pick(_AU_AREAS), draw.pick(("5550", "7010")), draw.digits(4)
    return draw.pick(
        (
            f"(0{area}) {first} {second}",
            f"0{area} {first} {second}",
            f"0{area}{first}{second}",
            f"+61 {area} {first} {second}",
            f"+61 (0){area} {first} {second}",
            f"61{area}{first}{second}",
            f"{first} {second}",
        )
    )


def mobile(draw: Draw, country: str) -> str:
    """A mobile number in one of the usual spellings."""
    if country == "UK":
        last = draw.digits(3)
        return draw.pick((f"07700 900{last}", f"+44 7700 900{last}", f"07700900{last}"))
    if country == "NZ":
        first, second = "555", draw.digits(4)
        return draw.pick((f"021 {first} {second}", f"+64 21 {first} {second}", f"021{first}{second}"))
    middle, last = f"57{draw.digits(1)}", draw.digits(3)
    return draw.pick(
        (
            f"0491 {middle} {last}",
            f"0491{middle}{last}",
            f"+61 491 {middle} {last}",
            f"+61491{middle}{last}",
            f"0061 491 {middle} {last}",
            f"0491-{middle}-{last}",
            f"491 {middle} {last}",
        )
    )
